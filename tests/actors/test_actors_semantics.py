"""The page of promises and the tests that hold them."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "design" / "actor-semantics.md"
PROMISE = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
NAMED_TEST = re.compile(r"^.+\. `(test_\w+)`$")


def promises() -> list[tuple[str, str]]:
    return PROMISE.findall(PAGE.read_text())


def test_promises_when_listed_are_numbered_in_order() -> None:
    """A promise can be cited by its number."""
    numbers = [int(number) for number, _ in promises()]

    assert list(range(1, len(numbers) + 1)) == numbers
    assert len(numbers) > 30


def test_promises_when_listed_each_name_a_test_that_exists() -> None:
    """Every promise ends in the name of its own test, and that test is in this folder."""
    defined = {
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    named = [NAMED_TEST.match(text) for _, text in promises()]

    assert [] == [text for match, (_, text) in zip(named, promises(), strict=True) if match is None]
    names = [match.group(1) for match in named if match is not None]
    assert [] == sorted(set(names) - defined)
    assert len(names) == len(set(names)), "a test holds one promise"


def test_kernel_when_it_grows_stays_small() -> None:
    """The kernel is at most 700 lines of code, and none of its modules is over 300 lines."""
    code = 0
    for path in (HERE.parents[1] / "src" / "turngate" / "actors").glob("*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path.name
        prose = [
            number
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            for number in range(node.lineno - 1, node.end_lineno or node.lineno)
        ]
        lines = [line.strip() for number, line in enumerate(text.splitlines()) if number not in prose]
        code += sum(1 for line in lines if line and not line.startswith("#"))

    assert code <= 700
