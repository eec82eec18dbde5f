"""The kinds of values that settings have, each with its check; a secret is never shown."""

import re
from typing import Annotated

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode


def _address_starting_with(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if not value.startswith(schemes):
            raise ValueError(f"it must start with {' or '.join(schemes)}")
        return value

    return AfterValidator(check)


def libpq_address(url: SecretStr) -> str:
    """Give a PostgreSQL address as libpq reads it: SQLAlchemy's, as Dagster takes it, also names the driver."""
    return url.get_secret_value().replace("postgresql+psycopg2://", "postgresql://", 1)


def _database_address(value: SecretStr) -> SecretStr:
    address = libpq_address(value)
    try:
        parts = parse_dsn(address)
    except (psycopg2.Error, ValueError):
        parts = {"port": "unreadable"}
    # What is not percent-encoded in a password spills over into host, port or database, which later errors quote.
    spilt = "@" in parts.get("host", "") + parts.get("dbname", "") or not re.fullmatch(r"\d*", parts.get("port", ""))
    if spilt or not address.startswith(("postgresql://", "postgres://")):
        raise ValueError(
            "it must read postgresql://user:password@host:port/database, with special characters of the password "
            "percent-encoded (its value is not shown here)"
        )
    return value


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _webhook(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, str) and not value.startswith(("http://", "https://")):
        raise ValueError("it must start with http:// or https:// (its value is not shown here)")
    return value


DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_address)]
HttpAddress = Annotated[str, _address_starting_with("http://", "https://")]
SparkAddress = Annotated[str, _address_starting_with("spark://")]
# Empty: none.
WebhookAddress = Annotated[SecretStr | None, BeforeValidator(_webhook)]
# As it stands in the environment: values separated by commas.
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Memory = Annotated[str, Field(pattern=r"^[1-9]\d*[kmg]$")]
Seconds = Annotated[int, Field(ge=1)]
