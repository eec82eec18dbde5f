"""What dies comes back, and what should be noticed is noticed."""

from datetime import UTC, datetime, timedelta

import psycopg2

from tests.integration.stack import Stack
from tests.waiting import until


def test_freshness_turns_red_when_the_stream_is_gone_and_green_by_itself(stack: Stack) -> None:
    until(lambda: stack.check("users", "freshness") == "passed", "freshness green at first")
    # Killing the driver's database session takes its lease; holding the lease keeps every new driver out.
    lease = psycopg2.connect(stack.environment["DATABASE_URL"], connect_timeout=10)
    lease.autocommit = True
    try:
        with lease.cursor() as cursor:
            cursor.execute("SET statement_timeout = '120s'")
            stack.kill_driver()
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('users_stream', 0))")
        until(lambda: stack.check("users", "freshness") == "failed", "freshness red", 600)
    finally:
        lease.close()
    until(lambda: stack.check("users", "freshness") == "passed", "freshness green again", 600)


def test_twelve_ticks_killed_leave_room_for_the_next_slot(stack: Stack) -> None:
    far = datetime.now(UTC) + timedelta(hours=1)
    first = far - timedelta(seconds=far.timestamp() % 25)
    runs = [
        stack.launch("produce_random_users", {"pipeline/slot": (first + timedelta(seconds=25 * n)).isoformat()})
        for n in range(12)
    ]
    processes = [until(lambda run=run: stack.process_of(run), f"the process of run {run}") for run in runs]
    for process in processes:
        process.kill()
    killed_at = datetime.now(UTC)
    until(
        lambda: stack.query(
            "SELECT slot FROM slots WHERE outcome = 'emitted' AND slot > %(killed_at)s", killed_at=killed_at
        ),
        "a slot after the twelve dead ticks",
    )
