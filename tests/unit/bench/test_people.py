"""The records of the benchmark: all good people, but those that are spoilt or repeated on purpose."""

from bench.people import Mixture, records
from contract.person import PERSON
from contract.rejection import Rejection


def test_plain_records_are_people_each_of_their_own() -> None:
    rows = [PERSON.parse(value) for _, value, _ in records(500, Mixture())]
    assert not [row for row in rows if isinstance(row, Rejection)]
    uuid = PERSON.columns.index("uuid")
    assert len({row[uuid] for row in rows}) == 500


def test_same_number_is_the_same_person() -> None:
    assert list(records(3, Mixture(), first=7)) == list(records(3, Mixture(), first=7))


def test_poison_is_rejected() -> None:
    sent = list(records(1000, Mixture(poison=0.1)))
    spoilt = [value for _, value, good in sent if not good]
    assert 50 < len(spoilt) < 150
    assert all(isinstance(PERSON.parse(value), Rejection) for value in spoilt)


def test_duplicates_repeat_a_record_from_before() -> None:
    before: set[bytes] = set()
    repeated = 0
    for _, value, good in records(1000, Mixture(duplicates=0.05)):
        assert good == (value not in before)
        repeated += not good
        before.add(value)
    assert repeated
