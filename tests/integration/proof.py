"""What the pipeline's own check `nothing_lost` shows, asked at once instead of when it is due."""

from pydantic import SecretStr

from pipeline_defs.database import Database
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.nothing_lost import evidence, judgement
from tests.integration.stack import TOPIC, Stack

_COUNT_SECONDS = 300


def complaint(stack: Stack) -> str:
    """Count all rows now, and return what the check complains of: nothing while it is green."""
    database = _database(stack)
    database.run("proof_count")
    judged = judgement.judge(evidence.collect(database, Topic(stack.bootstrap_servers, TOPIC)))
    return "" if judged.passed else judged.description or "without a word"


def acknowledge(stack: Stack) -> None:
    """Say that the losses of now are known, as the job `acknowledge_losses` does."""
    _database(stack).run("acknowledge", acknowledged_by="tests", note="the tests deleted it")


def _database(stack: Stack) -> Database:
    return Database(SecretStr(stack.environment["DATABASE_URL"]), statement_seconds=_COUNT_SECONDS)
