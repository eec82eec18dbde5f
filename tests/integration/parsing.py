"""Records through the stream's parser on a Spark of the test's own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pyspark.sql import Row, SparkSession
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

from spark.parse import COLUMNS, parse


def start() -> SparkSession:
    """Start a Spark in this process, with one thread."""
    builder = SparkSession.builder.master("local[1]").appName("parse cases")
    for key, value in (
        ("spark.sql.session.timeZone", "UTC"),
        ("spark.ui.enabled", "false"),
        ("spark.driver.host", "127.0.0.1"),
        ("spark.driver.bindAddress", "127.0.0.1"),
        ("spark.driver.memory", "640m"),
    ):
        builder = builder.config(key, value)
    return builder.getOrCreate()


def parsed(session: SparkSession, values: dict[str, bytes | None]) -> dict[str, Row]:
    """Give the parsed row of each named value."""
    schema = StructType([StructField("name", StringType()), StructField("value", BinaryType())])
    return {row["name"]: row for row in parse(session.createDataFrame(list(values.items()), schema)).collect()}


def typed(row: Row) -> dict[str, Any]:
    """Give a row's text as PostgreSQL casts it."""
    casts = {"street_number": int, "age": int, "uuid": UUID, "dob_date": datetime.fromisoformat}
    return {
        column: None if row[column] is None else casts.get(column, lambda text: text)(row[column]) for column in COLUMNS
    }
