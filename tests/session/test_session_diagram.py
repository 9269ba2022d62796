"""The drawings of the tables show what runs, and the checked-in ones are current."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from attrs import fields_dict
from redraw import PAGES

from turngate.ops.config import ELSEWHERE
from turngate.session import diagram
from turngate.session import messages as m
from turngate.session.machines import FLOOR, GATE, PHASES, PRESENCE, Floor, Gate, Phase, Presence
from turngate.session.policy import Waits


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_when_drawn_anew_stays_as_it_is(path: Path) -> None:
    """The drawings in the docs are those of the tables that run; ``make diagrams`` makes them so."""
    page = path.read_text(encoding="utf-8")
    assert page == diagram.redrawn(page)


def test_pages_when_read_hold_every_drawing() -> None:
    """Nothing that can be drawn is left out."""
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert set(diagram.DRAWINGS) == {part["name"] for part in diagram.MARKED.finditer(pages)}


@pytest.mark.parametrize(
    ("table", "first"),
    [(GATE, Gate.OPEN), (PHASES, Phase.AWAITING_SETTINGS), (FLOOR, Floor.FREE), (PRESENCE, Presence.HERE)],
    ids=["gate", "phases", "floor", "presence"],
)
def test_state_diagram_when_drawn_shows_every_transition(table: Mapping, first: object) -> None:
    """One arrow for each row, with a label that Mermaid can read."""
    drawn = diagram.state_diagram(table, first)
    arrows = [line for line in drawn.splitlines() if " --> " in line and "[*]" not in line]
    assert sum(len(row) for row in table.values()) == len(arrows)
    assert all(1 == arrow.count(":") for arrow in arrows)


def test_rules_table_when_drawn_has_a_row_for_each_message() -> None:
    """Every message stands in the table, with one cell for each phase."""
    head, _, *rows = diagram.rules_table().splitlines()
    assert {kind.__name__ for kind in get_args(m.Message)} == {row.split("`")[1] for row in rows}
    assert {head.count("|")} == {row.count("|") for row in rows}


def test_deadlines_table_when_drawn_has_a_row_for_each_deadline() -> None:
    """Every wait stands in the table, with its seconds."""
    drawn = diagram.deadlines_table()
    assert "| the next try of a refused request for a response | 0.5 | `answers.retry` |" in drawn
    assert len(m.Deadline) + 2 == len(drawn.splitlines())


def test_waits_table_when_drawn_names_every_wait_as_the_configuration_does() -> None:
    """One row for each field of the class, whoever adds one; but for the wait that has a setting of its own."""
    drawn = diagram.waits_table().splitlines()[2:]
    assert {f"`{name}`" for name in fields_dict(Waits) if name not in ELSEWHERE} == {
        row.split(" | ")[0].removeprefix("| ") for row in drawn
    }


def test_rules_list_when_drawn_says_what_each_rule_is_for() -> None:
    """Each rule is listed once, with the first line of its docstring."""
    lines = diagram.rules_list().splitlines()
    assert "- `turns.decline`: Say that a request has no effect." in lines
    assert len(set(lines)) == len(lines)


def test_page_when_it_asks_for_an_unknown_drawing_is_an_error() -> None:
    """A marker with a wrong name is not passed over."""
    with pytest.raises(KeyError, match="portrait"):
        diagram.redrawn("<!-- drawn: portrait -->\n<!-- end of drawing -->")


def test_page_when_it_has_no_markers_stays_as_it_is() -> None:
    """Text outside of markers is never touched."""
    assert "a page" == diagram.redrawn("a page")
