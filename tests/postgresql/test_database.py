"""The pipeline's connections to a real server."""

from contextlib import closing

from pipeline_defs.database import connect
from tests.postgresql.server import Database


def test_a_machine_that_goes_away_without_a_word_is_waited_for_with_a_limit(database: Database):
    with closing(connect(database.settings.database_url)) as connection:
        found = connection.info.dsn_parameters
    seconds = int(found["keepalives_idle"]) + int(found["keepalives_interval"]) * int(found["keepalives_count"])
    assert seconds < 20
    assert int(found["tcp_user_timeout"]) < 20_000
