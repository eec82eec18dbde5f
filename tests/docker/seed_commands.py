"""Each command of the README that this project follows, and the one that does it now."""

from dataclasses import dataclass

TOPICS = "/opt/kafka/bin/kafka-topics.sh"


@dataclass(frozen=True)
class Command:
    """A command as that README has it, and what is typed now in docker/docker-compose.

    `shows` is in its output, and a run of `job` is launched by it.
    The exit code of `find` is 1, there as here: it may not look into the folders of root.
    """

    theirs: str
    ours: str
    shows: str
    code: int = 0
    job: str = ""


CREATE = (
    f"docker exec -it kafka-broker-1 {TOPICS} --create --topic random-user --bootstrap-server kafka-broker-1:9095 "
    "--partitions 3 --replication-factor 3"
)
FIND = "docker exec -it kafka-broker-1 find / -name kafka-topics.sh"
LIST = f"docker exec -it kafka-broker-1 {TOPICS} --list --bootstrap-server kafka-broker-1:9095"
DELETE = f"{TOPICS} --bootstrap-server kafka-broker-1:9095 --delete --topic random-user"
_PSQL = "docker exec -it postgres psql -U pipeline project_streaming"

# In an order in which they can be run one after the other: the topic is deleted, then created.
COMMANDS = (
    Command(FIND, FIND, TOPICS, code=1),
    Command(DELETE, f"docker exec -it kafka-broker-1 {DELETE}", ""),
    Command(CREATE, CREATE, "Created topic random-user."),
    Command(LIST, LIST, "random-user"),
    Command(
        "(Airflow variable kafka_producer_config)",
        "docker exec dagster-code cat /opt/pipeline/pipeline_defs/config/producer.json",
        "max_in_flight_requests_per_connection",
    ),
    Command(
        "(Airflow variable kafka_topic)",
        "docker exec dagster-code printenv KAFKA_TOPIC KAFKA_BOOTSTRAP_SERVERS",
        "random-user\nkafka-broker-1:9095,kafka-broker-2:9096,kafka-broker-3:9097",
    ),
    Command(
        "(the consumer's JSON on a volume of Spark)",
        "docker exec spark-worker-1 cat /opt/pipeline/spark/config/consumer.json",
        "subscribe",
    ),
    Command("docker exec -it postgres psql -U airflow", f"{_PSQL} -c '\\conninfo'", "project_streaming"),
    Command("CREATE DATABASE project_streaming;", f"{_PSQL} -Atc 'SELECT current_database()'", "project_streaming"),
    Command("CREATE TABLE IF NOT EXISTS users (…);", f"{_PSQL} -c '\\d users'", "email_domain"),
    Command("\\q", f"{_PSQL} -c '\\q'", ""),
    Command(
        "http://localhost:8080 (switch the DAG on)",
        "docker exec dagster-code dagster job launch -w workspace.yaml -j produce_random_users",
        "",
        job="produce_random_users",
    ),
    Command(
        "docker exec -it spark-worker-1 find / -name spark-submit.sh",
        "docker exec -it spark-worker-1 find / -name spark-submit",
        "/bin/spark-submit",
        code=1,
    ),
    Command(
        "PYTHONPATH=/opt/spark/lib /opt/spark/bin/spark-submit --packages … /opt/spark/scripts/streaming-process.py",
        "docker exec dagster-code dagster job launch -w workspace.yaml -j start_stream",
        "",
        job="start_stream",
    ),
)


def page(outputs: dict[str, str], started: str, stopped: str) -> str:
    """Give the Markdown page: a table of the commands, then each with what it printed."""
    steps = [("./start.sh", "./start.sh", started), *((c.theirs, c.ours, outputs[c.ours]) for c in COMMANDS)]
    steps.append(("./down.sh", "./down.sh", stopped))
    lines = [
        "# From the seed's README to this one",
        "",
        "Each command of the README of the project that this one follows, and the one that works now. The outputs are",
        "what they printed when `make docs-docker` ran them on a deployment and wrote this page; some print nothing.",
        "",
        "| | in the seed's README | now |",
        "|---|---|---|",
    ]
    for number, (theirs, ours, _) in enumerate(steps, start=1):
        now = "the same" if ours.endswith(theirs) else f"`{ours}`"
        lines.append(f"| [{number}](#{number}) | {_code(theirs)} | {now} |")
    lines.append("")
    for number, (_, ours, printed) in enumerate(steps, start=1):
        lines += [f"## {number}", "", "```console", f"$ {ours}", *_short(printed), "```", ""]
    return "\n".join(lines)


def _code(theirs: str) -> str:
    return theirs if theirs.startswith("(") else f"`{theirs}`"


def _short(printed: str) -> list[str]:
    lines = [line.rstrip() for line in printed.splitlines() if line.strip()]
    most = 28
    return lines if len(lines) <= most else [*lines[:4], "…", *lines[5 - most :]]
