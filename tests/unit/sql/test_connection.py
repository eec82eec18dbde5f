"""Which errors of PostgreSQL may pass, and which are a row's fault."""

import psycopg2
import pytest
from psycopg2 import errors

from sql.connection import is_row_error, is_transient


def refusal(code: str) -> psycopg2.Error:
    """Give the error that psycopg2 raises for a SQLSTATE: one made by hand has no code."""
    error = errors.lookup(code)()
    error.__setstate__({"pgcode": code})
    return error


@pytest.mark.parametrize(
    "code", ["08006", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03", "57014", "25P03", "25006"]
)
def test_transient_error(code: str):
    assert is_transient(refusal(code))
    assert not is_row_error(refusal(code))


@pytest.mark.parametrize("code", ["22001", "22003", "22007", "22P02", "23502", "23505", "23514", "54000", "P0001"])
def test_row_error(code: str):
    assert is_row_error(refusal(code))
    assert not is_transient(refusal(code))


@pytest.mark.parametrize("code", ["42P01", "42501", "28P01", "2200H"])
def test_error_that_needs_a_person(code: str):
    assert not is_row_error(refusal(code))
    assert not is_transient(refusal(code))


def test_lost_connection_is_transient():
    assert is_transient(psycopg2.OperationalError("connection refused"))
    assert is_transient(psycopg2.InterfaceError("connection already closed"))
