"""The Spark program of contenders 1 and 2: Kafka → from_json → a JDBC append in foreachBatch.

Written anew after the sink of the project that this one replaces, and run by spark-submit with the settings below in
its environment. A record of ours is one person, where that project's is the API's whole answer; its retries and what it
drops after three of them are left out, since nothing fails here.
"""

import os

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's documentation uses

# All that the API gives, with the types that the replaced project gives it: a postcode that is no number becomes NULL.
_WHOLE = """
gender STRING, name STRUCT<title: STRING, first: STRING, last: STRING>,
location STRUCT<street: STRUCT<number: INT, name: STRING>, city: STRING, state: STRING, country: STRING, postcode: INT,
    coordinates: STRUCT<latitude: STRING, longitude: STRING>, timezone: STRUCT<offset: STRING, description: STRING>>,
email STRING, login STRUCT<uuid: STRING, username: STRING, password: STRING, salt: STRING, md5: STRING, sha1: STRING,
    sha256: STRING>,
dob STRUCT<date: STRING, age: INT>, registered STRUCT<date: STRING, age: INT>, phone STRING, cell STRING,
id STRUCT<name: STRING, value: STRING>, picture STRUCT<large: STRING, medium: STRING, thumbnail: STRING>, nat STRING
"""
# Only what the table holds.
_NEEDED = """
gender STRING, name STRUCT<title: STRING, first: STRING, last: STRING>,
location STRUCT<street: STRUCT<number: INT, name: STRING>, city: STRING, state: STRING, country: STRING,
    postcode: STRING>,
email STRING, login STRUCT<uuid: STRING>, dob STRUCT<date: STRING, age: INT>, phone STRING, cell STRING,
picture STRUCT<large: STRING>
"""
_COLUMNS = {
    "gender": "gender",
    "name_title": "name.title",
    "name_first": "name.first",
    "name_last": "name.last",
    "street_number": "location.street.number",
    "street_name": "location.street.name",
    "city": "location.city",
    "state": "location.state",
    "country": "location.country",
    "postcode": "location.postcode",
    "email": "email",
    "uuid": "login.uuid",
    "age": "dob.age",
    "phone": "phone",
    "cell": "cell",
    "picture_large": "picture.large",
}


def main() -> None:
    """Run until somebody ends it."""
    given = os.environ
    tuned = given["BENCH_TUNED"] == "yes"
    spark = SparkSession.builder.appName("jdbc append").getOrCreate()
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", given["KAFKA_BOOTSTRAP_SERVERS"])
        .option("subscribe", given["BENCH_TOPIC"])
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", given["BENCH_RECORDS_PER_BATCH"])
        .load()
    )
    person = F.from_json(F.col("value").cast("string"), _NEEDED if tuned else _WHOLE)
    people = records.filter(F.col("value").isNotNull()).select(person.alias("person"))
    properties = {
        "user": given["PGUSER"],
        "password": given["PGPASSWORD"],
        "driver": "org.postgresql.Driver",
        "batchsize": given["BENCH_ROWS_PER_STATEMENT"],
    }
    address = given["BENCH_JDBC_URL"]

    def append(batch: DataFrame, _number: int) -> None:
        batch.select(*_columns()).write.jdbc(address, "users", "append", properties)

    (
        people.writeStream.foreachBatch(append)
        .option("checkpointLocation", given["BENCH_CHECKPOINT"])
        .trigger(processingTime="0 seconds")
        .start()
        .awaitTermination()
    )


def _columns() -> list[Column]:
    columns = [F.col(f"person.{path}").alias(column) for column, path in _COLUMNS.items()]
    born = F.to_timestamp(F.col("person.dob.date"), "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")
    return [*columns, born.alias("dob_date")]


if __name__ == "__main__":
    main()
