"""
The shape of the house, where no tool holds it: which imports may be, ``make imports`` says.

Read from the text of the sources, so that nothing has to be imported for it.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "turngate"
MODULES = {path.relative_to(SOURCES).as_posix(): path.read_text() for path in sorted(SOURCES.rglob("*.py"))}
MAX_LINES = 600

REACTOR_DOORS = {"tap.py", "worker.py", "cli/talk.py", "cli/probe.py", "simulator/__main__.py"}
"""The plugin, a worker's process, and the commands."""

NEEDS_NO_LIMIT = {"errors.py", "actors/testing.py"}
"""The exceptions, which know nothing at all, and the tests' own door to the kernel."""


def test_sources_are_found():
    """The tests below would find no fault in nothing."""
    assert {"tap.py", "session/rules.py", "net/_autobahn.py"} <= MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_module_can_be_read_in_one_sitting(name):
    """A module that has grown out of it is two."""
    assert MODULES[name].count("\n") <= MAX_LINES


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__init__.py")])
def test_module_says_what_it_must_not_know(name):
    """Whoever adds an import reads first whether it belongs there; a room's ``__init__`` is its door only."""
    opening = ast.get_docstring(ast.parse(MODULES[name])) or ""
    assert "must not know" in opening.lower() or name in NEEDS_NO_LIMIT


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("__init__.py")])
def test_room_says_what_it_is(name):
    """The door of a room has a name on it."""
    assert ast.get_docstring(ast.parse(MODULES[name]))


def test_reactor_is_obtained_at_the_doors_only():
    """Everybody else is given a clock or an endpoint, so that a test can give another."""
    assert {name for name, text in MODULES.items() if imports_the_reactor(text)} == REACTOR_DOORS


def test_reactor_is_obtained_by_no_module_when_it_is_imported():
    """Importing the reactor installs one; only who starts it may choose which."""
    for name in REACTOR_DOORS:
        assert not any(
            imports_the_reactor(ast.unparse(node)) for node in ast.parse(MODULES[name]).body if is_plain(node)
        )


def imports_the_reactor(text):
    """Whether a program imports ``twisted.internet.reactor``, in either form."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ImportFrom(module="twisted.internet", names=names) if "reactor" in {one.name for one in names}:
                return True
            case ast.ImportFrom(module="twisted.internet.reactor"):
                return True
            case ast.Import(names=names) if "twisted.internet.reactor" in {one.name for one in names}:
                return True
    return False


def is_plain(node):
    """Whether a statement runs when its module is imported."""
    return not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def test_nothing_stands_beside_the_plugin():
    """An ``__init__.py`` there would hide every other plugin of Twisted's, its own among them."""
    beside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "twisted").rglob("*.py")}
    assert beside == {"twisted/plugins/turngate_plugin.py"}
