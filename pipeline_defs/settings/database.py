"""Where PostgreSQL is, and the passwords that provisioning gives its roles."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from pipeline_defs.settings.values import DatabaseAddress


class DatabaseSettings(BaseSettings):
    """The database of the pipeline."""

    database_url: DatabaseAddress = Field(
        default=SecretStr("postgresql://pipeline@127.0.0.1:5432/project_streaming"),
        description="The database of `users` and the ledger, as the role that owns the tables.",
    )
    database_admin_url: DatabaseAddress | None = Field(
        default=None,
        description="A superuser's address: provisioning then makes roles and databases, and needs their passwords.",
    )
    pipeline_password: SecretStr | None = Field(
        default=None, description="Password that provisioning gives the role pipeline."
    )
    users_stream_password: SecretStr | None = Field(
        default=None, description="Password that provisioning gives the role users_stream."
    )
    dagster_password: SecretStr | None = Field(
        default=None, description="Password that provisioning gives the role dagster."
    )
