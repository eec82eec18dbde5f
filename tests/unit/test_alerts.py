from datetime import datetime

import pytest

from pipeline_defs import alerts
from pipeline_defs.alerts import Alert, Seen
from tests.unit.supervision.worlds import ago


def seen(outcome: str, check: str = "stream_running", at: datetime | None = None) -> Seen:
    return Seen("users_stream", check, outcome, "crash loop: boom.", at or ago(0))


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (["passed", "failed", "failed", "failed"], ["failed"]),
        (["failed", "failed", "passed", "passed"], ["failed", "passed"]),
        (["failed", "warned", "failed", "warned", "passed"], ["failed", "passed"]),
        (["warned", "passed"], []),
        (["failed", "passed", "failed", "passed"], ["failed", "passed", "failed", "passed"]),
    ],
)
def test_each_failure_and_each_recovery_is_told_once(outcomes: list[str], told: list[str]):
    known: alerts.Told = {}
    found = []
    for outcome in outcomes:
        for alert in alerts.alerts(known, [seen(outcome)]):
            found.append(alert.seen.outcome)
            known = alerts.after(known, alert)
    assert found == told


def test_what_was_told_is_remembered_by_check():
    known = alerts.after({"freshness": ago(9)}, Alert(seen("failed"), ago(5)))
    assert alerts.read_cursor(alerts.write_cursor(known)) == known == {"freshness": ago(9), "stream_running": ago(5)}
    assert alerts.after(known, Alert(seen("passed"), ago(5))) == {"freshness": ago(9)}


def test_a_foreign_cursor_is_nothing_told():
    assert alerts.read_cursor("nonsense") == alerts.read_cursor(None) == alerts.read_cursor("[1]") == {}


def test_other_checks_are_not_told():
    assert alerts.alerts({}, [seen("failed", "complete_rows")]) == []


def test_the_message_of_a_failure():
    tried = ["11:59:00 restart (killed after 60 s; submitted as driver-7)", "11:59:50 give up (stopped by itself)"]
    assert alerts.text(Alert(seen("failed"), ago(5)), tried, "http://dagster") == (
        ":red_circle: *stream_running* of users_stream failed: crash loop: boom.\n"
        "Since 2026-05-04 11:59:55 UTC.\n"
        "Tried: 11:59:00 restart (killed after 60 s; submitted as driver-7); 11:59:50 give up (stopped by itself).\n"
        "<http://dagster/assets/users_stream?view=checks|Look at users_stream in Dagster>"
    )


def test_the_message_of_a_recovery():
    told = alerts.text(Alert(seen("passed"), ago(65)), [], "http://dagster")
    assert told.startswith(":large_green_circle: *stream_running* of users_stream is well again")
    assert "Since 2026-05-04 11:58:55 UTC until 12:00:00 UTC." in told
    assert "Nothing was tried." in told


def test_what_is_quoted_is_no_markup():
    quoting = Seen("users_stream", "stream_running", "failed", "<!channel> & co", ago(0))
    told = alerts.text(Alert(quoting, ago(5)), ["started <it>"], "http://dagster")
    assert "failed: &lt;!channel&gt; &amp; co" in told
    assert "Tried: started &lt;it&gt;." in told
