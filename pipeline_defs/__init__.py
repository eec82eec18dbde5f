"""What Dagster runs: the schedule, the assets, their checks, the sensors and the jobs."""
