"""The program of contender 4: poll, parse, COPY, commit the database, commit the offsets. No Spark.

What most people would write: a consumer group, at least once. It knows of no duplicates, throws poison away, and reads
again what it had written when it dies between its two commits.
"""

import os

import psycopg2
from confluent_kafka import Consumer, KafkaException

from contract.person import PERSON
from contract.rejection import Rejection
from sql.copy_text import copy

_RECORDS_PER_TRANSACTION = 10_000


def main() -> None:
    """Run until somebody ends it."""
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": os.environ["BENCH_GROUP"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # Its queue of 64 MiB fills up with a backlog; by default it then waits for a second.
            "fetch.queue.backoff.ms": 10,
        }
    )
    consumer.subscribe([os.environ["BENCH_TOPIC"]])
    connection = psycopg2.connect("")
    while True:
        first = consumer.poll(1.0)
        if first is None:
            continue
        messages = [first, *consumer.consume(_RECORDS_PER_TRANSACTION - 1, timeout=0.005)]
        rows = []
        for message in messages:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            value = message.value()
            row = PERSON.parse(value.encode() if isinstance(value, str) else value)
            if not isinstance(row, Rejection):
                rows.append(row)
        with connection, connection.cursor() as cursor:
            copy(cursor, PERSON.table, PERSON.columns, rows)
        consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main()
