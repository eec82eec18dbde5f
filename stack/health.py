"""Is a component well? Each probe asks the server itself, and none takes longer than its time limit."""

import socket
import struct
from collections.abc import Callable
from typing import Any

import grpc
import psycopg2
import requests
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from grpc_health.v1 import health_pb2

from pipeline_defs.kafka_logging import SILENT
from stack.components import HOST, Component, Probe, Site
from stack.postgres import SUPERUSER

_SECONDS = 4.0

# What no waiting will change.
REFUSED_LOGIN = (
    "refuses the password in passwords.json: restore that file from a backup, or run `make destroy` to begin anew "
    "without data"
)

_API_VERSIONS_REQUEST = struct.pack(">hhih", 18, 0, 1, -1)  # ApiVersions, version 0, correlation 1, no client id

_DAGSTER_LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
    __typename ... on PythonError { message } } } } ... on PythonError { message } } }
"""
_DAGSTER_DAEMONS = """
{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatTime } } } }
"""


class NotWell(Exception):  # noqa: N818 - it is an answer, not an error
    """What the component lacks, in a few words."""


def ask(site: Site, component: Component, passwords: dict[str, str], started: float) -> str | None:
    """Give None if the component is well, else what it lacks.

    Args:
        site: where the stack is.
        component: which one to ask.
        passwords: of the database's roles.
        started: when the process started, in epoch seconds; signs of life from before don't count.
    """
    try:
        _PROBES[component.probe](site, component, passwords, started)
    except NotWell as lack:
        return str(lack)
    except (OSError, psycopg2.Error, KafkaException, grpc.RpcError, requests.RequestException, ValueError, KeyError):
        return "gives no answer"
    return None


def _kafka_controller(_site: Site, component: Component, _passwords: dict[str, str], _started: float) -> None:
    with socket.create_connection((HOST, component.ports[0]), timeout=_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(_API_VERSIONS_REQUEST)) + _API_VERSIONS_REQUEST)
        answer = connection.recv(10)
    length_correlation_error = 10
    if len(answer) < length_correlation_error or struct.unpack(">iih", answer)[1:] != (1, 0):
        raise NotWell("does not speak Kafka's protocol")


def _kafka_broker(_site: Site, component: Component, _passwords: dict[str, str], _started: float) -> None:
    own = f"{HOST}:{component.ports[0]}"
    client = AdminClient({"bootstrap.servers": own, "socket.timeout.ms": int(_SECONDS * 1000)}, logger=SILENT)
    cluster = client.describe_cluster(request_timeout=_SECONDS).result(timeout=_SECONDS + 1)
    nodes = {node.port for node in cluster.nodes}
    if component.ports[0] not in nodes:
        raise NotWell(f"is not one of the {len(nodes)} brokers of the cluster yet")


def _postgresql(site: Site, _component: Component, passwords: dict[str, str], _started: float) -> None:
    url = site.database_url(SUPERUSER, "postgres", passwords["postgres"])
    try:
        connection = psycopg2.connect(url, connect_timeout=int(_SECONDS), options="-c statement_timeout=4000")
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            raise NotWell(REFUSED_LOGIN) from None
        raise
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def spark_master(site: Site) -> dict[str, Any]:
    """Give what the master says of itself, its workers, drivers and applications."""
    return _json(f"{site.url('spark-master-ui')}/json/")


def _spark_master(site: Site, _component: Component, _passwords: dict[str, str], _started: float) -> None:
    status = spark_master(site)["status"]
    # Recovering will do: it ends once the workers are back, or have been given up.
    if status == "STANDBY":
        raise NotWell("is on standby")


def _spark_worker(site: Site, component: Component, _passwords: dict[str, str], _started: float) -> None:
    workers = spark_master(site)["workers"]
    if not any(worker["port"] == component.ports[1] and worker["state"] == "ALIVE" for worker in workers):
        raise NotWell("is not registered with the master yet")


def _dagster_code(_site: Site, component: Component, _passwords: dict[str, str], _started: float) -> None:
    with grpc.insecure_channel(f"{HOST}:{component.ports[0]}") as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        answer = check(health_pb2.HealthCheckRequest(service="DagsterApi"), timeout=_SECONDS)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise NotWell("is not serving yet")


def _dagster_webserver(site: Site, _component: Component, _passwords: dict[str, str], _started: float) -> None:
    workspace = dagster_query(site, _DAGSTER_LOCATIONS)["workspaceOrError"]
    entries = workspace.get("locationEntries", [])
    if not entries:
        raise NotWell(workspace.get("message", "has no code location yet"))
    for entry in entries:
        loaded = entry["locationOrLoadError"]
        if loaded is None:
            raise NotWell("is loading the code location")
        if loaded["__typename"] == "PythonError":
            raise NotWell(f"can't load the code location: {loaded['message'].strip()}")


def _dagster_daemon(site: Site, _component: Component, _passwords: dict[str, str], started: float) -> None:
    daemons = dagster_query(site, _DAGSTER_DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    required = [daemon for daemon in daemons if daemon["required"]]
    # A heartbeat of the process before this one says nothing about this one.
    silent = [d["daemonType"] for d in required if not d["healthy"] or (d["lastHeartbeatTime"] or 0) < started]
    if silent or not required:
        raise NotWell(f"waits for {', '.join(silent).lower() or 'its daemons'}")


def _random_user_api(_site: Site, component: Component, _passwords: dict[str, str], _started: float) -> None:
    _json(f"http://{HOST}:{component.ports[0]}/api/1.4/?results=1")


def dagster_query(
    site: Site, query: str, variables: dict[str, Any] | None = None, *, seconds: float = 2 * _SECONDS
) -> dict[str, Any]:
    """Give the data that Dagster's GraphQL answers, each wait for it so many seconds at most.

    Raises:
        requests.RequestException: the webserver doesn't answer.
        NotWell: it answers with errors.
    """
    response = requests.post(
        f"{site.url('dagster-webserver')}/graphql",
        json={"query": query, "variables": variables or {}},
        timeout=seconds,
    )
    response.raise_for_status()
    answer = response.json()
    if answer.get("errors"):
        raise NotWell(str(answer["errors"][0].get("message", answer["errors"])))
    return answer["data"]


def _json(url: str) -> dict[str, Any]:
    response = requests.get(url, timeout=_SECONDS)
    response.raise_for_status()
    return response.json()


_PROBES: dict[Probe, Callable[[Site, Component, dict[str, str], float], None]] = {
    Probe.KAFKA_CONTROLLER: _kafka_controller,
    Probe.KAFKA_BROKER: _kafka_broker,
    Probe.POSTGRESQL: _postgresql,
    Probe.SPARK_MASTER: _spark_master,
    Probe.SPARK_WORKER: _spark_worker,
    Probe.DAGSTER_CODE: _dagster_code,
    Probe.DAGSTER_WEBSERVER: _dagster_webserver,
    Probe.DAGSTER_DAEMON: _dagster_daemon,
    Probe.RANDOM_USER_API: _random_user_api,
}
