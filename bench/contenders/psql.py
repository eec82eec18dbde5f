"""Contender 5: psql's COPY of rows that were parsed before. Nothing that reads Kafka can be faster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import people
from bench.contenders.contender import process
from bench.load import Backlog
from bench.servers import Servers
from contract.person import PERSON
from contract.rejection import Rejection
from sql.copy_text import copy_line


class Psql:
    """One COPY of everything."""

    number = "5"
    name = "psql"
    label = "psql's COPY of parsed rows"

    def prepare(self, servers: Servers, backlog: Backlog) -> None:
        """Parse the records and write their rows into a file."""
        file = self._file(servers)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as rows:
            for _, value, good in people.records(backlog.records, backlog.mixture):
                row = PERSON.parse(value)
                if good and not isinstance(row, Rejection):
                    rows.write(copy_line(row))

    @contextmanager
    def running(self, servers: Servers) -> Iterator[None]:
        """Copy the file."""
        columns = ", ".join(PERSON.columns)
        command = [str(servers.site.postgres_programs / "psql"), "--no-psqlrc", "-c"]
        command += [rf"\copy {PERSON.table} ({columns}) FROM '{self._file(servers)}'"]
        with process(command, servers.environment(), servers.state.root / "bench" / "psql.log"):
            yield

    @staticmethod
    def _file(servers: Servers) -> Path:
        return servers.state.root / "bench" / "rows.copy"
