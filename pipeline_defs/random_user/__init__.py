"""The RandomUser API: what may be asked, how it is asked, what its answer means, and each way in which it can fail."""

from pipeline_defs.random_user.client import Fetched, RandomUserApi
from pipeline_defs.random_user.errors import RandomUserError
from pipeline_defs.random_user.response import Person

__all__ = ["Fetched", "Person", "RandomUserApi", "RandomUserError"]
