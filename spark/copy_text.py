"""One line of PostgreSQL's COPY text format for each record, made on the JVM: Python only passes the bytes on."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's documentation uses

from spark.parse import COLUMNS

NULL = r"\N"


def lines(parsed: DataFrame) -> DataFrame:
    """Give `partition`, `offset`, and two lines as bytes for each parsed record.

    `line` fills the temporary table of the batch: offset, Kafka timestamp, the columns of `users`, reason and detail.
    `raw` is the record as Kafka holds it: offset, Kafka timestamp, key, headers and payload. Only the raw lines of
    rejected records ever reach PostgreSQL.
    """
    moment = _timestamp("timestamp")
    return parsed.select(
        "partition",
        "offset",
        _line(F.col("offset").cast("string"), moment, *(_escaped(c) for c in (*COLUMNS, "reason", "detail"))),
        _line(F.col("offset").cast("string"), moment, _bytes("key"), _headers(), _bytes("value")).alias("raw"),
    )


def _line(*fields: Column) -> Column:
    ends = F.concat(F.concat_ws("\t", *(F.coalesce(field, F.lit(NULL)) for field in fields)), F.lit("\n"))
    return ends.cast("binary").alias("line")


def _escaped(column: str | Column) -> Column:
    text = F.col(column) if isinstance(column, str) else column
    for character, escape in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = F.replace(text, F.lit(character), F.lit(escape))
    return text


def _bytes(column: str) -> Column:
    return F.concat(F.lit(r"\\x"), F.hex(column))


def _headers() -> Column:
    """Give the headers as a JSON array, their values in base64: a header may hold any bytes, JSON may not."""
    # jsonb refuses U+0000.
    as_text = F.transform(
        "headers",
        lambda header: F.struct(
            F.replace(header["key"], F.lit(chr(0)), F.lit("�")).alias("key"), F.base64(header["value"]).alias("value")
        ),
    )
    return _escaped(F.to_json(as_text))


def _timestamp(column: str) -> Column:
    """Give a timestamp with its zone; NULL beyond the years that both Spark and PostgreSQL can write."""
    writable = F.year(column).between(1, 9999)
    return F.when(writable, F.concat(F.col(column).cast("string"), F.lit("+00")))
