"""Contender 4: a consumer written by hand, with the pipeline's own parser."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

from bench.contenders.contender import process
from bench.load import Backlog
from bench.servers import TOPIC, Servers


@dataclass(frozen=True)
class HandWritten:
    """So many processes of one consumer group."""

    processes: int = 1

    @property
    def number(self) -> str:
        """Its number in the page."""
        return "4" if self.processes == 1 else f"4 x {self.processes}"

    @property
    def name(self) -> str:
        """Its name in results and options."""
        return "consumer" if self.processes == 1 else f"consumer-{self.processes}"

    @property
    def label(self) -> str:
        """What it is, in a line."""
        return "a hand-written consumer" + ("" if self.processes == 1 else f", {self.processes} processes")

    def prepare(self, servers: Servers, backlog: Backlog) -> None:
        """Need nothing."""

    @contextmanager
    def running(self, servers: Servers) -> Iterator[None]:
        """Run its processes."""
        environment = servers.environment() | {"BENCH_TOPIC": TOPIC, "BENCH_GROUP": f"bench-{uuid4()}"}
        command = [str(servers.site.python), "-m", "bench.contenders.consumer_job"]
        with ExitStack() as stack:
            for number in range(self.processes):
                log = servers.state.root / "bench" / f"{self.name}-{number}.log"
                stack.enter_context(process(command, environment, log))
            yield
