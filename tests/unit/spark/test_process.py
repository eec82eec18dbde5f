"""From what Spark throws to what people read of it."""

import pytest

from spark.process import summarize_error

_FROM_A_TASK = """[STREAM_FAILED] Query [id = 34de, runId = f1ca] terminated with exception: raised by \
the Python Proxy. Return Message: Traceback (most recent call last):
  File "/python/lib/pyspark.zip/pyspark/sql/utils.py", line 163, in call
    self.func(DataFrame(jdf, wrapped_session_jdf), batch_id)
    ^^^^^^^^^
pyspark.errors.exceptions.captured.PythonException: Job aborted due to stage failure. Traceback (most recent call last):
  File "/python/lib/pyspark.zip/pyspark/worker.py", line 3622, in main
    process()
{words}
 SQLSTATE: 39000 SQLSTATE: XXKST
=== Streaming Query ===
Identifier: users_stream [id = 34de, runId = f1ca]
"""
_DENIED = "psycopg2.errors.InsufficientPrivilege: permission denied for table users"
_CHECKED = 'psycopg2.errors.CheckViolation: new row violates "age"\nDETAIL:  Failing row contains (1, 200).'
_OF_KAFKA = "[STREAM_FAILED] Query terminated: Some of the partitions are gone.\n=== Streaming Query ===\nIdentifier: x"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("it broke", "RuntimeError: it broke", id="of the driver's own"),
        pytest.param("", "RuntimeError: ", id="without words"),
        pytest.param("one line\nand another", "RuntimeError: one line\nand another", id="of several lines"),
        pytest.param(_FROM_A_TASK.format(words=_DENIED), _DENIED, id="carried from a task"),
        pytest.param(_FROM_A_TASK.format(words=_CHECKED), _CHECKED, id="carried, of several lines"),
        pytest.param(
            _OF_KAFKA,
            "RuntimeError: [STREAM_FAILED] Query terminated: Some of the partitions are gone.",
            id="of Spark, without its plan",
        ),
    ],
)
def test_summary_is_what_people_read(words: str, expected: str):
    assert summarize_error(RuntimeError(words)) == expected
