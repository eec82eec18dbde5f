"""Contender 6: this pipeline's stream as shipped, started as the job start_stream starts it."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.load import Backlog
from bench.servers import Servers
from pipeline_defs import stream
from pipeline_defs.database import Database
from pipeline_defs.spark_master import SparkMaster
from stack.launch import last_lines
from stack.spark_cluster import stream_logs

_LAST_LINES = 20


class Pipeline:
    """The stream on the cluster, without Dagster: what starts and ends it is called directly."""

    number = "6"
    name = "pipeline"
    label = "this pipeline"

    def prepare(self, servers: Servers, backlog: Backlog) -> None:
        """Need nothing."""

    @contextmanager
    def running(self, servers: Servers) -> Iterator[None]:
        """Run the stream."""
        settings = servers.pipeline_settings()
        database = Database(settings.database_url)
        master = SparkMaster(settings.spark_master_ui_url, settings.spark_master_rest_url)
        stream.want(database, settings, "the benchmark")
        stream.start(database, master, settings)
        try:
            yield
        except Exception as error:
            for log in stream_logs(servers.state):
                error.add_note("\n".join(last_lines(log, _LAST_LINES)))
            raise
        finally:
            stream.stop(database, master, "the benchmark", stream.Patience())
