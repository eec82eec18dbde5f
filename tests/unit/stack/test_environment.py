from pathlib import Path

import pytest

from stack import environment
from stack.components import Site
from stack.passwords import ROLES


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin", "/a:/b:/usr/bin"),
        ("/a:/usr/bin", "/a:/b:/usr/bin"),
        ("/usr/bin:/b:/a", "/a:/b:/usr/bin"),
        ("/a:/b:/usr/bin", "/a:/b:/usr/bin"),
    ],
)
def test_evaluated_twice_the_path_does_not_grow(path: str, expected: str):
    assert environment.with_programs(path, [Path("/a"), Path("/b")]) == expected


def test_variables(site: Site):
    found = environment.variables(site, {role: f"{role}-secret" for role in ROLES}, "/usr/bin")
    assert found["DATABASE_URL"] == "postgresql://pipeline:pipeline-secret@127.0.0.1:5432/project_streaming"
    assert found["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097"
    assert found["SPARK_MASTER_URL"] == "spark://127.0.0.1:7077"
    assert found["SPARK_MASTER_REST_URL"] == "http://127.0.0.1:6066"
    assert found["SPARK_MASTER_UI_URL"] == "http://127.0.0.1:8080"
    assert found["DAGSTER_UI_URL"] == "http://127.0.0.1:3000"
    assert found["DAGSTER_HOME"] == str(site.state.dagster)
    # A shell that evaluated this must not be taken for one that chose a source by itself.
    assert "RANDOM_USER_API_URL" not in found
    assert "postgres-secret" not in str(found)
