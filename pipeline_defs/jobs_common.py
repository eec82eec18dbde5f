"""What all jobs share: a time limit, no second try, and errors that are one sentence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dagster import Failure

from pipeline_defs.errors import PipelineError


def limits(seconds: int) -> Mapping[str, str]:
    """Tags that end a run which hangs, and that forbid a second try."""
    return {"dagster/max_runtime": str(seconds), "dagster/max_retries": "0"}


@contextmanager
def clear_failure() -> Iterator[None]:
    """Let a run fail with the sentence of an error that people are meant to read."""
    try:
        yield
    except PipelineError as error:
        raise Failure(str(error), allow_retries=False) from error
