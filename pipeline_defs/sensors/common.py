"""What all sensors share."""

from datetime import timedelta

from dagster import DefaultSensorStatus

RUNNING = DefaultSensorStatus.RUNNING
# With a look every 15 s, this makes at least one report a minute.
AT_LEAST_EVERY = timedelta(seconds=45)
