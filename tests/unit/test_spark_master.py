"""What a Spark master, or what stands in its place, may answer."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from pipeline_defs.spark_master import SparkMaster, SparkMasterError, Submission
from tests.http_server import Quiet, serving

WORKER = {
    "id": "worker-1",
    "state": "ALIVE",
    "cores": 3,
    "coresfree": 1,
    "memory": 2048,
    "memoryfree": 512,
    "webuiaddress": "http://worker:8081",
}
DRIVER = {
    "id": "driver-1",
    "state": "RUNNING",
    "worker": "worker-1",
    "mainclass": "org.apache.spark.deploy.PythonRunner",
}
APPLICATION = {"id": "app-1", "name": "users_stream", "state": "RUNNING", "cores": 2, "starttime": 1_777_896_000_000}
CLUSTER = {"status": "ALIVE", "workers": [WORKER], "activedrivers": [DRIVER], "activeapps": [APPLICATION]}


class Server:
    """A master, and the one answer that it gives to everything."""

    def __init__(self, url: str) -> None:
        self.master = SparkMaster(url, url)
        self.answer = json.dumps(CLUSTER)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = made.answer.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

    with serving(Handler) as url:
        made = Server(url)
        yield made


def test_a_cluster_is_read_from_its_answer(server: Server):
    found = server.master.cluster()
    assert (found.status, found.workers_alive, found.cores_free, found.memory_free_mib) == ("ALIVE", 1, 1, 512)
    assert [(each.id, each.worker_url) for each in found.drivers] == [("driver-1", "http://worker:8081")]
    assert [(each.id, each.cores) for each in found.applications] == [("app-1", 2)]


def test_drivers_that_are_no_python_are_not_the_streams(server: Server):
    server.answer = json.dumps({**CLUSTER, "activedrivers": [{**DRIVER, "mainclass": "com.example.Report"}]})
    assert server.master.cluster().drivers == ()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<html>Welcome</html>",
        "[]",
        "null",
        "{}",
        json.dumps(CLUSTER)[:-20],
        json.dumps({**CLUSTER, "workers": None}),
        json.dumps({**CLUSTER, "workers": ["worker-1"]}),
        json.dumps({**CLUSTER, "activedrivers": [{**DRIVER, "worker": ["worker-1"]}]}),
        json.dumps({**CLUSTER, "activeapps": [{**APPLICATION, "starttime": "today"}]}),
        json.dumps({**CLUSTER, "activeapps": [{**APPLICATION, "starttime": 1e300}]}),
        json.dumps({**CLUSTER, "activeapps": [{"id": "app-1"}]}),
    ],
)
def test_rubbish_and_half_an_answer_are_a_sentence(server: Server, answer: str):
    server.answer = answer
    with pytest.raises(SparkMasterError, match="Spark master"):
        server.master.cluster()


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"success": false, "message": "no"}', '{"success": true}'])
def test_a_submission_without_the_drivers_id_is_a_sentence(server: Server, answer: str):
    server.answer = answer
    with pytest.raises(SparkMasterError, match="Spark master"):
        server.master.submit(Submission("/app/users_stream.py", {}))
