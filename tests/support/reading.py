"""A second, independent reading of the API's JSON: plain Python, to hold the parser against."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

# Real responses of the API, beside the repository; a bare clone has none.
RECORDINGS = sorted((Path(__file__).resolve().parents[3] / "shared" / "randomuser").glob("recorded-1.4-*.json"))

# The columns of `users` that come from the person, in the table's order.
COLUMNS = (
    "gender",
    "name_title",
    "name_first",
    "name_last",
    "street_number",
    "street_name",
    "city",
    "state",
    "country",
    "postcode",
    "email",
    "uuid",
    "dob_date",
    "age",
    "phone",
    "cell",
    "picture_large",
    "email_domain",
)


def row(person: bytes | str) -> dict[str, Any]:
    """Return the row of `users` that this person's JSON must become."""
    read = json.loads(person)
    name, location, street = read["name"], read["location"], read["location"]["street"]
    email = read["email"].strip()
    country, dob = location.get("country"), read["dob"]
    return {
        "gender": read["gender"].strip(),
        "name_title": name["title"].strip(),
        "name_first": name["first"].strip(),
        "name_last": name["last"].strip(),
        "street_number": street["number"],
        "street_name": street["name"].strip(),
        "city": location["city"].strip(),
        "state": location["state"].strip(),
        "country": None if country is None else country.strip(),
        "postcode": str(location["postcode"]).strip(),
        "email": email,
        "uuid": UUID(read["login"]["uuid"]),
        "dob_date": moment(dob["date"] if isinstance(dob, dict) else dob),
        "age": dob["age"] if isinstance(dob, dict) else None,
        "phone": read["phone"].strip(),
        "cell": read["cell"].strip(),
        "picture_large": read["picture"]["large"].strip(),
        "email_domain": email.rpartition("@")[2],
    }


def moment(written: str | int) -> datetime:
    """Read ISO 8601 with or without milliseconds, or epoch seconds, as a time of day in UTC."""
    read = datetime.fromtimestamp(written, UTC) if isinstance(written, int) else datetime.fromisoformat(written)
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC).replace(tzinfo=None)
