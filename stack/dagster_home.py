"""Dagster: the code location, the webserver and the daemon, on an instance whose storage is PostgreSQL."""

from pathlib import Path

from stack.components import HOST, Component, Probe, Site
from stack.passwords import WEBHOOK, placeholder
from stack.postgres import DATABASE
from stack.state import write_private

TEMPLATE = Path(__file__).with_name("dagster.yaml")
WORKSPACE = "workspace.yaml"

# The steps between components: roles, databases and tables; the topic.
DATABASE_STEP = "database"
TOPIC_STEP = "topic"


def components(site: Site, chosen: dict[str, str]) -> list[Component]:
    """Give the three processes of Dagster.

    The code location runs `dagster api grpc` and not `dagster code-server start`: the latter puts a second process in
    front, 100 MB more, to reload code without a restart, which the supervisor does as well.
    """
    programs = site.python.parent
    with_passwords = (
        str(site.python), str(Path(__file__).with_name("with_passwords.py")), str(site.state.passwords)
    )  # fmt: skip
    instance = instance_environment(site, placeholder("dagster"))
    return [
        Component(
            name="dagster-code",
            command=(
                *with_passwords,
                *(str(programs / "dagster"), "api", "grpc", "-m", "pipeline_defs.definitions"),
                *("-h", HOST, "-p", str(site.port("dagster-code")), "--location-name", "pipeline_defs"),
            ),
            probe=Probe.DAGSTER_CODE,
            ports=(site.port("dagster-code"),),
            needs=(DATABASE_STEP,),
            environment=chosen
            | instance
            | pipeline_environment(site, placeholder("pipeline"))
            | {"ALERT_WEBHOOK_URL": placeholder(WEBHOOK)},
            folder=site.repository,
        ),
        Component(
            name="dagster-webserver",
            command=(
                *with_passwords,
                *(str(programs / "dagster-webserver"), "-h", HOST, "-p", str(site.port("dagster-webserver"))),
                *("-w", str(site.repository / WORKSPACE)),
            ),
            probe=Probe.DAGSTER_WEBSERVER,
            ports=(site.port("dagster-webserver"),),
            environment=instance,
            needs=("dagster-code", DATABASE_STEP),
            folder=site.repository,
        ),
        Component(
            name="dagster-daemon",
            command=(
                *with_passwords,
                *(str(programs / "dagster-daemon"), "run", "-w", str(site.repository / WORKSPACE)),
            ),
            probe=Probe.DAGSTER_DAEMON,
            ports=(),
            environment=instance,
            # It starts runs at once, and they need somewhere to send their people.
            needs=("dagster-code", DATABASE_STEP, TOPIC_STEP),
            folder=site.repository,
        ),
    ]


def instance_environment(site: Site, password: str) -> dict[str, str]:
    """Give what every process of Dagster needs, `dagster job launch` of a user too."""
    url = site.database_url("dagster", "dagster", password)
    return {
        "DAGSTER_HOME": str(site.state.dagster),
        "DAGSTER_POSTGRES_URL": url,
        # SQLAlchemy takes another driver than psycopg2 for a URL that names none.
        "DAGSTER_STORAGE_URL": url.replace("postgresql://", "postgresql+psycopg2://", 1),
        "DAGSTER_CODE_HOST": HOST,
        "DAGSTER_CODE_PORT": str(site.port("dagster-code")),
    }


def pipeline_environment(site: Site, password: str) -> dict[str, str]:
    """Give the settings of `pipeline_defs` that follow from where the servers are."""
    from_servers = {
        "KAFKA_BOOTSTRAP_SERVERS": site.bootstrap_servers,
        "DATABASE_URL": site.database_url("pipeline", DATABASE, password),
        "SPARK_MASTER_URL": site.url("spark-master", "spark"),
        "SPARK_MASTER_REST_URL": site.url("spark-master-rest"),
        "SPARK_MASTER_UI_URL": site.url("spark-master-ui"),
        "SPARK_APPLICATION": str(site.repository / "spark" / "users_stream.py"),
        "SPARK_PYTHON": str(site.python),
        "SPARK_CLASS_PATH": f"{site.connector_jars}/*",
        "DAGSTER_UI_URL": site.url("dagster-webserver"),
    }
    source = site.random_user_api_url or f"{site.url('random-user-api')}/api/1.4/"
    return from_servers | {"RANDOM_USER_API_URL": source}


def prepare(site: Site) -> None:
    """Write `dagster.yaml` into DAGSTER_HOME, where runs' compute logs are kept too."""
    write_private(site.state.dagster / "dagster.yaml", TEMPLATE.read_text(encoding="utf-8"))
