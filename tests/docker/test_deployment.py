"""One deployment from its first start to its last trace, each part by the commands that its users have.

The tests run in the order of the file: later ones go on from where earlier ones leave the deployment.
"""

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.docker.deployment import ROOT, Deployment
from tests.docker.seed_commands import COMMANDS, DELETE, LIST, page
from tests.waiting import until

pytestmark = pytest.mark.engine

LAST_DRIVER = "SELECT id FROM driver_starts ORDER BY id DESC LIMIT 1"
# As the project that this one follows made it. One of the three has no uuid.
OLDER_USERS = """
    CREATE TABLE users (
        id SERIAL PRIMARY KEY, gender VARCHAR(10), name_title VARCHAR(20), name_first VARCHAR(50),
        name_last VARCHAR(50),
        street_number INT, street_name VARCHAR(100), city VARCHAR(50), state VARCHAR(50), country VARCHAR(50),
        postcode VARCHAR(20), email VARCHAR(100), uuid UUID, dob_date TIMESTAMP, age INT, phone VARCHAR(20),
        cell VARCHAR(20), picture_large TEXT, email_domain VARCHAR(50));
    INSERT INTO users (name_first, email, uuid) VALUES
        ('Ana', 'ana@example.com', '00000000-0000-4000-8000-000000000001'),
        ('Ana', 'bea@example.com', '00000000-0000-4000-8000-000000000002'),
        ('Ana', 'cleo@example.com', NULL)"""

PAGE = ROOT / "docs" / "from-the-seed.md"


def identities(deployment: Deployment) -> dict[str, str]:
    listed = deployment.compose("ps", "--all", "--format", "{{.Name}} {{.ID}}").splitlines()
    return {name: identity for name, identity in map(str.split, listed) if name != "provision"}


def replaced(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name, identity in after.items() if before.get(name) != identity}


def test_start_leaves_all_healthy_with_rows_and_says_where_to_look(deployment: Deployment):
    assert "http://127.0.0.1:13000" in deployment.started
    assert int(deployment.sql("SELECT count(*) FROM users")) > 0
    states = deployment.compose("ps", "--format", "{{.Name}} {{.Health}}").splitlines()
    assert len(states) >= 13
    assert [state for state in states if not state.endswith(" healthy")] == []


def test_the_settings_are_private_and_the_passwords_fresh(deployment: Deployment):
    assert stat.S_IMODE(deployment.env_file.stat().st_mode) == 0o600
    lines = deployment.env_file.read_text(encoding="utf-8").splitlines()
    passwords = [value for name, _, value in (line.partition("=") for line in lines) if name.endswith("_PASSWORD")]
    assert len(set(passwords)) == 4
    assert min(map(len, passwords)) >= 32


def test_passwords_are_asked_for_and_kept_as_scram(deployment: Deployment):
    kept = deployment.sql("SELECT DISTINCT left(rolpassword, 14) FROM pg_authid WHERE rolcanlogin")
    assert kept == "SCRAM-SHA-256$"


def test_ports_are_open_on_loopback_alone(deployment: Deployment):
    listed = deployment.compose("ps", "--format", "{{.Ports}}").replace("\n", ", ").split(", ")
    published = {entry.split("->")[0] for entry in listed if "->" in entry}
    assert published == {f"127.0.0.1:{port}" for port in (13000, 18080, 15432, 19095, 19096, 19097)}


def test_kafkas_data_are_on_its_volume(deployment: Deployment):
    mounts = deployment.docker("exec", "kafka-broker-1", "df", "--output=target", "/var/lib/kafka/data/random-user-0")
    assert mounts.splitlines()[-1] == "/var/lib/kafka"


@pytest.mark.long
def test_people_come_once_in_each_slot_of_25_seconds(deployment: Deployment):
    since = deployment.sql("SELECT now()")
    emitted = "SELECT count(*) FROM slots WHERE outcome = 'emitted' AND slot > :'since'"
    until(lambda: int(deployment.sql(emitted, since=since)) >= 3, "three slots to be emitted", 600)
    off_the_grid = f"{emitted} AND (extract(EPOCH FROM slot)::int % 25 <> 0 OR people <> 10)"
    assert deployment.sql(off_the_grid, since=since) == "0"
    deployment.nothing_is_lost()


