"""What the command line reads from the pipeline's tables and from Kafka."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2
import psycopg2.extras
from confluent_kafka import Consumer, KafkaException, TopicPartition

import sql
from stack.components import Site
from stack.errors import StackError
from stack.health import silent_logger
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


def _lag(site: Site, password: str, topic: str) -> int | None:
    """Give Kafka's end offsets minus those of the ledger, in records."""
    # Asks for offsets only; it joins no consumer group.
    client = Consumer(
        {"bootstrap.servers": site.bootstrap_servers, "group.id": "pipeline-status"}, logger=silent_logger
    )
    try:
        ledger = {row["partition"]: row["next_offset"] for row in rows(site, password, "status_ledger", topic=topic)}
        lag = 0
        for number in client.list_topics(topic, timeout=_SECONDS).topics[topic].partitions:
            _, end = client.get_watermark_offsets(TopicPartition(topic, number), timeout=_SECONDS)
            lag += max(0, end - ledger.get(number, 0))
    except (KafkaException, StackError):
        return None
    finally:
        client.close()
    return lag
