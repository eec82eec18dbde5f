"""Charts as SVG, by hand: bars with their names, values and spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _BAR, _GAP, _TOP, _LABELS, _VALUES = 860, 22, 12, 46, 290, 130
_COLOURS = {False: "#8da0b6", True: "#1f6feb"}


@dataclass(frozen=True)
class Bar:
    """A bar: from 0 to `value`, with a line from `least` to `most`; `ours` gives it the other colour."""

    label: str
    value: float
    least: float
    most: float
    ours: bool = False


def bars(title: str, unit: str, rows: Sequence[Bar], digits: int = 0) -> str:
    """Return a chart of horizontal bars.

    Args:
        title: stands above.
        unit: stands behind each value.
        rows: from top to bottom.
        digits: of each value, behind the point.
    """
    longest = max((row.most for row in rows), default=1.0) or 1.0
    room = _WIDTH - _LABELS - _VALUES
    height = _TOP + len(rows) * (_BAR + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="14">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="28" font-size="17" font-weight="bold" fill="#1f2328">{escape(title)}</text>',
    ]
    for number, row in enumerate(rows):
        top = _TOP + number * (_BAR + _GAP)
        middle, baseline = top + _BAR / 2, top + _BAR / 2 + 5
        width, least, most = (room * value / longest for value in (row.value, row.least, row.most))
        parts += [
            f'<text x="{_LABELS - 10}" y="{baseline}" text-anchor="end" fill="#1f2328">{escape(row.label)}</text>',
            f'<rect x="{_LABELS}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{_COLOURS[row.ours]}"/>',
            f'<line x1="{_LABELS + least:.1f}" x2="{_LABELS + most:.1f}" y1="{middle}" y2="{middle}" '
            'stroke="#1f2328" stroke-width="2"/>',
            f'<text x="{_LABELS + max(width, most) + 8:.1f}" y="{baseline}" fill="#1f2328">'
            f"{row.value:,.{digits}f} {escape(unit)}</text>",
        ]
    return "\n".join([*parts, "</svg>", ""])
