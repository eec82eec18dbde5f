"""Rejected records go when they are old, and the ledger's totals stay."""

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from pipeline_defs import database as pipeline_database
from pipeline_defs import history
from tests.postgresql.server import Database

_RECORD = """
INSERT INTO rejected_records (topic, topic_id, partition, "offset", payload, reason, detail, rejected_at)
SELECT 't', 'id', 0, n, 'x', 'not_json', '', now() - n * interval '1 day' FROM generate_series(0, 59) AS n
"""


def test_what_is_older_than_thirty_days_goes(database: Database):
    database.run(_RECORD)
    limit = datetime.now(UTC) - timedelta(days=30, hours=1)
    tables = pipeline_database.Database(SecretStr(database.url()))
    assert history.prune_rejected(tables, limit) == 29
    assert database.value('SELECT max("offset") FROM rejected_records') == 30
    assert history.prune_rejected(tables, limit) == 0
