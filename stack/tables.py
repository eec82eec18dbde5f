"""What the command line reads from the pipeline's tables and from Kafka."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2
import psycopg2.extras

import sql
from pipeline_defs import ledger
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_logging import SILENT
from pipeline_defs.kafka_topic import Topic
from stack.components import Site
from stack.errors import StackError
from stack.postgres import DATABASE

_SECONDS = 5


@dataclass(frozen=True)
class Pipeline:
    """How the pipeline itself is doing."""

    stream_wanted: str | None
    last_slot: datetime | None
    last_outcome: str | None
    newest_row: datetime | None
    lag: int | None  # records in Kafka that the ledger has not accounted for


def rows(site: Site, password: str, statement: str, **values: object) -> list[dict[str, Any]]:
    """Give the rows of `sql/statements/<statement>.sql`.

    Raises:
        StackError: the database does not answer.
    """
    try:
        connection = psycopg2.connect(
            site.database_url("pipeline", DATABASE, password),
            connect_timeout=_SECONDS,
            options=f"-c statement_timeout={_SECONDS * 1000} -c timezone=UTC",
            cursor_factory=psycopg2.extras.RealDictCursor,
        )
    except psycopg2.Error as error:
        raise StackError(f"PostgreSQL does not answer ({str(error).strip()}). `make status` shows what runs.") from None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql.statement(statement), values)
            return [dict(row) for row in cursor.fetchall()]
    except psycopg2.Error as error:
        raise StackError(f"PostgreSQL refuses {statement}.sql ({str(error).strip()}).") from None
    finally:
        connection.close()


def pipeline(site: Site, password: str, topic: str) -> Pipeline:
    """Read how the pipeline is doing; what can't be read is None."""

    def first(statement: str, **values: object) -> dict[str, Any]:
        try:
            return next(iter(rows(site, password, statement, **values)), {})
        except StackError:
            return {}

    slot = first("status_last_slot")
    return Pipeline(
        stream_wanted=first("status_stream").get("wanted"),
        last_slot=slot.get("slot"),
        last_outcome=slot.get("outcome"),
        newest_row=first("status_newest_row").get("ingested_at"),
        lag=_lag(site, password, topic),
    )


def _lag(site: Site, password: str, topic_name: str) -> int | None:
    # The status has a line for each broker that is away.
    topic = Topic(site.bootstrap_servers, topic_name, logger=SILENT)
    try:
        ends = topic.end_offsets()
        ledger_rows = rows(site, password, "ledger_read", topic=topic_name)
        return sum(ledger.lag(ledger_rows, topic.describe().topic_id, ends).values())
    except (PipelineError, StackError):
        return None
