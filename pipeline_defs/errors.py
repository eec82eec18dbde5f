"""The one kind of error that a user is meant to read."""


class PipelineError(Exception):
    """What happened, where, and what to do, in one or two sentences and without a traceback."""


class SettingsError(PipelineError):
    """A setting can't be used. The text names it, and says where it came from and what is allowed."""
