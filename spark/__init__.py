"""What runs on the Spark workers: the stream from Kafka to PostgreSQL."""