@pytest.mark.long
def test_a_second_start_changes_nothing(deployment: Deployment):
    before = identities(deployment)
    deployment.start()
    assert identities(deployment) == before


def test_a_broker_that_dies_comes_back_and_nothing_is_lost(deployment: Deployment):
    heals(deployment, "kafka-broker-2")


@pytest.mark.long
@pytest.mark.parametrize("container", ["spark-worker-1", "spark-master", "postgres", "dagster-code", "dagster-daemon"])
def test_whoever_dies_comes_back_and_nothing_is_lost(deployment: Deployment, container: str):
    heals(deployment, container)


def heals(deployment: Deployment, container: str) -> None:
    begun = time.monotonic()
    deployment.kill(container)
    until(lambda: deployment.is_healthy(container), f"{container} to be healthy again")
    healthy = time.monotonic()
    deployment.rows_after_now()
    deployment.nothing_is_lost()
    seconds = f"healthy again after {healthy - begun:.0f} s, rows after {time.monotonic() - begun:.0f} s"
    sys.stdout.write(f"{container}: killed, {seconds}\n")


@pytest.mark.long
def test_workers_cut_off_from_the_brokers_for_half_a_minute(deployment: Deployment):
    workers, network = ("spark-worker-1", "spark-worker-2"), f"{deployment.project}_kafka"
    cut_at = deployment.sql("SELECT now()")
    for worker in workers:
        deployment.docker("network", "disconnect", network, worker)
    until(
        lambda: deployment.sql("SELECT now() - :'at'::timestamptz > '30 s'", at=cut_at) == "t",
        "half a minute without brokers",
    )
    for worker in workers:
        deployment.docker("network", "connect", network, worker)
    deployment.rows_after_now()
    deployment.nothing_is_lost()


@pytest.mark.long
def test_workers_scaled_to_four_and_back(deployment: Deployment):
    def alive() -> int:
        asked = "import urllib.request as r; print(r.urlopen('http://spark-master:8080/json/').read().decode())"
        return deployment.docker("exec", "spark-master", "python", "-c", asked).count('"state" : "ALIVE"')

    before = identities(deployment)
    deployment.compose("up", "--detach", "--wait", "--scale", "spark-worker=2")
    until(lambda: alive() == 4, "four workers")
    deployment.start()
    until(lambda: alive() == 2, "two workers")
    assert identities(deployment) == before
    deployment.rows_after_now()
    deployment.nothing_is_lost()


@pytest.mark.long
def test_an_edit_of_dagsters_side_leaves_the_stream_alone(deployment: Deployment):
    before, driver = identities(deployment), deployment.sql(LAST_DRIVER)
    deployment.edit("pipeline_defs/definitions.py", "# edited")
    deployment.start()
    assert replaced(before, identities(deployment)) == {"dagster-code"}
    assert deployment.sql(LAST_DRIVER) == driver
    deployment.nothing_is_lost()


@pytest.mark.long
def test_a_setting_of_the_producer_leaves_the_stream_alone(deployment: Deployment):
    before, driver = identities(deployment), deployment.sql(LAST_DRIVER)
    deployment.edit("docker/docker-compose/.env", "PEOPLE_PER_TICK=12")
    deployment.start()
    # Compose replaces what depends on the code location too.
    assert replaced(before, identities(deployment)) == {"dagster-code", "dagster-webserver", "dagster-daemon"}
    assert deployment.sql("SELECT people FROM slots WHERE outcome = 'emitted' ORDER BY slot DESC LIMIT 1") == "12"
    assert deployment.sql(LAST_DRIVER) == driver
    deployment.nothing_is_lost()


@pytest.mark.long
def test_an_edit_of_the_streams_code_replaces_it_after_its_batch(deployment: Deployment):
    before, driver = identities(deployment), deployment.sql(LAST_DRIVER)
    version = deployment.sql("SELECT code_version FROM driver_starts ORDER BY id DESC LIMIT 1")
    deployment.edit("contract/contract.py", "# edited")
    deployment.start()
    assert replaced(before, identities(deployment)) == {"dagster-code", "spark-worker-1", "spark-worker-2"}
    assert deployment.sql("SELECT outcome FROM driver_starts WHERE id = :'id'", id=driver) == "stopped"
    assert deployment.sql(LAST_DRIVER) != driver
    assert deployment.sql("SELECT code_version FROM driver_starts ORDER BY id DESC LIMIT 1") != version
    deployment.nothing_is_lost()


