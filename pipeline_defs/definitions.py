"""Everything that Dagster loads. Each line leads to the module that holds the thing."""

from dagster import Definitions, in_process_executor

from pipeline_defs.assets import ASSETS
from pipeline_defs.checks import CHECKS
from pipeline_defs.jobs import JOBS
from pipeline_defs.resources import RESOURCES
from pipeline_defs.schedules import SCHEDULES
from pipeline_defs.sensors import SENSORS

defs = Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=JOBS,
    schedules=SCHEDULES,
    sensors=SENSORS,
    resources=RESOURCES,
    # One process for a run: the multiprocess executor costs three times as much.
    executor=in_process_executor,
)
