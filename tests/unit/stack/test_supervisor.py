from configparser import RawConfigParser
from pathlib import Path

import pytest
from supervisor.datatypes import dict_of_key_value_pairs
from supervisor.options import expand

from stack import site as stack_site
from stack import supervisor
from stack.components import Component, Probe, Site
from stack.errors import StackError
from stack.state import State


def read(text: str) -> RawConfigParser:
    """Read a configuration as supervisord does."""
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(text)
    return parser


def component(environment: dict[str, str]) -> Component:
    return Component("one", ("/bin/one", "a b"), Probe.POSTGRESQL, (), environment)


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "",
        "with blanks, commas and = signs",
        "100 %",
        "%(here)s",
        "postgresql://role:{password:role}@127.0.0.1:5432/database?a=b&c=d",
        "it's",
        "/path/with#sign;and/semicolon",
        "-Da=b -Dc=d",
    ],
)
def test_supervisord_reads_each_variable_as_it_was(value: str, tmp_path: Path):
    text = supervisor.render(State(tmp_path), [component({"NAME": value})], as_root=False)
    written = read(text)["program:one"]["environment"]
    assert dict_of_key_value_pairs(expand(written, {}, "environment"))["NAME"] == value


@pytest.mark.parametrize("value", ["two\nlines", 'say "this"', "'quoted'", "comment ; sign", "comment # sign"])
def test_a_variable_that_supervisord_would_misread_is_refused(value: str, tmp_path: Path):
    with pytest.raises(StackError, match="can't be handed to a server"):
        supervisor.render(State(tmp_path), [component({"NAME": value})], as_root=False)


def test_every_component_is_restarted_stopped_as_a_group_and_rotated(site: Site):
    components = stack_site.components(site)
    written = read(supervisor.render(site.state, components, as_root=False))
    for one in components:
        program = written[f"program:{one.name}"]
        assert program["autorestart"] == "true"
        assert program["stopasgroup"] == "true"
        assert program["killasgroup"] == "true"
        assert program["stdout_logfile"] == str(site.state.log(one.name))
        assert program["stdout_logfile_maxbytes"] == "10MB"
        environment = dict_of_key_value_pairs(expand(program["environment"], {}, "environment"))
        assert environment == {**one.environment, supervisor.MARK: str(site.state.root)}


@pytest.mark.parametrize(("as_root", "user"), [(True, "root"), (False, None)])
def test_supervisord_is_told_to_stay_root(as_root: bool, user: str | None, tmp_path: Path):  # noqa: FBT001 - a case
    written = read(supervisor.render(State(tmp_path), [], as_root=as_root))
    assert written["supervisord"].get("user") == user


def test_a_supervisor_that_is_not_there_is_said_in_a_sentence(tmp_path: Path):
    client = supervisor.Supervisor(State(tmp_path))
    assert not client.answers()
    with pytest.raises(StackError, match="doesn't answer"):
        client.processes()
