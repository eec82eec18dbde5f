"""Where this stack is, and all of its components: settings, folders, programs and jars put together."""

import sys
from pathlib import Path

from pipeline_defs.settings import Settings as PipelineSettings
from stack import dagster_home, jars, kafka, postgres, spark_cluster, spark_home
from stack.chosen_settings import chosen_for_dagster, chosen_for_the_stream, chosen_source
from stack.components import HOST, Component, Probe, Site
from stack.settings import REPOSITORY, Settings
from stack.state import State

EMBEDDED_API = "random-user-api"
DEFAULT_SOURCE: str = PipelineSettings.model_fields["random_user_api_url"].default


def locate(settings: Settings, *, java: Path = Path("java"), embedded_api: bool | None = None) -> Site:
    """Give the site of these settings.

    Args:
        settings: of the servers.
        java: the Java that was found; commands that start nothing leave it out.
        embedded_api: whether the people come from the embedded API; None for what the last start decided.
    """
    state = State(settings.state)
    folders = jars.folders(settings.cache)
    if embedded_api is None:
        embedded_api = embedded_api_mark(state).exists()
    return Site(
        settings=settings,
        state=state,
        repository=REPOSITORY,
        # As it was called, not resolved: behind the link is an interpreter that knows nothing of .venv.
        python=Path(sys.executable),
        java=java,
        spark_home=spark_home.home(),
        kafka_jars=folders["kafka"],
        connector_jars=folders["spark"],
        postgres_programs=postgres.programs(settings, state),
        random_user_api_url=None if embedded_api else chosen_source() or DEFAULT_SOURCE,
    )


def components(site: Site) -> list[Component]:
    """Give every component of the stack, in the order in which people read them."""
    # Dagster is told the stream's settings too: a stream that runs with others is out of date.
    chosen = chosen_for_dagster() | chosen_for_the_stream()
    return [
        postgres.component(site),
        *kafka.components(site),
        *spark_cluster.components(site, chosen_for_the_stream()),
        *([_embedded_api(site)] if site.random_user_api_url is None else []),
        *dagster_home.components(site, chosen),
    ]


def embedded_api_mark(state: State) -> Path:
    """Give the file whose presence says that the embedded API is a part of this stack."""
    return state.root / "embedded_api"


def _embedded_api(site: Site) -> Component:
    port = site.port(EMBEDDED_API)
    return Component(
        name=EMBEDDED_API,
        command=(str(site.python), "-m", "stack.embedded_api", "--host", HOST, "--port", str(port)),
        probe=Probe.RANDOM_USER_API,
        ports=(port,),
        folder=site.repository,
    )
