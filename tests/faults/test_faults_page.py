"""The page of faults is that of the tests."""

import ast

from fault_rows import PARTS, WHY_NOT
from faults_page import PAGE, marked, page, tests_of_rows

ROWS = [row for rows in PARTS.values() for row in rows]


def test_the_page_is_that_of_the_tests() -> None:
    """``make reference`` writes it again."""
    assert page() == PAGE.read_text(encoding="utf-8"), "out of date: make reference"


def test_every_row_has_a_test_or_a_reason() -> None:
    """What nobody has written a test for, somebody has thought of."""
    assert [] == [row for row in ROWS if row not in tests_of_rows() and row not in WHY_NOT]
    assert [*range(1, 64), *range(84, 99)] == ROWS


def test_every_mark_and_every_reason_is_for_a_row_that_there_is() -> None:
    """A number that was mistyped is not left standing."""
    assert set(tests_of_rows()) | set(WHY_NOT) <= set(ROWS)


def test_marks_are_found_wherever_they_stand() -> None:
    """Above a function or a coroutine, several numbers at once, and on one of several parameters."""
    text = """
@pytest.mark.row(1, 2)
@pytest.mark.other(3)
def test_a(): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.row(4))])
async def test_b(): ...
"""
    assert [(1, "test_a"), (2, "test_a"), (4, "test_b")] == list(marked(ast.parse(text)))
