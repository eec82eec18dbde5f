"""Work that may fail for a reason that passes."""

import pytest

from contract.retry import retry


class TransientError(Exception):
    """Passes."""


def test_work_is_done_again_until_it_succeeds():
    left = [TransientError(), TransientError()]

    def work() -> str:
        if left:
            raise left.pop()
        return "done"

    assert retry(work, 10, TransientError) == "done"


@pytest.mark.parametrize("error", [TransientError(), ValueError()])
def test_permanent_error_is_raised_at_once(error: Exception):
    tries = []

    def work() -> None:
        tries.append(1)
        raise error

    with pytest.raises(type(error)):
        retry(work, 10, TransientError, lambda _: False)
    assert len(tries) == 1


def test_work_is_given_up_when_the_time_is_over():
    def work() -> None:
        raise TransientError

    with pytest.raises(TransientError):
        retry(work, 0, TransientError)
