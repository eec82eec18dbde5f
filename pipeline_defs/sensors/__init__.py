"""The sensors, one file each and thin: it reads the world within time limits, asks a pure module, and reports."""

from pipeline_defs.sensors.alerting import alerting
from pipeline_defs.sensors.cluster_health import cluster_health
from pipeline_defs.sensors.slot_watch import slot_watch
from pipeline_defs.sensors.stream_supervisor import stream_supervisor
from pipeline_defs.sensors.users_checks import users_checks
from pipeline_defs.sensors.users_observer import users_observer

SENSORS = [stream_supervisor, users_observer, users_checks, cluster_health, slot_watch, alerting]
