"""`make bench` and `make bench-quick`.

python -m bench [--quick] [--block NAME …] [--again] [--report] [--list]
"""

import argparse
import fcntl
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import report
from bench.blocks import BLOCKS, QUICK, Block
from bench.results import FILE, Results
from bench.runner import Runner, say
from bench.servers import Servers
from stack.settings import default_state

_PORT_OFFSET = 21_000


def main() -> int:
    """Run what is asked for, write the page, and return the exit code."""
    given = _arguments()
    if given.list:
        sys.stdout.write("".join(f"{block.name:14}{block.title}\n" for block in (QUICK, *BLOCKS)))
        return 0
    results = Results.load(given.results)
    blocks = [QUICK] if given.quick else [block for block in BLOCKS if not given.block or block.name in given.block]
    if given.quick or given.again:
        results.forget([block.name for block in blocks])
    done = given.report or _run(given, blocks, results)
    if given.results == FILE:
        report.write(results)
    return 0 if done else 1


def _run(given: argparse.Namespace, blocks: Sequence[Block], results: Results) -> bool:
    """Run blocks, and return whether all of them are done. One that fails does not keep the next one from running."""
    with Path(__file__).open("rb") as alone:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("Another benchmark runs. Wait for it to end.\n")
            return False
        servers = Servers(given.state, given.port_offset, Console(quiet=True))
        servers.clear()
        done = True
        try:
            runner = Runner(servers, results, given.records)
            for block in blocks:
                try:
                    done = runner.run(block) and done
                except Exception:
                    traceback.print_exc()
                    say(f"{block.name} failed; what it has seen so far is kept")
                    done = False
        finally:
            servers.destroy()
        return done


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="contenders 1, 4 and 6 at 200,000 records, run anew")
    parser.add_argument("--block", action="append", default=[], help="only this block; may come more than once")
    parser.add_argument("--again", action="store_true", help="forget what was seen of these blocks before")
    parser.add_argument("--report", action="store_true", help="run nothing, write docs/benchmarks.md from the results")
    parser.add_argument("--list", action="store_true", help="show the blocks")
    parser.add_argument("--records", type=int, help="other backlogs than the blocks', to try the program")
    parser.add_argument("--results", type=Path, default=FILE, help="another file of results; then no page is written")
    parser.add_argument("--state", type=Path, default=default_state() / "bench", help="of the servers")
    parser.add_argument("--port-offset", type=int, default=_PORT_OFFSET, help="of the servers' ports")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
