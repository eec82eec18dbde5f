"""Raw records of every kind, parsed by Spark: the right row, or the right reason, and never a failed batch."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

from spark.parse import COLUMNS, parse
from tests.integration import reading
from tests.integration.cases import CASES


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    builder = SparkSession.builder.master("local[1]").appName("parse cases")
    for key, value in (
        ("spark.sql.session.timeZone", "UTC"),
        ("spark.ui.enabled", "false"),
        ("spark.driver.host", "127.0.0.1"),
        ("spark.driver.bindAddress", "127.0.0.1"),
        ("spark.driver.memory", "640m"),
    ):
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    yield spark
    spark.stop()


def parsed(session: SparkSession, values: dict[str, bytes | None]) -> dict[str, Row]:
    schema = StructType([StructField("name", StringType()), StructField("value", BinaryType())])
    return {row["name"]: row for row in parse(session.createDataFrame(list(values.items()), schema)).collect()}


@pytest.fixture(scope="module")
def rows(session: SparkSession) -> dict[str, Row]:
    return parsed(session, {name: case.value for name, case in CASES.items()})


@pytest.mark.parametrize("name", CASES)
def test_case(rows: dict[str, Row], name: str):
    case, row = CASES[name], rows[name]
    assert row["reason"] == case.reason, row["detail"]
    if case.reason is None:
        assert row["detail"] is None
        assert {column: row[column] for column in case.row} == case.row
    else:
        assert case.detail in row["detail"]
        assert [column for column in COLUMNS if row[column] is not None] == []
    given = None if row["value"] is None else bytes(row["value"])
    assert given == case.value


@pytest.mark.parametrize("recording", reading.RECORDINGS, ids=lambda path: path.name)
def test_recorded_people_agree_with_an_independent_reading(session: SparkSession, recording: Path):
    people = [json.dumps(one, ensure_ascii=False).encode() for one in json.loads(recording.read_text())["results"]]
    rows = parsed(session, {str(number): value for number, value in enumerate(people)})
    for number, value in enumerate(people):
        row = rows[str(number)]
        assert (row["reason"], row["detail"]) == (None, None)
        assert typed(row) == reading.row(value)


def typed(row: Row) -> dict[str, Any]:
    """Give a row's text as PostgreSQL casts it."""
    casts = {"street_number": int, "age": int, "uuid": UUID, "dob_date": datetime.fromisoformat}
    return {column: casts.get(column, lambda text: text)(row[column]) for column in COLUMNS}
