"""The state folder: where all that a stack writes is kept, and the lock that one command at a time holds."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stack.errors import MachineError, StackError
from stack.remembered import REMEMBERED
from stack.settings import Settings

# A Unix socket's path may have 107 bytes, and supervisord binds a longer name before it renames it.
_LONGEST_SOCKET_PATH = 90


@dataclass(frozen=True)
class State:
    """The layout of the state folder."""

    root: Path

    @property
    def passwords(self) -> Path:
        """The one file with passwords, mode 600."""
        return self.root / "passwords.json"

    @property
    def supervisor(self) -> Path:
        """Folder of supervisord's configuration, pid and log."""
        return self.root / "supervisor"

    @property
    def logs(self) -> Path:
        """Folder of one rotated log per component."""
        return self.root / "logs"

    @property
    def kafka(self) -> Path:
        """Folder of one folder per controller and broker."""
        return self.root / "kafka"

    @property
    def postgresql(self) -> Path:
        """Folder of the database cluster."""
        return self.root / "postgresql"

    @property
    def spark(self) -> Path:
        """Folder of the master's recovery state, the workers' work and the stream's checkpoints."""
        return self.root / "spark"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def bin(self) -> Path:
        """Folder of the client programs that `pipeline env` puts on the PATH."""
        return self.root / "bin"

    def log(self, component: str) -> Path:
        """Give the log file of a component."""
        return self.logs / f"{component}.log"

    @property
    def socket(self) -> Path:
        """Supervisord's socket: in the state folder, or in a private temporary folder where the path is too long."""
        usual = self.supervisor / "supervisor.sock"
        if len(os.fsencode(usual)) <= _LONGEST_SOCKET_PATH:
            return usual
        name = sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"pipeline-{os.geteuid()}-{name}" / "supervisor.sock"

    def exists(self) -> bool:
        """Tell whether a stack was ever started here."""
        return self.supervisor.is_dir()

    def create(self) -> None:
        """Make the folders.

        Raises:
            MachineError: a folder can't be made or written to.
        """
        # As root, the account that runs PostgreSQL has to pass through the folder to its own.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(mode)
            for folder in (self.supervisor, self.logs, self.kafka, self.spark, self.dagster, self.bin):
                folder.mkdir(mode=0o700, exist_ok=True)
            self.postgresql.mkdir(mode=mode, exist_ok=True)
            self._create_socket_folder()
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise MachineError(
                f"The state folder {self.root} can't be written to ({error.strerror}). "
                "Free or repair it, or name another folder in PIPELINE_STATE."
            ) from None

    def _create_socket_folder(self) -> None:
        folder = self.socket.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        # The name can be guessed: somebody else's folder there must not get our socket.
        if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise StackError(f"{folder} exists and isn't private to this account. Remove it and try again.")

    def delete(self) -> None:
        """Delete what was made here. Files that others put into the folder stay, and the folder with them."""
        for folder in (self.supervisor, self.logs, self.kafka, self.postgresql, self.spark, self.dagster, self.bin):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.passwords, self.root / REMEMBERED, self.root / "lock", self.root / "embedded_api"):
            file.unlink(missing_ok=True)
        self.delete_socket_folder()
        with suppress(OSError):
            self.root.rmdir()

    def delete_socket_folder(self) -> None:
        """Delete the socket's folder where it is not in the state folder."""
        if self.socket.parent != self.supervisor:
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def remember(self, settings: Settings) -> None:
        """Keep the ports and chosen settings of this start, so that later commands need not be told again."""
        write_private(self.root / REMEMBERED, json.dumps(settings.remembered(), indent=2) + "\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the state folder for one command. The lock goes with the process, however it ends.

        Raises:
            StackError: another command holds it.
        """
        with (self.root / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise StackError(
                    f"Another pipeline command (process {file.read().strip() or 'unknown'}) is at work on "
                    f"{self.root}. Wait for it to end, then try again."
                ) from None
            file.seek(0)
            file.truncate()
            file.write(str(os.getpid()))
            file.flush()
            yield


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file whole or not at all, with this mode from its first byte on."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(mode)
    partial.replace(path)
