"""The Spark master: what runs on its cluster, and its REST API, which starts and kills drivers, within time limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from pipeline_defs.errors import PipelineError

_TIME_LIMITS = (2.0, 6.0)  # seconds to connect, and between two pieces of the answer

# What the master calls every Python driver; a driver has no other name until its application registers.
PYTHON_DRIVER = "org.apache.spark.deploy.PythonRunner"


class SparkMasterError(PipelineError):
    """The master can't be reached, or refused what was asked."""


@dataclass(frozen=True)
class Driver:
    """A driver in cluster mode; `state` is SUBMITTED, RUNNING, RELAUNCHING; `worker` is None while it waits for one.

    `worker_url` is that of the worker's web interface, which shows the driver's logs.
    """

    id: str
    state: str
    worker: str | None
    worker_url: str | None = None


@dataclass(frozen=True)
class Application:
    """An application that has registered; `state` is WAITING or RUNNING, `cores` are those that its executors hold."""

    id: str
    name: str
    state: str
    cores: int
    started_at: datetime


@dataclass(frozen=True)
class Cluster:
    """The cluster as its master sees it. `status` is ALIVE, RECOVERING, COMPLETING_RECOVERY or STANDBY."""

    status: str
    workers_alive: int
    cores: int
    cores_free: int
    drivers: tuple[Driver, ...]
    applications: tuple[Application, ...]
    memory_mib: int = 0
    memory_free_mib: int = 0


@dataclass(frozen=True)
class Submission:
    """A Python application to run on the cluster: its file, as the workers see it, and Spark's properties for it."""

    script: str
    properties: Mapping[str, str]


class SparkMaster:
    """One master, by the addresses of its web interface and of its REST API. Making one does no network."""

    def __init__(self, ui_url: str, rest_url: str) -> None:
        self.ui_url = ui_url.rstrip("/")
        self._submissions = f"{rest_url.rstrip('/')}/v1/submissions"

    def cluster(self) -> Cluster:
        """Ask for workers, Python drivers and applications.

        Raises:
            SparkMasterError: no usable answer in time.
        """
        found = self._ask("GET", f"{self.ui_url}/json/")
        try:
            return _cluster_of(found)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise SparkMasterError(
                f"The answer of {self.ui_url}/json/ is not that of a Spark master ({error!r}). "
                "See that SPARK_MASTER_UI_URL names the master's web interface."
            ) from error

    def submit(self, submission: Submission) -> str:
        """Start a Python driver on a worker and give its id.

        Raises:
            SparkMasterError: the master can't be reached or refuses.
        """
        request = {
            "action": "CreateSubmissionRequest",
            "appResource": "",
            "mainClass": PYTHON_DRIVER,
            "appArgs": [submission.script, ""],
            "clientSparkVersion": "4.2.0",
            "environmentVariables": {},
            "sparkProperties": dict(submission.properties),
        }
        driver_id = self._succeed("create", request).get("submissionId")
        if not driver_id:
            raise SparkMasterError(
                "The Spark master took a driver and didn't say which. Its web interface shows the cluster's state."
            )
        return str(driver_id)

    def kill(self, driver_id: str) -> None:
        """Ask the master to kill a driver and not to restart it.

        Raises:
            SparkMasterError: the master can't be reached or refuses.
        """
        self._succeed(f"kill/{driver_id}", None)

    def _succeed(self, path: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        answer = self._ask("POST", f"{self._submissions}/{path}", body)
        if not answer.get("success"):
            raise SparkMasterError(
                f"The Spark master refused {path}: {answer.get('message', 'it gave no reason')}. "
                "Its web interface shows the cluster's state."
            )
        return answer

    def _ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        try:
            answer = requests.request(method, url, json=body, timeout=_TIME_LIMITS, allow_redirects=False)
            found = answer.json()
        except requests.RequestException as error:
            raise SparkMasterError(
                f"The Spark master at {url} doesn't answer ({type(error).__name__}). See that it runs and that "
                "SPARK_MASTER_UI_URL and SPARK_MASTER_REST_URL name it."
            ) from error
        if not isinstance(found, dict):
            raise SparkMasterError(f"The Spark master at {url} answered with something that is no JSON object.")
        return found


def _cluster_of(found: Mapping[str, Any]) -> Cluster:
    workers = [worker for worker in found["workers"] if worker["state"] == "ALIVE"]
    urls = {worker["id"]: worker.get("webuiaddress") for worker in workers}
    return Cluster(
        status=found["status"],
        workers_alive=len(workers),
        cores=sum(worker["cores"] for worker in workers),
        cores_free=sum(worker["coresfree"] for worker in workers),
        drivers=tuple(
            Driver(driver["id"], driver["state"], _worker_of(driver["worker"]), urls.get(driver["worker"]))
            for driver in found["activedrivers"]
            if driver["mainclass"] == PYTHON_DRIVER
        ),
        applications=tuple(
            Application(
                app["id"], app["name"], app["state"], app["cores"], datetime.fromtimestamp(app["starttime"] / 1000, UTC)
            )
            for app in found["activeapps"]
        ),
        memory_mib=sum(worker["memory"] for worker in workers),
        memory_free_mib=sum(worker["memoryfree"] for worker in workers),
    )


def _worker_of(text: str | None) -> str | None:
    return None if text in {None, "", "None"} else text
