"""What start.sh says where it can't start: one sentence, exit code 1, nothing built or started. And how it ends else.

The engine's answers are canned here, because no engine can be made old, full and unreachable in turn.
"""

import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docker" / "docker-compose"

# A `docker` that answers each question of the checks with a variable of its environment, and ends all else.
DOCKER = """#!/bin/bash
case "$*" in
  version*) [ -z "$ENGINE_ERROR" ] || { echo "$ENGINE_ERROR" >&2; exit 1; }; echo "$ENGINE_VERSION" ;;
  'compose version'*) [ -n "$COMPOSE_VERSION" ] && echo "$COMPOSE_VERSION" ;;
  'info --format {{.MemTotal}}') echo "$MEMORY_BYTES" ;;
  'info --format {{.DockerRootDir}}') echo "$ROOT_FOLDER" ;;
  'image inspect'*) exit 1 ;;
  'compose config') echo '    container_name: postgres' ;;
  'compose config --quiet') [ -z "$COMPOSE_ERROR" ] || { echo "$COMPOSE_ERROR" >&2; exit 1; } ;;
  'ps --all --filter name='*) echo "$OTHER_CONTAINER" ;;
  'ps --all --filter label='*) echo "$STARTED_FROM" ;;
  'volume ls'*) echo "$VOLUMES" ;;
  'ps --quiet'*) ;;
  'inspect '*' spark-worker-1') exit 1 ;;
  'inspect '*' provision') echo "$PROVISION_CODE" ;;
  'compose up '*) exit "$UP_CODE" ;;
  'compose ps --all --format'*) echo "$CONTAINERS" ;;
  *'SELECT wanted'*) echo "$WANTED" ;;
  *'SELECT gave_up_at'*) echo "$GAVE_UP" ;;
  *'SELECT status'*) echo "$SCHEDULE" ;;
  *) [ -n "$UP_CODE" ] || { echo "reached: docker $*"; exit 1; } ;;
esac
"""

WELL = {
    "ENGINE_ERROR": "",
    "ENGINE_VERSION": "26.1.5+dfsg1",
    "COMPOSE_VERSION": "2.26.1-4",
    "MEMORY_BYTES": str(16 * 2**30),
    "ROOT_FOLDER": "/no/such/folder",
    "OTHER_CONTAINER": "",
    "COMPOSE_ERROR": "",
    "STARTED_FROM": "",
    "VOLUMES": "",
}
# A machine on which all goes well up to the rows.
UP = WELL | {
    "PROVISION_CODE": "0",
    "UP_CODE": "0",
    "CONTAINERS": "provision exited\nkafka-broker-1 running healthy",
    "WANTED": "running",
    "GAVE_UP": "f",
    "SCHEDULE": "RUNNING",
}


@pytest.fixture
def free_ports() -> dict[str, str]:
    """Ports that nobody listens on, for each that start.sh checks."""
    names = [line[1:].split("=")[0] for line in (FOLDER / "env.template").read_text().splitlines() if "_PORT=" in line]
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: str(found.getsockname()[1]) for name, found in zip(names, sockets, strict=True)}
    for found in sockets:
        found.close()
    return ports


