"""The one kind of error that a user is meant to read."""


class PipelineError(Exception):
    """What happened, where, and what to do, in one or two sentences and without a traceback."""
