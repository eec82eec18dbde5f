import tempfile
from pathlib import Path

import pytest

from stack.errors import MachineError, StackError
from stack.state import State, write_private


def test_the_socket_is_in_the_state_folder():
    assert State(Path("/short")).socket == Path("/short/supervisor/supervisor.sock")


def test_the_socket_of_a_long_path_is_in_a_private_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")  # noqa: S108 - pytest's own may be long itself
    state = State(tmp_path / ("long" * 20) / "state")
    assert len(str(state.socket)) < 100
    assert state.socket != State(tmp_path / ("long" * 20) / "other").socket
    state.create()
    try:
        assert state.socket.parent.stat().st_mode & 0o777 == 0o700
    finally:
        state.delete()
    assert not state.socket.parent.exists()


def test_a_folder_in_place_of_the_socket_that_others_can_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    state = State(tmp_path / ("long" * 30))
    state.socket.parent.mkdir(mode=0o777)
    state.socket.parent.chmod(0o777)
    with pytest.raises(StackError, match="isn't private"):
        state.create()


def test_a_state_folder_that_is_a_file_is_said_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="can't be written to"):
        State(tmp_path / "file" / "state").create()


def test_one_command_at_a_time(tmp_path: Path):
    state = State(tmp_path)
    with state.locked(), pytest.raises(StackError, match="Another pipeline command"), state.locked():
        pass
    with state.locked():
        pass


def test_delete_leaves_what_others_put_there(tmp_path: Path):
    state = State(tmp_path / "state")
    state.create()
    write_private(state.passwords, "{}")
    (state.root / "mine.txt").write_text("kept")
    state.delete()
    assert [path.name for path in state.root.iterdir()] == ["mine.txt"]


def test_delete_removes_a_folder_that_held_nothing_else(tmp_path: Path):
    state = State(tmp_path / "state")
    state.create()
    with state.locked():
        pass
    state.delete()
    assert not state.root.exists()


def test_a_private_file_is_replaced_whole(tmp_path: Path):
    file = tmp_path / "file"
    write_private(file, "first")
    write_private(file, "second", mode=0o700)
    assert file.read_text() == "second"
    assert file.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
