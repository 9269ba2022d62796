"""Draws the tables of the rules into the docs again: ``make diagrams``."""

from pathlib import Path
from typing import Final

from turngate.session.diagram import redrawn

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final = (DOCS / "design" / "gate.md", DOCS / "howto" / "run.md")


def main() -> None:
    """Rewrite the pages in place."""
    for page in PAGES:
        page.write_text(redrawn(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
