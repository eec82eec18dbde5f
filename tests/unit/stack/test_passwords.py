import json
import subprocess
import sys
from pathlib import Path

import pytest

from stack import passwords, with_passwords
from stack.errors import StackError
from stack.passwords import ROLES, placeholder


def test_passwords_are_made_once_and_kept_private(tmp_path: Path):
    file = tmp_path / "passwords.json"
    made = passwords.load_or_create(file)
    assert passwords.load_or_create(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(set(made.values())) == len(ROLES)


def test_the_webhook_is_kept_until_another_one_or_none_is_named(tmp_path: Path):
    file = tmp_path / "passwords.json"
    made = passwords.load_or_create(file)
    for named, kept in ((None, ""), ("http://hook", "http://hook"), (None, "http://hook"), ("", "")):
        passwords.keep_webhook(file, named)
        assert json.loads(file.read_text())[passwords.WEBHOOK] == kept
    assert passwords.load(file) == made
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"postgres": "only"}'])
def test_a_broken_file_is_named_and_left_alone(text: str, tmp_path: Path):
    file = tmp_path / "passwords.json"
    file.write_text(text)
    with pytest.raises(StackError, match="doesn't hold the passwords"):
        passwords.load_or_create(file)
    assert file.read_text() == text


def test_before_the_first_start_there_are_none(tmp_path: Path):
    with pytest.raises(StackError, match="never started"):
        passwords.load(tmp_path / "passwords.json")


def test_the_program_gets_the_password_in_its_environment(tmp_path: Path):
    file = tmp_path / "passwords.json"
    made = passwords.load_or_create(file)
    printed = subprocess.run(
        [sys.executable, with_passwords.__file__, str(file), "/bin/sh", "-c", 'echo "$URL"'],
        env={"URL": f"postgresql://dagster:{placeholder('dagster')}@host/dagster"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    assert printed == f"postgresql://dagster:{made['dagster']}@host/dagster\n"
