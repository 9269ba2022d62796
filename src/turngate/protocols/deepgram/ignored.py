"""
The names of settings that take no effect, so that nothing a client asks for is dropped in silence.

Responsible for walking the message as it was sent, with fields that nobody here has heard of, against the list of
paths that were taken. Must not know: why a path was taken.

Comes from: ``settings.py`` and ``updates.py``. Goes to: the notices of what they make, and so to a ``Warning``.

A path is written as a client would find it: ``agent.think.provider.temperature``. The items of a list share one name,
``agent.think.functions[].name``. Of alternatives (``agent.think``, ``agent.speak``) the first is taken, and is read as
if it stood alone.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from turngate.session.messages import Cause, Problem

Path: TypeAlias = tuple[str, ...]

MAX_NAMED: Final = 32
"""How many paths are named; of more, only the number is told."""

ITEM: Final = "[]"
"""Stands in a path for any item of a list."""

ALTERNATIVES: Final[frozenset[Path]] = frozenset({("agent", "think"), ("agent", "speak"), ("think",), ("speak",)})

_READABLE: Final = re.compile(r"[\w-]{1,64}", re.ASCII)


def ignored_paths(message: object, taken: Iterable[str], opened: Iterable[str] = ()) -> tuple[str, ...]:
    """
    The paths of a message that are not in ``taken`` nor below one that is.

    Nulls, and containers of nothing else, ask for nothing, and are not named. Where nothing below a path is taken, that
    path is named and not what stands below it, so that the content of an unknown object stays unknown; ``opened`` are
    the paths that are looked into all the same.
    """
    leaves = frozenset(_split(path) for path in taken)
    branches = {(), *map(_split, opened)}
    branches.update(leaf[:length] for leaf in leaves for length in range(len(leaf)))
    names = list(dict.fromkeys(_walk(message, (), "", leaves, branches)))
    if len(names) > MAX_NAMED:
        return (*names[:MAX_NAMED], f"{len(names) - MAX_NAMED} more")
    return tuple(names)


def ignored_notices(paths: tuple[str, ...]) -> tuple[Problem, ...]:
    """What the client is told of them, in one notice at most."""
    if not paths:
        return ()
    return (Problem(Cause.SETTINGS_IGNORED, f"These settings have no effect here: {', '.join(paths)}."),)


def below(at: str, paths: Iterable[str]) -> Iterator[str]:
    """The same paths, of a tree whose root stands at ``at``."""
    return (f"{at}.{path}" for path in paths)


def _split(path: str) -> Path:
    return tuple(path.replace(ITEM, f".{ITEM}").split("."))


def _walk(node: object, at: Path, name: str, leaves: AbstractSet[Path], branches: AbstractSet[Path]) -> Iterator[str]:
    if node is None or node == {} or node == [] or at in leaves:
        return
    if at not in branches:
        if not _asks_nothing(node):
            yield name
    elif isinstance(node, dict):
        for key, value in node.items():
            below = key if _READABLE.fullmatch(key) else "?"
            yield from _walk(value, (*at, key), f"{name}.{below}" if name else below, leaves, branches)
    elif not isinstance(node, list):
        yield name
    elif at in ALTERNATIVES:
        yield from _walk(node[0], at, f"{name}[0]", leaves, branches)
        yield from (f"{name}[{index}]" for index in range(1, len(node)))
    else:
        for item in node:
            yield from _walk(item, (*at, ITEM), f"{name}{ITEM}", leaves, branches)


def _asks_nothing(node: object) -> bool:
    if isinstance(node, dict):
        return all(_asks_nothing(value) for value in node.values())
    return all(_asks_nothing(item) for item in node) if isinstance(node, list) else node is None
