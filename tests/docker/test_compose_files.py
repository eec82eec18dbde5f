"""What the compose files promise as they stand: limits, ports, isolation."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.settings import Settings

FOLDER = Path(__file__).resolve().parents[2] / "docker" / "docker-compose"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}
SERVICES: dict[str, dict[str, Any]] = {
    name: service
    for file, text in TEXTS.items()
    if file not in ("docker-compose-common.yaml", "docker-compose-small.yaml")
    for name, service in yaml.safe_load(text)["services"].items()
}
# spark-worker is there for those who want more workers than two; it starts with none.
FULL = {name: service for name, service in SERVICES.items() if name != "spark-worker"}


def test_the_containers_have_the_names_that_people_know():
    assert set(FULL) - {"random-user-api"} == {
        *(f"kafka-controller-{number}" for number in (1, 2, 3)),
        *(f"kafka-broker-{number}" for number in (1, 2, 3)),
        *("spark-master", "spark-worker-1", "spark-worker-2", "postgres", "provision"),
        *("dagster-code", "dagster-webserver", "dagster-daemon"),
    }
    assert all(service["container_name"] == name for name, service in FULL.items())


def test_memory_limits_sum_to_less_than_8_gib():
    limits = [re.fullmatch(r"(\d+)m", service["mem_limit"]) for service in FULL.values()]
    assert sum(int(limit[1]) for limit in limits if limit) < 8 * 1024
    assert all(limits)


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_what_all_have_in_common_and_a_check(name: str):
    service = SERVICES[name]
    assert service["extends"] == {"file": "docker-compose-common.yaml", "service": "server"}
    assert not {"read_only", "cap_add", "privileged", "security_opt"} & set(service)
    assert service["healthcheck"] if name != "provision" else service["restart"] == "no"


def test_what_all_have_in_common():
    common = yaml.safe_load(TEXTS["docker-compose-common.yaml"])["services"]["server"]
    assert common["read_only"] is True
    assert common["cap_drop"] == ["ALL"]
    assert common["security_opt"] == ["no-new-privileges:true"]
    assert common["restart"] == "unless-stopped"
    assert common["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


@pytest.mark.parametrize("worker", ["spark-worker", "spark-worker-1", "spark-worker-2"])
def test_dagster_is_given_what_the_stream_is_given_of_which_it_tells_the_version(worker: str):
    given: dict[str, str] = SERVICES[worker]["environment"]
    of_the_stream = {name: value for name, value in given.items() if name.startswith(("KAFKA_", "STREAM_"))}
    del of_the_stream["STREAM_CHECKPOINT_ROOT"]  # a folder of the workers alone
    assert set(of_the_stream) == {"KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC"}
    assert of_the_stream.items() <= SERVICES["dagster-code"]["environment"].items()
    assert SERVICES["dagster-code"]["env_file"] == SERVICES[worker]["env_file"]


@pytest.mark.parametrize("name", ["provision", "dagster-code", "spark-worker", "spark-worker-1", "spark-worker-2"])
def test_what_settings_env_may_name_is_in_no_environment_which_would_come_before_it(name: str):
    read_from_env = {*re.findall(r"\$\{([A-Z0-9_]+)", str(SERVICES[name]["environment"]))}
    explained = {*re.findall(r"^#([A-Z0-9_]+)=", (FOLDER / "env.template").read_text(), flags=re.MULTILINE)}
    written_by_start = {found for found in read_from_env if found.endswith("_PASSWORD")}
    written_by_start |= {"COMPOSE_PROJECT_NAME", "RANDOM_USER_API_URL"}
    assert read_from_env - explained - written_by_start == set()


def test_ports_are_on_loopback_changeable_and_beside_the_local_stack():
    local = {Settings().port(name) for name in Settings.port_names()}
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    found = [re.fullmatch(r"127\.0\.0\.1:\$\{([A-Z0-9_]+):-(\d+)\}:\d+", port) for port in published]
    assert all(found)
    ports = {match[1]: int(match[2]) for match in found if match}
    assert len(ports) == 6
    assert not set(ports.values()) & local
    assert [ports[f"KAFKA_BROKER_{number}_PORT"] for number in (1, 2, 3)] == [19095, 19096, 19097]
    # start.sh checks the ports that the template names.
    template = dict(
        re.findall(r"^#([A-Z0-9_]+_PORT)=(\d+)$", (FOLDER / "env.template").read_text(), flags=re.MULTILINE)
    )
    assert {name: int(port) for name, port in template.items()} == ports


def test_the_port_that_runs_code_is_published_nowhere():
    assert "6066" not in str(SERVICES["spark-master"].get("ports"))
    on_its_network = {name for name, service in SERVICES.items() if "spark" in service["networks"]}
    assert on_its_network == {"spark-master", "spark-worker", "spark-worker-1", "spark-worker-2", "dagster-code"}


def test_only_those_that_need_it_share_a_network():
    def members(network: str) -> set[str]:
        return {name for name, service in SERVICES.items() if network in service["networks"]}

    brokers = {f"kafka-broker-{number}" for number in (1, 2, 3)}
    assert members("controllers") == brokers | {f"kafka-controller-{number}" for number in (1, 2, 3)}
    assert "dagster-webserver" not in members("kafka")
    assert not brokers & members("database")


def test_no_container_can_reach_the_engine_and_no_byte_that_matters_is_outside_of_a_named_volume():
    volumes = {name: service.get("volumes", []) for name, service in SERVICES.items()}
    assert "docker.sock" not in "".join(TEXTS.values())
    assert all(re.match(r"[a-z][a-z0-9-]+:/var/lib/", volume) for some in volumes.values() for volume in some)
    keeps_nothing = {name for name, some in volumes.items() if not some}
    assert keeps_nothing == {"provision", "random-user-api"}


def test_no_secret_has_a_default():
    secrets = re.findall(r"\$\{([A-Z_]*PASSWORD|KAFKA_CLUSTER_ID)(:[^}]*)?\}", "".join(TEXTS.values()))
    assert secrets
    assert all(default in ("", ":?is made by start.sh") for _, default in secrets)
