"""The assets, one file each, in the order in which data flows: random_user_topic, users_stream, users; the servers."""

from pipeline_defs.assets.clusters import kafka_cluster, spark_cluster
from pipeline_defs.assets.random_user_topic import random_user_api, random_user_topic
from pipeline_defs.assets.users import users
from pipeline_defs.assets.users_stream import users_stream

ASSETS = [random_user_api, random_user_topic, users_stream, users, kafka_cluster, spark_cluster]
