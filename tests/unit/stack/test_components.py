from collections.abc import Callable
from graphlib import CycleError
from pathlib import Path

import pytest

from stack import site as stack_site
from stack import spark_cluster
from stack.components import Site, start_order
from stack.dagster_home import DATABASE_STEP, TOPIC_STEP
from stack.passwords import ROLES, placeholder


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        ({}, []),
        ({"a": ()}, [("a",)]),
        ({"a": ("b",), "b": ()}, [("b",), ("a",)]),
        ({"a": (), "b": (), "c": ("a", "b")}, [("a", "b"), ("c",)]),
        ({"c": ("b",), "b": ("a",), "a": (), "d": ("a",)}, [("a",), ("b", "d"), ("c",)]),
    ],
)
def test_start_order(needs: dict[str, tuple[str, ...]], order: list[tuple[str, ...]]):
    assert start_order(needs) == order


def test_two_that_need_each_other_are_refused():
    with pytest.raises(CycleError):
        start_order({"a": ("b",), "b": ("a",)})


def test_the_topology(site: Site):
    names = [component.name for component in stack_site.components(site)]
    assert sorted(names) == sorted(
        [
            *(f"{role}-{number}" for role in ("controller", "broker") for number in (1, 2, 3)),
            *("spark-master", "spark-worker-1", "spark-worker-2", "postgres"),
            *("random-user-api", "dagster-code", "dagster-webserver", "dagster-daemon"),
        ]
    )


def test_a_named_source_takes_the_place_of_the_embedded_one(make_site: Callable[..., Site]):
    site = make_site(source="http://elsewhere/api/1.4/")
    components = {component.name: component for component in stack_site.components(site)}
    assert "random-user-api" not in components
    assert components["dagster-code"].environment["RANDOM_USER_API_URL"] == "http://elsewhere/api/1.4/"


def test_what_is_needed_exists(site: Site):
    components = stack_site.components(site)
    known = {component.name for component in components} | {DATABASE_STEP, TOPIC_STEP}
    assert {need for component in components for need in component.needs} <= known


def test_two_stacks_with_other_offsets_share_no_port(make_site: Callable[..., Site]):
    def ports(offset: int) -> list[int]:
        components = stack_site.components(make_site(port_offset=offset))
        return [port for component in components for port in component.ports]

    both = [*ports(0), *ports(20000)]
    assert len(set(both)) == len(both)


def test_no_password_is_in_a_command_or_an_environment(site: Site):
    passwords = {role: f"the-password-of-{role}" for role in ROLES}
    for component in stack_site.components(site):
        environment = dict(component.environment)
        assert not any(password in str((component.command, environment)) for password in passwords.values())
        # A placeholder would reach a server as it stands if nothing filled it in.
        if any(placeholder(role) in value for role in ROLES for value in environment.values()):
            assert component.command[1].endswith("with_passwords.py")


def test_the_stream_finds_its_contract_in_the_workers_environment(site: Site):
    [first, second] = [c for c in stack_site.components(site) if c.name.startswith("spark-worker")]
    for worker in (first, second):
        assert worker.environment["USERS_STREAM_DATABASE_URL"].startswith("postgresql://users_stream:")
        assert worker.environment["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097"
        assert worker.environment["SPARK_LOCAL_IP"] == "127.0.0.1"
        assert worker.environment["PYTHONPATH"] == "/repository"
        assert {"STREAM_CHECKPOINT_ROOT"} <= worker.environment.keys()
        assert not {"DATABASE_URL", "DAGSTER_POSTGRES_URL", "DATABASE_ADMIN_URL"} & worker.environment.keys()


def test_the_logs_on_the_workers_are_bounded(site: Site):
    site.state.create()
    spark_cluster.prepare(site)
    [worker, _] = [c for c in stack_site.components(site) if c.name.startswith("spark-worker")]
    assert "-Dspark.executor.logs.rolling.strategy=size" in worker.environment["SPARK_WORKER_OPTS"]
    configuration = Path(worker.environment["SPARK_CONF_DIR"]) / "log4j2.properties"
    assert "rootLogger.level = warn" in configuration.read_text()


def test_the_setting_of_a_cadence_does_not_restart_the_stream(site: Site, monkeypatch: pytest.MonkeyPatch):
    def environments() -> dict[str, dict[str, str]]:
        return {component.name: dict(component.environment) for component in stack_site.components(site)}

    before = environments()
    monkeypatch.setenv("CADENCE_SECONDS", "10")
    after = environments()
    assert {name for name in before if before[name] != after[name]} == {"dagster-code"}
