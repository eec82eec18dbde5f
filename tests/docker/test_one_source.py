"""Both places to run are made of the same versions and the same settings."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker.dockerfile.requirements import selection
from pipeline_defs.stream import CODE_FOLDERS
from stack import dagster_home, kafka, spark_cluster
from stack.components import Site
from stack.settings import Settings
from stack.state import State

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker/dockerfile/pipeline.Dockerfile").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = {
    name: service
    for concern in ("kafka", "spark", "postgres", "dagster")
    for name, service in yaml.safe_load(
        (ROOT / f"docker/docker-compose/docker-compose-{concern}.yaml").read_text(encoding="utf-8")
    )["services"].items()
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path
    return Site(Settings(), State(folder), ROOT, folder, folder, folder, folder, folder, folder)


def kafka_properties(server: dict[str, Any]) -> dict[str, str]:
    environment = {name: str(value) for name, value in server["environment"].items()}
    done = subprocess.run(
        [ROOT / "docker/dockerfile/kafka/server-properties"],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("container", "local"), [("kafka-broker-2", "broker-2"), ("kafka-controller-3", "controller-3")]
)
def test_kafka_has_the_local_stacks_properties(site: Site, container: str, local: str):
    about_addresses = {
        *("advertised.listeners", "controller.quorum.voters", "inter.broker.listener.name", "listeners", "log.dirs"),
        "listener.security.protocol.map",
    }
    here, there = kafka_properties(SERVICES[container]), kafka.properties(site, local)
    assert {name: value for name, value in here.items() if name not in about_addresses} == {
        name: value for name, value in there.items() if name not in about_addresses
    }


def test_kafkas_client_programs_are_the_local_stacks():
    script = (ROOT / "docker/dockerfile/kafka/kafka-tool").read_text(encoding="utf-8")
    classes = {
        name: f"org.apache.kafka.tools.{found}" for name, found in re.findall(r"(\S+\.sh)\) class=(\S+) ;;", script)
    }
    assert classes == kafka.CLIENT_PROGRAMS
    links = re.search(r"for program in ([a-z -]+);", DOCKERFILE)
    assert links is not None
    assert {f"kafka-{name}.sh" for name in links[1].split()} == set(classes)


def test_dagster_gets_the_local_stacks_environment(site: Site):
    local = dagster_home.pipeline_environment(site, "") | dagster_home.instance_environment(site, "")
    assert set(local) - {"DAGSTER_HOME"} <= set(SERVICES["dagster-code"]["environment"])


def test_the_stream_gets_the_local_stacks_environment(site: Site):
    workers = [component for component in spark_cluster.components(site, {}) if "worker" in component.name]
    set_by_the_image = {
        *("JAVA_HOME", "PYTHONPATH", "SPARK_CONF_DIR", "SPARK_HOME", "SPARK_LOCAL_DIRS", "SPARK_LOCAL_IP"),
        *("SPARK_PUBLIC_DNS", "SPARK_WORKER_OPTS"),
    }
    assert set(workers[0].environment) - set_by_the_image <= set(SERVICES["spark-worker-1"]["environment"])
    script = (ROOT / "docker/dockerfile/spark/worker").read_text(encoding="utf-8")
    options = re.search(r'SPARK_WORKER_OPTS="([^"]*)"', script)
    assert options is not None
    assert options[1].split() == workers[0].environment["SPARK_WORKER_OPTS"].split()


@pytest.mark.parametrize("image", ["spark-worker", "dagster-code"])
def test_images_hold_the_streams_code(image: str):
    """The workers run it, and Dagster computes its version."""
    stage = DOCKERFILE.partition(f" AS {image}\n")[2].partition("\nFROM ")[0]
    assert set(CODE_FOLDERS) <= set(re.findall(r"^COPY (\w+) ", stage, flags=re.MULTILINE))
    context = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{folder}" for folder in CODE_FOLDERS} <= set(context)


def test_every_package_comes_from_the_lock_file_with_its_hash():
    installs = re.findall(r"pip install (.*)", DOCKERFILE)
    assert installs
    assert all("--require-hashes --no-deps --requirement /build/requirements.txt" in install for install in installs)
    assert not re.search(r"==|--packages|https?://", DOCKERFILE)


@pytest.mark.parametrize(
    ("root", "brought", "left_out"),
    [
        ("pyspark", {"pyspark", "py4j"}, {"dagster", "pytest"}),
        ("dagster-postgres", {"dagster", "dagster-postgres", "psycopg2-binary", "grpcio"}, {"pyspark", "ruff"}),
    ],
)
def test_a_selection_of_the_lock_file_has_what_a_package_brings(root: str, brought: set[str], left_out: set[str]):
    chosen = selection(LOCK, [root])
    names = set(re.findall(r"^([a-z0-9-]+)", chosen, flags=re.MULTILINE))
    assert brought <= names
    assert not left_out & names
    assert all(line in LOCK for line in chosen.splitlines())


def test_a_package_that_the_lock_file_lacks_is_an_error():
    with pytest.raises(ValueError, match="no-such-package"):
        selection(LOCK, ["pyspark", "no-such-package"])
