"""What assets, checks, jobs and sensors are given: settings, the database, Kafka, the API, the Spark master.

Each is made when something runs, none at import. Tests give their own.
"""

from dagster import ResourceDefinition

from pipeline_defs.database import Database
from pipeline_defs.kafka_cluster import KafkaCluster
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.random_user import RandomUserApi
from pipeline_defs.settings import Settings, read_producer, read_settings
from pipeline_defs.spark_master import SparkMaster


def _settings(_: object) -> Settings:
    return read_settings()


def _database(_: object) -> Database:
    return Database(read_settings().database_url)


def _topic(_: object) -> Topic:
    settings = read_settings()
    return Topic(settings.kafka_bootstrap_servers, settings.kafka_topic, read_producer())


def _kafka_cluster(_: object) -> KafkaCluster:
    return KafkaCluster(read_settings().kafka_bootstrap_servers)


def _api(_: object) -> RandomUserApi:
    settings = read_settings()
    return RandomUserApi(
        settings.random_user_api_url,
        nationalities=settings.random_user_nationalities,
        include=settings.random_user_include,
        exclude=settings.random_user_exclude,
    )


def _spark_master(_: object) -> SparkMaster:
    settings = read_settings()
    return SparkMaster(settings.spark_master_ui_url, settings.spark_master_rest_url)


RESOURCES = {
    "settings": ResourceDefinition(_settings),
    "database": ResourceDefinition(_database),
    "topic": ResourceDefinition(_topic),
    "kafka_cluster": ResourceDefinition(_kafka_cluster),
    "api": ResourceDefinition(_api),
    "spark_master": ResourceDefinition(_spark_master),
}
