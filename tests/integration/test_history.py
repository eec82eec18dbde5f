"""History does not grow for ever: a week of it is pruned to the days that the settings keep."""

from datetime import UTC, datetime, timedelta

from tests.integration.stack import Stack
from tests.waiting import until

# One in eight of the runs that a week of 25-second slots makes, and of the events that a sensor reports each minute.
RUNS = 7 * 24 * 60 * 60 // 25 // 8
EVENTS = 7 * 24 * 60 // 8

COPY_A_RUN = """
WITH template AS (
    SELECT * FROM runs WHERE pipeline_name = 'produce_random_users' AND status = 'SUCCESS' ORDER BY id LIMIT 1
), copies AS (
    SELECT gen_random_uuid()::text AS run_id, (now() AT TIME ZONE 'UTC') - n * interval '7 days' / %(runs)s AS at
    FROM generate_series(1, %(runs)s) AS n
), events AS (
    INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key)
    SELECT copies.run_id, replace(e.event, e.run_id, copies.run_id), e.dagster_event_type, copies.at, e.step_key, NULL
    FROM event_logs AS e INNER JOIN template USING (run_id) CROSS JOIN copies
    WHERE e.dagster_event_type IN ('PIPELINE_START', 'STEP_SUCCESS', 'PIPELINE_SUCCESS')
)
INSERT INTO runs (run_id, snapshot_id, pipeline_name, status, run_body, create_timestamp, update_timestamp)
SELECT
    copies.run_id, snapshot_id, pipeline_name, status, replace(run_body, template.run_id, copies.run_id),
    copies.at, copies.at
FROM template CROSS JOIN copies
"""

COPY_AN_EVENT = """
INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, asset_key)
SELECT '', event, dagster_event_type, (now() AT TIME ZONE 'UTC') - n * interval '7 days' / %(events)s, asset_key
FROM generate_series(1, %(events)s) AS n CROSS JOIN (
    SELECT * FROM event_logs
    WHERE run_id = '' AND dagster_event_type = 'ASSET_MATERIALIZATION' ORDER BY id LIMIT 1
) AS template
"""

KEPT = timedelta(hours=72)


def test_a_week_is_pruned_to_three_days(stack: Stack) -> None:
    until(
        lambda: stack.dagster_storage(
            "SELECT 1 FROM event_logs WHERE run_id = '' AND dagster_event_type = 'ASSET_MATERIALIZATION' LIMIT 1"
        ),
        "a materialization that a sensor reported",
    )
    stack.dagster_storage(COPY_A_RUN, runs=RUNS)
    stack.dagster_storage(COPY_AN_EVENT, events=EVENTS)
    limit = (datetime.now(UTC) - KEPT).replace(tzinfo=None)
    old = "SELECT count(*) FROM {} WHERE {} < %(limit)s"
    old_runs = old.format("runs", "create_timestamp")
    old_events = old.format("event_logs", "timestamp")
    assert stack.dagster_storage(old_runs, limit=limit)[0]["count"] > RUNS // 2

    run_id = stack.launch("prune_history")
    until(lambda: stack.run_status(run_id) in {"SUCCESS", "FAILURE"}, "the end of prune_history", 900)
    assert stack.run_status(run_id) == "SUCCESS"

    assert stack.dagster_storage(old_runs, limit=limit)[0]["count"] == 0
    # Three sevenths of the copies are left, and the few runs of this session.
    assert stack.dagster_storage("SELECT count(*) FROM runs")[0]["count"] < RUNS * 3 // 7 + 500
    # The newest event of each asset and kind stays, whatever its age.
    assert stack.dagster_storage(old_events, limit=limit)[0]["count"] <= 20
