"""Everything that Dagster loads. Each line leads to the module that holds the thing."""

from dagster import Definitions, in_process_executor

from pipeline_defs.asset_check import definition
from pipeline_defs.assets import ASSETS
from pipeline_defs.checks import CHECKS
from pipeline_defs.cluster_checks import CLUSTER_CHECKS
from pipeline_defs.jobs import JOBS
from pipeline_defs.resources import RESOURCES
from pipeline_defs.schedules import SCHEDULES
from pipeline_defs.sensors import SENSORS
from pipeline_defs.slot_checks import SLOT_CHECKS
from pipeline_defs.stream_checks import STREAM_CHECKS

defs = Definitions(
    assets=ASSETS,
    asset_checks=[definition(check) for check in (*CHECKS, *SLOT_CHECKS, *STREAM_CHECKS, *CLUSTER_CHECKS)],
    jobs=JOBS,
    schedules=SCHEDULES,
    sensors=SENSORS,
    resources=RESOURCES,
    # One process for a run: the multiprocess executor costs three times as much.
    executor=in_process_executor,
)
