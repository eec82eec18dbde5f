"""What all assets of the pipeline share."""

GROUP = "pipeline"
OWNERS = ["team:data-platform"]
