"""Draws the tables of the rules into the docs again: ``make diagrams``."""

from pathlib import Path
from typing import Final

from turngate.session.diagram import redrawn

GATE_PAGE: Final = Path(__file__).parents[2] / "docs" / "design" / "gate.md"


def main() -> None:
    """Rewrite the page in place."""
    GATE_PAGE.write_text(redrawn(GATE_PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
