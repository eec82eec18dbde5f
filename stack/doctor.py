"""`pipeline doctor`: every check of the machine, at any time, a line each."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stack import machine
from stack.errors import ExitCode
from stack.machine.situation import look
from stack.settings import Settings


def examine(settings: Settings) -> list[machine.Finding]:
    """Make every check."""
    return machine.examine(look(settings))


def exit_code(findings: list[machine.Finding]) -> ExitCode:
    """Give what `pipeline doctor` ends with."""
    return ExitCode.DONE if all(finding.well for finding in findings) else ExitCode.MACHINE_NOT_READY


def as_json(findings: list[machine.Finding]) -> dict[str, Any]:
    """Give the findings as JSON knows them."""
    return {"well": exit_code(findings) == ExitCode.DONE, "checks": [asdict(finding) for finding in findings]}


def show(findings: list[machine.Finding], console: Console) -> None:
    """Print the findings for people."""
    if not console.is_terminal:
        for finding in findings:
            state = "well" if finding.well else "wrong"
            console.print(f"{finding.name:<18}{state:<7}{finding.says}", soft_wrap=True, markup=False, highlight=False)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        state = Text("well", style="green") if finding.well else Text("wrong", style="bold red")
        table.add_row(finding.name, state, Text(finding.says))
    console.print(table)
