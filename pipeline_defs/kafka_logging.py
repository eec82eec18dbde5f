"""What Kafka's client writes of its own accord, where the answer of a call says the same."""

import logging

# No line has so high a level.
SILENT = logging.Logger("librdkafka", logging.CRITICAL + 1)
