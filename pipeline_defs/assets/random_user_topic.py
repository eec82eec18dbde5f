"""The topic, and the API that feeds it. One materialization is one tick: so many people, sent and acknowledged."""

from collections.abc import Iterator

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Failure,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    TableRecord,
    asset,
)

from pipeline_defs import slots
from pipeline_defs.assets.common import GROUP, OWNERS
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.random_user import RandomUserApi
from pipeline_defs.schedule_state import is_switched_on
from pipeline_defs.settings import Settings
from pipeline_defs.tick import Emission, SlotNotOurs, Tick

random_user_api = AssetSpec(
    "random_user_api",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"api"},
    description="The RandomUser API, version 1.4: made-up people as JSON. RANDOM_USER_API_URL names the server.",
    metadata={"documentation": MetadataValue.url("https://randomuser.me/documentation")},
)


@asset(
    deps=[random_user_api],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"kafka", "python"},
    output_required=False,
    description=(
        "Kafka topic: each person's JSON as the API gave it, keyed by `login.uuid`. The schedule `every_25_seconds` "
        "runs it once for each slot of the grid; a run waits for its slot, claims it in the table `slots`, and ends "
        "quietly when the slot is somebody else's, past, or no longer wanted. Launched by hand it sends at once."
    ),
)
def random_user_topic(
    context: AssetExecutionContext,
    settings: ResourceParam[Settings],
    database: ResourceParam[Database],
    topic: ResourceParam[Topic],
    api: ResourceParam[RandomUserApi],
) -> Iterator[MaterializeResult]:
    """Run one tick, and report it as a materialization if it sent people."""
    slot = slots.from_tags(context.run.tags)

    def wanted() -> bool:
        return is_switched_on(context.instance)

    this = Tick(settings, database, topic, api, context.run.run_id, wanted)
    try:
        emission = this.in_slot(slot) if slot else this.at_once()
    except SlotNotOurs as reason:
        context.log.info(f"Nothing is sent: {reason}.")
        return
    except PipelineError as error:
        raise Failure(str(error), allow_retries=False) from error
    yield _result(emission)


def _result(emission: Emission) -> MaterializeResult:
    fetched, deliveries = emission.fetched, emission.deliveries
    offsets: dict[str, list[int]] = {}
    for delivery in sorted(deliveries, key=lambda each: (each.partition, each.offset)):
        offsets.setdefault(str(delivery.partition), []).append(delivery.offset)
    people = [TableRecord({"name": person.name, "country": person.country}) for person in fetched.people]
    return MaterializeResult(
        metadata={
            "people": len(deliveries),
            "bytes": sum(len(person.raw) for person in fetched.people),
            "slot_error_ms": None if emission.slot_error_ms is None else round(emission.slot_error_ms, 3),
            "api_latency_ms": round(fetched.latency_seconds * 1000, 1),
            "api_attempts": fetched.attempts,
            "source": MetadataValue.url(fetched.source),
            "made_up_here": fetched.made_up_here,
            "offsets_by_partition": MetadataValue.json(offsets),
            "names": MetadataValue.table(people),
        }
    )
