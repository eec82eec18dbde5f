"""Made-up people with every field of version 1.4 of the RandomUser API, in its order."""

from datetime import UTC, datetime, timedelta
from random import Random

from stack.embedded_api.logins import login
from stack.embedded_api.nationalities import Nationality, nationality
from stack.embedded_api.patterns import filled
from stack.embedded_api.spelling import latin
from stack.embedded_api.timezones import TIMEZONES
from stack.embedded_api.words import Words, words

Fields = dict[str, object]

# The API's own ranges, in milliseconds of the epoch.
_BIRTHS = (-800_000_000_000, 991_088_189_000)
_REGISTRATIONS = (1_016_688_461_000, 1_653_344_189_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RARE = 0.04


def person(code: str, gender: str, random: Random, uuids: Random, now: datetime) -> Fields:
    """Make one person.

    Args:
        code: the nationality, or LEGO.
        gender: male or female.
        random: decides everything but the uuid.
        uuids: decides the uuid.
        now: for the ages.
    """
    one, vocabulary = nationality(code), words(code)
    male = gender == "male"
    first, last = random.choice(vocabulary.male if male else vocabulary.female), random.choice(vocabulary.last)
    born = _moment(random, _BIRTHS)
    return {
        "gender": gender,
        "name": {
            "title": random.choice(one.titles[0] if male else one.titles[1]),
            "first": _with_blank(first, random, _RARE if one.blank_share else 0.0),
            "last": _with_blank(last, random, _RARE if one.blank_share else 0.0),
        },
        "location": _location(one, vocabulary, random),
        "email": f"{_mailbox(code, first, last, random)}@example.com",
        "login": login(random, uuids),
        "dob": _date_and_age(born, now),
        "registered": _date_and_age(_moment(random, _REGISTRATIONS), now),
        "phone": filled(random.choice(one.phone), random),
        "cell": filled(random.choice(one.cell), random),
        "id": _identity(one, male=male, last=last, born=born, random=random),
        "picture": _picture(code, random, male=male),
        "nat": code,
    }


def _location(one: Nationality, vocabulary: Words, random: Random) -> Fields:
    offset, description = random.choice(TIMEZONES)
    return {
        "street": {
            "number": random.randint(1, 9999),
            "name": _with_blank(random.choice(vocabulary.street), random, one.blank_share),
        },
        "city": _with_blank(random.choice(vocabulary.city), random, _RARE if one.blank_share else 0.0),
        "state": random.choice(vocabulary.state),
        **({"country": one.country} if one.country else {}),
        "postcode": _postcode(one, random),
        "coordinates": {"latitude": f"{random.uniform(-90, 90):.4f}", "longitude": f"{random.uniform(-180, 180):.4f}"},
        "timezone": {"offset": offset, "description": description},
    }


def _postcode(one: Nationality, random: Random) -> int | str:
    if isinstance(one.postcode, range):
        return random.choice(one.postcode)
    return filled(random.choice(one.postcode), random)


def _mailbox(code: str, first: str, last: str, random: Random) -> str:
    """Spell the name for its e-mail address; a few keep their Persian letters or their blanks, as the API's do."""
    if code in {"IR", "BR"} and random.random() < _RARE:
        return f"{first}.{last}".lower()
    return f"{latin(first)}.{latin(last)}"


def _identity(one: Nationality, *, male: bool, last: str, born: datetime, random: Random) -> Fields:
    if random.random() < one.id_null_share:
        return {"name": "", "value": None}
    pattern = one.id_pattern.format(
        day=f"{born:%d}", month=f"{born:%m}", year=f"{born:%y}", sex=1 if male else 2, initial=last[0]
    )
    return {"name": one.id_name, "value": filled(pattern, random)}


def _picture(code: str, random: Random, *, male: bool) -> Fields:
    folder, last = ("men", 99) if male else ("women", 96)
    if code == "LEGO":
        folder, last = "lego", 9
    file = f"{folder}/{random.randint(0, last)}.jpg"
    base = "https://randomuser.me/api/portraits"
    return {"large": f"{base}/{file}", "medium": f"{base}/med/{file}", "thumbnail": f"{base}/thumb/{file}"}


def _moment(random: Random, milliseconds: tuple[int, int]) -> datetime:
    return _EPOCH + timedelta(milliseconds=random.randint(*milliseconds))


def _date_and_age(moment: datetime, now: datetime) -> Fields:
    age = now.year - moment.year - ((now.month, now.day) < (moment.month, moment.day))
    return {"date": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z", "age": age}


def _with_blank(word: str, random: Random, share: float) -> str:
    """Put a blank behind the word, or seldom before it, in that share of cases."""
    if random.random() >= share:
        return word
    return random.choice([f"{word} ", f"{word} ", f" {word}"])
