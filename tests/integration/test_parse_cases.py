"""Raw records of every kind, parsed by Spark: the right row, or the right reason, and never a failed batch."""

import json
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from spark.parse import COLUMNS
from tests.integration import reading
from tests.integration.cases import CASES
from tests.integration.parsing import parsed, typed


@pytest.fixture(scope="module")
def rows(local_spark: SparkSession) -> dict[str, Row]:
    return parsed(local_spark, {name: case.value for name, case in CASES.items()})


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
def test_recorded_people_agree_with_an_independent_reading(local_spark: SparkSession, recording: Path):
    people = [json.dumps(one, ensure_ascii=False).encode() for one in json.loads(recording.read_text())["results"]]
    rows = parsed(local_spark, {str(number): value for number, value in enumerate(people)})
    for number, value in enumerate(people):
        row = rows[str(number)]
        assert (row["reason"], row["detail"]) == (None, None)
        assert typed(row) == reading.row(value)
