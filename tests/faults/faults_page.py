"""
The page of faults, made from the marks of the tests: ``make reference``.

Responsible for finding which test is for which row, in the text of the tests: none is run or imported for it.

Must not know: what a fault is.

Comes from: ``fault_rows.py``, and every ``@pytest.mark.row(n)`` under ``tests/``. Goes to:
``docs/reference/faults.md``, which a test holds to it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fault_rows import PARTS, WHY_NOT

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "reference" / "faults.md"

HEAD: Final = """# What can go wrong, and the tests for it

Made from the tests by `make reference`. Each row is a fault, or something that a client may do, that the proxy must
survive in a defined way; beside it stand the tests that are marked as being for it, or why there is none. What an
upstream can do (the numbers that are missing here) is held to the promises as a whole: see
[the sweep](../howto/sweep.md).

A test runs alone by its name: `.venv/bin/python -m pytest tests/net/test_net_pace.py -k fills_up_again`.
"""


def marked(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every row that a test of a module is marked for, with the test's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in (call for decorator in node.decorator_list for call in ast.walk(decorator)):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.row":
                    yield from ((int(ast.literal_eval(number)), node.name) for number in call.args)


def tests_of_rows() -> dict[int, list[str]]:
    """The tests of every row that has some, each with its module."""
    found: dict[int, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for row, name in sorted(set(marked(ast.parse(path.read_text(encoding="utf-8"))))):
            found.setdefault(row, []).append(f"{path.relative_to(ROOT / 'tests')}::{name}")
    return found


def page() -> str:
    """The whole page."""
    tests = tests_of_rows()
    lines = [HEAD]
    for part, rows in PARTS.items():
        lines += [f"## {part}", "", "| | fault | tests |", "|---|---|---|"]
        for row, fault in rows.items():
            cell = "<br>".join(f"`{name}`" for name in tests.get(row, ())) or f"none: {WHY_NOT[row]}"
            lines.append(f"| {row} | {fault} | {cell} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Rewrite the page in place."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
