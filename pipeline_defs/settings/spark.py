"""Where Spark is, and what the stream is given there."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from pipeline_defs.settings.values import HttpAddress, Memory, SparkAddress

_REPOSITORY = Path(__file__).parent.parent.parent
_OF_THE_STREAM = ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC")


def _stream_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _OF_THE_STREAM or name.startswith("STREAM_")}


class SparkSettings(BaseSettings):
    """The cluster and the stream."""

    spark_master_url: SparkAddress = Field(
        default="spark://127.0.0.1:7077", description="The Spark master, for the stream's driver."
    )
    spark_master_rest_url: HttpAddress = Field(
        default="http://127.0.0.1:6066",
        description="The master's REST API, through which the stream is started and ended.",
    )
    spark_master_ui_url: HttpAddress = Field(
        default="http://127.0.0.1:8080", description="The master's web UI, whose JSON says what runs."
    )
    spark_application: str = Field(
        default=str(_REPOSITORY / "spark" / "users_stream.py"),
        description="The stream's script, as the workers see it.",
    )
    spark_python: str = Field(default=sys.executable, description="The Python that runs it on the workers.")
    spark_class_path: str = Field(
        default="", description="Where the workers have the Kafka connector; empty: with Spark's jars."
    )
    spark_driver_memory: Memory = Field(default="640m", description="Heap of the driver, such as `640m` or `1g`.")
    spark_executor_memory: Memory = Field(default="640m", description="Heap of each executor.")
    spark_cores_max: int = Field(default=3, ge=1, description="The most cores that all executors use together.")
    spark_workers: int = Field(default=2, ge=1, description="Workers that `spark_healthy` expects.")

    stream_variables: Mapping[str, str] = Field(
        default_factory=_stream_variables,
        exclude=True,
        description="No setting: what the stream is given, here only to tell one configuration of it from another.",
    )
