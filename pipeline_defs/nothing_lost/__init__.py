"""Is anything lost? The check `nothing_lost` of `users`: evidence from PostgreSQL and Kafka, and what it means.

from pipeline_defs.nothing_lost import evidence, judgement

result = judgement.judge(evidence.collect(database, topic))
"""
