"""What people look like: the paths of their fields, the type at each path, and the form of their numbers."""

from collections.abc import Iterable, Iterator
from typing import Any

FORMED = ("location.postcode", "phone", "cell", "id.value")

Shape = dict[str, dict[str, list[str]]]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Give each leaf of a JSON value with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


def form(value: object) -> str:
    """`02-57 AB` → `##-## AA`; what is no string has no form."""
    if not isinstance(value, str):
        return ""
    return "".join("#" if c.isdigit() else "A" if c.isupper() else "a" if c.islower() else c for c in value)


def shape(people: Iterable[dict[str, Any]]) -> Shape:
    """Give the types at each path, in order, for everyone; and by nationality what is special about its numbers."""
    found: dict[str, dict[str, set[str]]] = {"everyone": {}}
    for person in people:
        for path, value in leaves(person):
            kind = type(value).__name__
            if path in FORMED:
                special = found.setdefault(person["nat"], {})
                special.setdefault(path, set()).add(f"{kind} {form(value)}".strip())
            else:
                found["everyone"].setdefault(path, set()).add(kind)
    return {whose: {path: sorted(values) for path, values in paths.items()} for whose, paths in found.items()}
