from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from tests.integration import parsing


@pytest.fixture(scope="package")
def local_spark() -> Iterator[SparkSession]:
    session = parsing.start()
    yield session
    session.stop()
