"""docs/commands.md has every command, with its options, and every exit code."""

import re
from pathlib import Path

import pytest
import typer

from stack.command_line import app
from stack.errors import ExitCode

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_group(app)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.commands.items() if not command.hidden])
def test_every_command_is_on_the_page_with_its_options(name: str):
    lines = re.findall(rf"^\| `pipeline {name}\b.*$", PAGE, flags=re.MULTILINE)
    assert lines
    options = {option.opts[0] for option in COMMANDS.commands[name].params if option.opts[0].startswith("--")}
    assert {option for option in options if not any(option in line for line in lines)} == set()


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_on_the_page(code: ExitCode):
    assert re.search(rf"^\| {code.value} \|", PAGE, flags=re.MULTILINE)