def start(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    place = folder / "docker-compose"
    if not place.exists():
        shutil.copytree(FOLDER, place, ignore=shutil.ignore_patterns(".env*"))
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "docker").write_text(DOCKER, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    return run(folder, place / "start.sh", environment, *arguments)


def run(folder: Path, script: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script beside the `docker` that `start` has put there."""
    return subprocess.run(
        [script, *arguments],
        env={"PATH": f"{folder / 'bin'}:/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ENGINE_ERROR": "Cannot connect to the Docker daemon"}, "No Docker engine answers at the default address."),
        ({"ENGINE_ERROR": "permission denied while trying"}, "Docker's engine refuses this account."),
        ({"ENGINE_VERSION": "24.0.9"}, "The Docker engine is version 24.0.9. Update it to 25 or newer."),
        ({"COMPOSE_VERSION": ""}, "Docker's Compose plugin is missing."),
        ({"COMPOSE_VERSION": "v2.20.0"}, "Docker Compose is version 2.20.0. Update it to 2.24 or newer."),
        (
            {"MEMORY_BYTES": str(4 * 2**30)},
            "The Docker engine has 4096 MiB of memory, and the full profile needs 5000.",
        ),
        ({"OTHER_CONTAINER": "postgres "}, "A container named postgres exists already and isn't part of this"),
        ({"OTHER_CONTAINER": "postgres blog"}, "A container named postgres exists already, of the project blog."),
        ({"DAGSTER_PORT": "http"}, 'DAGSTER_PORT is "http"'),
        ({"DAGSTER_PORT": "0"}, 'DAGSTER_PORT is "0"'),
        ({"DAGSTER_PORT": "1025", "SPARK_UI_PORT": "1025"}, "SPARK_UI_PORT is 1025 in "),
        ({"COMPOSE_ERROR": "invalid replicas"}, "The settings in "),
    ],
)
def test_each_lack_is_one_sentence(tmp_path: Path, free_ports: dict[str, str], wrong: dict[str, str], says: str):
    done = start(tmp_path, WELL | free_ports | wrong)
    assert done.returncode == 1
    assert done.stderr.startswith(says)
    assert len(done.stderr.splitlines()) == 1
    assert "reached" not in done.stdout


def test_a_machine_without_docker(tmp_path: Path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "dirname", "readlink"):
        (programs / name).symlink_to(shutil.which(name) or "")
    done = subprocess.run(
        [FOLDER / "start.sh"], env={"PATH": str(programs)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Docker is not installed")


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path, free_ports: dict[str, str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = start(tmp_path, WELL | free_ports | {"SPARK_UI_PORT": port})
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} of 127.0.0.1 is taken by another program.")
    assert "SPARK_UI_PORT" in done.stderr


def test_a_full_disk(tmp_path: Path, free_ports: dict[str, str]):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "df").write_text("#!/bin/sh\nprintf 'Filesystem\\n/dev/sda 1 1 102400 1 /\\n'\n", encoding="utf-8")
    (programs / "df").chmod(0o755)
    done = start(tmp_path, WELL | free_ports | {"ROOT_FOLDER": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.startswith(f"Docker's folder {tmp_path} has 100 MiB free")


def test_data_of_the_other_profile_are_not_mixed(tmp_path: Path, free_ports: dict[str, str]):
    start(tmp_path, WELL | free_ports)
    done = start(tmp_path, WELL | free_ports | {"VOLUMES": "some"}, "--small")
    assert done.returncode == 1
    assert done.stderr.startswith("The data here belong to the full profile.")


def test_a_good_machine_gets_to_the_images_with_private_settings_that_a_second_start_keeps(
    tmp_path: Path, free_ports: dict[str, str]
):
    done = start(tmp_path, WELL | free_ports)
    assert "reached: docker compose" in done.stdout
    settings = tmp_path / "docker-compose" / ".env"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    first = settings.read_text(encoding="utf-8")
    start(tmp_path, WELL | free_ports)
    assert settings.read_text(encoding="utf-8") == first


def test_data_whose_settings_are_gone_are_left_alone(tmp_path: Path, free_ports: dict[str, str]):
    done = start(tmp_path, WELL | free_ports | {"VOLUMES": "some"})
    assert done.returncode == 1
    assert "lacks COMPOSE_FILE, which belongs to the data of random-user-pipeline." in done.stderr
    assert not (tmp_path / "docker-compose" / ".env").exists()


def test_the_settings_of_the_data_come_from_the_file_alone(tmp_path: Path, free_ports: dict[str, str]):
    of_a_shell = {"POSTGRES_PASSWORD": "of one shell", "COMPOSE_PROJECT_NAME": "other", "COMPOSE_FILE": "other.yaml"}
    start(tmp_path, WELL | free_ports | of_a_shell)
    written = (tmp_path / "docker-compose" / ".env").read_text(encoding="utf-8")
    assert "COMPOSE_PROJECT_NAME=random-user-pipeline\n" in written
    assert "COMPOSE_FILE=docker-compose-kafka.yaml:" in written
    assert "of one shell" not in written


def test_a_setting_is_read_as_compose_reads_it(tmp_path: Path, free_ports: dict[str, str]):
    start(tmp_path, WELL | free_ports)
    settings = tmp_path / "docker-compose" / ".env"
    with settings.open("a", encoding="utf-8") as file:
        file.write('COMPOSE_PROJECT_NAME="mine"\r\nDAGSTER_PORT=13999 # beside another\n')
    del free_ports["DAGSTER_PORT"]
    before = settings.read_text(encoding="utf-8")
    done = start(tmp_path, WELL | free_ports | {"OTHER_CONTAINER": "postgres mine"})
    assert "reached: docker compose" in done.stdout
    assert settings.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("seen", "code", "says"),
    [
        ({"WANTED": "stopped"}, 0, "The stream was stopped on purpose and stays so."),
        ({"SCHEDULE": "STOPPED"}, 0, "The schedule every_25_seconds is switched off"),
        ({"GAVE_UP": "t"}, 1, "The stream failed again and again"),
        ({"UP_CODE": "1", "PROVISION_CODE": "1"}, 1, "Provisioning failed: "),
        (
            {"UP_CODE": "1", "CONTAINERS": "dagster-code created\npostgres paused"},
            1,
            "postgres did not become healthy (it is paused).",
        ),
        (
            {"UP_CODE": "1", "CONTAINERS": "dagster-code created\npostgres running unhealthy"},
            1,
            "postgres did not become healthy (it is running unhealthy).",
        ),
        ({"UP_CODE": "1", "PROVISION_CODE": "", "CONTAINERS": ""}, 1, "The containers could not be started."),
    ],
)
def test_how_a_start_ends_that_brings_no_rows(
    tmp_path: Path, free_ports: dict[str, str], seen: dict[str, str], code: int, says: str
):
    done = start(tmp_path, UP | free_ports | seen)
    assert done.returncode == code
    assert f"\n{says}" in f"\n{done.stdout if code == 0 else done.stderr}"


def test_a_setting_in_the_file_that_comes_second_is_refused(tmp_path: Path, free_ports: dict[str, str]):
    start(tmp_path, WELL | free_ports)
    (tmp_path / "docker-compose" / "settings.env").write_text("CADENCE_SECONDS=30\n", encoding="utf-8")
    done = start(tmp_path, WELL | free_ports)
    assert done.returncode == 1
    assert done.stderr.startswith("settings.env sets CADENCE_SECONDS, which is read from ")


def test_what_another_folder_started_is_not_deleted_from_here(tmp_path: Path, free_ports: dict[str, str]):
    start(tmp_path, WELL | free_ports)
    other = tmp_path / "another clone"
    other.mkdir()
    script = tmp_path / "docker-compose" / "down.sh"
    done = run(tmp_path, script, WELL | {"STARTED_FROM": str(other)}, "--volumes", "--yes")
    assert done.returncode == 1
    assert done.stderr == f"random-user-pipeline was started from {other}. Run {other}/down.sh.\n"


def test_it_starts_through_a_link(tmp_path: Path, free_ports: dict[str, str]):
    start(tmp_path, WELL | free_ports)
    (tmp_path / "begin").symlink_to(tmp_path / "docker-compose" / "start.sh")
    done = run(tmp_path, tmp_path / "begin", WELL | free_ports)
    assert "reached: docker compose" in done.stdout


def test_an_unknown_option(tmp_path: Path):
    done = start(tmp_path, WELL, "--larg")
    assert (done.returncode, done.stderr) == (1, "--larg is no option. See ./start.sh --help.\n")