@pytest.mark.long
def test_the_commands_of_the_seed_work_and_the_stream_recovers(deployment: Deployment):
    deployment.nothing_is_lost()
    for command in COMMANDS:
        run_before = deployment.dagster.newest_run(command.job)
        printed = deployment.typed_outputs[command.ours] = deployment.typed(command.ours, command.code)
        assert command.shows in printed
        assert not command.job or deployment.dagster.newest_run(command.job) != run_before
        if command.ours.endswith(DELETE):
            until(lambda: "random-user" not in deployment.typed(LIST).splitlines(), "the topic to be gone")
    # Deleted and created: another topic for the ledger, and people land in the table again.
    until(lambda: deployment.sql("SELECT count(DISTINCT topic_id) FROM stream_offsets") == "2", "a new ledger", 600)
    deployment.losses_are_known()
    deployment.rows_after_now()
    deployment.nothing_is_lost()


@pytest.mark.long
def test_down_keeps_the_data_and_the_stream_goes_on_from_its_offsets(deployment: Deployment):
    deployment.nothing_is_lost()
    ledger = "SELECT sum(next_offset) FROM stream_offsets"
    topics = deployment.sql("SELECT count(DISTINCT topic_id) FROM stream_offsets")
    people, offset = int(deployment.sql("SELECT count(*) FROM users")), int(deployment.sql(ledger))
    deployment.down()
    assert (
        deployment.docker(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={deployment.project}"
        )
        == ""
    )
    deployment.start()
    assert int(deployment.sql("SELECT count(*) FROM users")) > people
    assert int(deployment.sql(ledger)) > offset
    assert deployment.sql("SELECT count(DISTINCT topic_id) FROM stream_offsets") == topics
    deployment.nothing_is_lost()


@pytest.mark.long
def test_data_of_an_older_version_are_upgraded(deployment: Deployment):
    deployment.down()
    deployment.compose("up", "--detach", "--wait", "postgres")
    deployment.sql(
        f"DROP VIEW replay_waiting; DROP TABLE users, stream_offsets, rejected_records, skipped_offsets; {OLDER_USERS}"
    )
    deployment.start()
    assert "table users was upgraded: 3 rows before, 2 kept, 1 moved" in deployment.started
    assert deployment.sql("SELECT count(*) FROM users WHERE name_first = 'Ana' AND email_domain = 'example.com'") == "2"
    deployment.nothing_is_lost()


@pytest.mark.long
def test_the_page_shows_these_commands(deployment: Deployment):
    if os.environ.get("WRITE_DOCS"):
        text = page(deployment.typed_outputs, deployment.started, deployment.stopped)
        PAGE.write_text(text, encoding="utf-8")
    shown = PAGE.read_text(encoding="utf-8")
    assert [command.ours for command in COMMANDS if f"$ {command.ours}\n" not in shown] == []


def test_down_with_volumes_leaves_nothing(deployment: Deployment):
    refused = deployment.down_unasked()
    assert refused.returncode != 0
    assert "--yes" in refused.stderr
    assert deployment.leftovers() != []
    deployment.down("--volumes", "--yes")
    assert deployment.leftovers() == []
    deployment.down("--volumes", "--yes")


@pytest.mark.long
@pytest.mark.usefixtures("deployment")
def test_the_small_profile(tmp_path: Path):
    small = Deployment(tmp_path)
    small.build_postgres_where_no_registry_answers()
    try:
        small.start("--small")
        names = set(identities(small))
        assert {"kafka-broker-1", "spark-worker-1"} <= names
        assert not {"kafka-controller-1", "kafka-broker-2", "spark-worker-2"} & names
        small.nothing_is_lost()
    finally:
        small.down("--volumes", "--yes")
    assert small.leftovers() == []
