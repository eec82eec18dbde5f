"""Whom the ticks ask for people, and how often."""

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from pipeline_defs.random_user.errors import InvalidRequestError
from pipeline_defs.random_user.options import checked_parameters, checked_url
from pipeline_defs.settings.values import HttpAddress, Names


class SourceSettings(BaseSettings):
    """The API and the grid."""

    random_user_api_url: HttpAddress = Field(
        default="https://randomuser.me/api/1.4/",
        description="Where people come from: any server of the RandomUser API.",
    )
    random_user_nationalities: Names = Field(
        default=(), description="Nationalities to ask for, such as `CH,FR`; empty asks for all."
    )
    random_user_include: Names = Field(
        default=(), description="Fields to ask for; empty asks for all. What `users` needs must be among them."
    )
    random_user_exclude: Names = Field(default=(), description="Fields to leave out; none that `users` needs.")
    people_per_tick: int = Field(default=10, ge=1, le=5000, description="People in each tick.")
    cadence_seconds: int = Field(
        default=25,
        ge=5,
        le=3600,
        description="Seconds from slot to slot; slots are the multiples of it in epoch seconds.",
    )

    @model_validator(mode="after")
    def _asks_for_what_the_api_has(self) -> "SourceSettings":
        try:
            checked_url(self.random_user_api_url)
            checked_parameters(
                self.random_user_api_url,
                self.random_user_nationalities,
                self.random_user_include,
                self.random_user_exclude,
            )
        except InvalidRequestError as error:
            raise ValueError(str(error).removesuffix(".")) from None
        return self
