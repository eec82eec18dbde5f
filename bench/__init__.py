"""The benchmark: this pipeline beside others, on the same records, servers and table. The pipeline needs none of it."""
