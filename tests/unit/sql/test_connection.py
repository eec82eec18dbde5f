"""Which errors of PostgreSQL may pass, and which are a row's fault."""

import psycopg2
import pytest
from psycopg2 import errors

from spark.database import is_guilty, is_passing, persist


def refusal(code: str) -> psycopg2.Error:
    """Give the error that psycopg2 raises for a SQLSTATE: one made by hand has no code."""
    error = errors.lookup(code)()
    error.__setstate__({"pgcode": code})
    return error


@pytest.mark.parametrize(
    "code", ["08006", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03", "57014", "25P03", "25006"]
)
def test_errors_that_may_pass(code: str):
    assert is_passing(refusal(code))
    assert not is_guilty(refusal(code))


@pytest.mark.parametrize("code", ["22001", "22003", "22007", "22P02", "23502", "23514", "54000", "P0001"])
def test_errors_that_a_row_causes(code: str):
    assert is_guilty(refusal(code))
    assert not is_passing(refusal(code))


@pytest.mark.parametrize("code", ["42P01", "42501", "28P01", "2200H", "23505"])
def test_errors_that_need_a_person(code: str):
    assert not is_guilty(refusal(code))
    assert not is_passing(refusal(code))


def test_a_connection_that_is_refused_or_cut_may_pass():
    assert is_passing(psycopg2.OperationalError("connection refused"))
    assert is_passing(psycopg2.InterfaceError("connection already closed"))


def test_work_is_done_again_until_it_succeeds():
    left = [errors.DeadlockDetected(), psycopg2.OperationalError("refused")]

    def work() -> str:
        if left:
            raise left.pop()
        return "done"

    assert persist(work, 10) == "done"


def test_work_that_cannot_succeed_is_done_once():
    tries = []

    def work() -> None:
        tries.append(1)
        raise refusal("42P01")

    with pytest.raises(errors.UndefinedTable):
        persist(work, 10)
    assert len(tries) == 1


def test_work_is_given_up_when_the_time_is_over():
    def work() -> None:
        raise psycopg2.OperationalError("refused")

    with pytest.raises(psycopg2.OperationalError):
        persist(work, 0)
