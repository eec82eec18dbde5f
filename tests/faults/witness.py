"""What PostgreSQL shows of the sink at work: transactions that are open, and what became of one."""

import time
from contextlib import closing

import psycopg2

from tests.faults.victims import Transaction
from tests.integration.stack import Stack

_OPEN = """
SELECT application_name, backend_xid, client_port FROM pg_stat_activity
WHERE application_name LIKE 'users_stream partition %' AND backend_xid IS NOT NULL
ORDER BY xact_start DESC LIMIT 1
"""
_PATIENCE_SECONDS = 120.0


def open_transaction(stack: Stack) -> Transaction:
    """Wait for the next moment at which the sink has an uncommitted transaction, and name it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with closing(psycopg2.connect(stack.superuser_url("postgres"), connect_timeout=10)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            while time.monotonic() < deadline:
                cursor.execute(_OPEN)
                if found := cursor.fetchone():
                    return Transaction(*found)
                time.sleep(0.005)
    raise AssertionError(f"no transaction of the sink was open for {_PATIENCE_SECONDS:.0f} s")


def is_committed(stack: Stack, transaction: Transaction) -> bool:
    """Tell whether a transaction has been committed: not if it is open still, or was rolled back."""
    [found] = stack.as_superuser("SELECT pg_xact_status(%(xid)s::xid8) AS status", xid=transaction.xid)
    return found["status"] == "committed"
