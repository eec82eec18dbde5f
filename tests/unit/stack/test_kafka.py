import pytest

from stack import kafka
from stack.components import Site


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("controller-1", {"process.roles": "controller", "node.id": "101", "listeners": "CONTROLLER://127.0.0.1:9191"}),
        ("controller-3", {"process.roles": "controller", "node.id": "103", "listeners": "CONTROLLER://127.0.0.1:9193"}),
        (
            "broker-2",
            {
                "process.roles": "broker",
                "node.id": "2",
                "listeners": "PLAINTEXT://127.0.0.1:9096",
                "advertised.listeners": "PLAINTEXT://127.0.0.1:9096",
                "default.replication.factor": "3",
                "min.insync.replicas": "2",
                "auto.create.topics.enable": "false",
            },
        ),
    ],
)
def test_properties(name: str, expected: dict[str, str], site: Site):
    properties = kafka.properties(site, name)
    assert {key: properties.get(key) for key in expected} == expected
    assert properties["controller.quorum.voters"] == "101@127.0.0.1:9191,102@127.0.0.1:9192,103@127.0.0.1:9193"
    assert properties["log.dirs"] == str(site.state.kafka / name / "data")


def test_every_server_has_a_heap_of_its_own_size(site: Site):
    for component in kafka.components(site):
        assert sum(argument.startswith("-Xmx") for argument in component.command) == 1


def test_render():
    assert kafka.render({"a": "1", "b.c": "x=y"}) == "a=1\nb.c=x=y\n"


def test_a_new_cluster_id_is_no_option_to_kafkas_tools(monkeypatch: pytest.MonkeyPatch):
    drawn = iter([b"\xf8" + bytes(15), b"\x04" + bytes(15)])  # the first begins with a hyphen in Base64
    monkeypatch.setattr(kafka.secrets, "token_bytes", lambda _: next(drawn))
    assert kafka.new_cluster_id() == "B" + "A" * 21
