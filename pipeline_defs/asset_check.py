"""The frame of an asset check: one look, which Dagster can ask for and a sensor reports unasked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Generic, ParamSpec

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetKey,
    asset_check,
)

from pipeline_defs.errors import PipelineError

Resources = ParamSpec("Resources")


@dataclass(frozen=True)
class Check(Generic[Resources]):
    """One check.

    Attributes:
        asset: what it is about.
        name: how Dagster shows it.
        description: what it says where it passes, and which settings it goes by.
        look: looks and judges; its parameters are named for the resources that it needs.
    """

    asset: str
    name: str
    description: str
    look: Callable[Resources, AssetCheckResult]

    def __call__(self, *args: Resources.args, **kwargs: Resources.kwargs) -> AssetCheckResult:
        """Give the result, or a failed one that says why nothing could be seen."""
        try:
            return self.look(*args, **kwargs)
        except PipelineError as error:
            return AssetCheckResult(passed=False, description=str(error))

    @property
    def needs(self) -> frozenset[str]:
        """The names of the resources that it looks with."""
        return frozenset(signature(self.look).parameters)

    def evaluation(self, result: AssetCheckResult) -> AssetCheckEvaluation:
        """Make of a result the event that a sensor reports."""
        return AssetCheckEvaluation(
            asset_key=AssetKey(self.asset),
            check_name=self.name,
            passed=result.passed,
            severity=result.severity,
            description=result.description,
            metadata=result.metadata,
        )


def check_of(asset: str, description: str) -> Callable[[Callable[Resources, AssetCheckResult]], Check[Resources]]:
    """Make a check of an asset of the function that looks; the function's name is the check's."""

    def made(look: Callable[Resources, AssetCheckResult]) -> Check[Resources]:
        return Check(asset, look.__name__, description, look)

    return made


def looked(check: Check[...], resources: Mapping[str, object]) -> AssetCheckResult:
    """Look with what the check needs of these resources."""
    return check(**{name: resources[name] for name in check.needs})


def definition(check: Check[...]) -> AssetChecksDefinition:
    """Make what Dagster loads of a check."""

    @asset_check(
        asset=check.asset,
        name=check.name,
        description=check.description,
        required_resource_keys=set(check.needs),
    )
    def run(context: AssetCheckExecutionContext) -> AssetCheckResult:
        return looked(check, {name: getattr(context.resources, name) for name in check.needs})

    return run
