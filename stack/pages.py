"""`make docs`: the pages of `docs/` that are made from the code.

python -m stack.pages
"""

import sys
from collections.abc import Callable, Mapping

from stack import api_failures_page, settings_page, supervision_page
from stack.settings import REPOSITORY

FOLDER = REPOSITORY / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "api-failures.md": api_failures_page.render,
    "settings.md": settings_page.render,
    "supervision.md": supervision_page.render,
}


def main() -> None:
    """Write every page anew."""
    for name, render in PAGES.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
