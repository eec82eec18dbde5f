"""Is there what the servers need from the machine: a Java, and an account that may run PostgreSQL?"""

from stack import java, postgres
from stack.machine.situation import Situation


def java_runs(situation: Situation) -> str:
    """Check that a Java that Kafka and Spark support is there and runs."""
    return str(java.find(situation.settings))


def database_account(situation: Situation) -> str:
    """Check that the account that runs PostgreSQL can reach its folder."""
    postgres.check_account(situation.settings, situation.state)
    return situation.settings.database_account or "the account that runs everything"
