"""The table of rounds, in Markdown: printed, and kept in docs/faults.md, where new rounds replace old ones."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

from tests.faults.faults import FAULTS
from tests.faults.rounds import Round

_HEAD = (
    "| fault | rounds | records | lost | doubled | nothing_lost | noticed | acted on | next row | wrong actions |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
_ROW = re.compile(r"^\| (?P<what>[^|]+?) \|.*$", re.MULTILINE)


def rows(rounds: Iterable[Round]) -> dict[str, str]:
    """Give a line of the table for each fault."""
    by_fault: dict[str, list[Round]] = {}
    for one in rounds:
        by_fault.setdefault(one.fault, []).append(one)
    return {FAULTS[fault].what: _row(FAULTS[fault].what, found) for fault, found in by_fault.items()}


def table(lines: Mapping[str, str]) -> str:
    """Give the table of these lines, in the order of the faults."""
    known = [fault.what for fault in FAULTS.values()]
    return _HEAD + "".join(f"{lines[what]}\n" for what in known if what in lines)


def write(page: Path, rounds: Iterable[Round]) -> None:
    """Put the lines of these rounds into the page's table; other lines stay."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(_HEAD)
    old, gap, after = rest.partition("\n\n")
    kept = {found["what"]: found[0] for found in _ROW.finditer(old)}
    page.write_text(before + table(kept | rows(rounds)).rstrip("\n") + gap + after, encoding="utf-8")


def _row(what: str, found: list[Round]) -> str:
    verdicts, timelines = [one.verdict for one in found], [one.timeline for one in found]
    cells = (
        what,
        len(found),
        f"{sum(one.records for one in found):,}",
        sum(verdict.lost for verdict in verdicts),
        sum(verdict.doubled for verdict in verdicts),
        _complaints(found),
        _seconds([one.noticed for one in timelines]),
        _seconds([one.acted for one in timelines]),
        _seconds([one.next_row for one in timelines]),
        sum(len(one.wrong) for one in timelines),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _complaints(found: list[Round]) -> str:
    """Say whether the check was green, or what it says rightly."""
    complaining = [one for one in found if one.complaint]
    if not complaining:
        return "green"
    rightly = FAULTS[found[0].fault].complains
    return f"red: “{rightly}”" if rightly and len(complaining) == len(found) else f"red in {len(complaining)} rounds"


def _seconds(values: list[float | None]) -> str:
    """Give the median and the worst; a hyphen where it never came to that."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    rarely = "" if len(known) == len(values) else f", in {len(known)} rounds"
    return f"{median(known):.1f} ({max(known):.1f}){rarely}"
