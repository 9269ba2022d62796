"""
The fields of the protocol's messages, read from their structs.

Responsible for finding each with its path, its type in words, and whether the object that holds it needs it.

Must not know: what any field means.

Comes from: the structs of ``client_events.py`` and ``server_events.py``. Goes to: ``verdicts.py``, ``reference.py``,
and the tests that send every field wrong.
"""

import types
from collections.abc import Iterator
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec


def tag(event: type) -> str:
    """The ``type`` of a message."""
    return str(event.__struct_config__.tag)  # type: ignore[attr-defined]


def parts(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without ``None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for one in get_args(annotation) for part in parts(one)]
    return [] if annotation is type(None) else [annotation]


class Leaf(NamedTuple):
    """A field that holds no further object, or may hold a text instead."""

    path: str
    words: str
    required: bool


def leaves(struct: type, at: str = "") -> Iterator[Leaf]:
    """All such fields of a message, with their types in words and whether the object around them needs them."""
    for path, annotation, required, below in fields(struct, at):
        if below is None or str in parts(annotation):
            yield Leaf(path, words(annotation), required)
        if below is not None:
            yield from leaves(*below)


def branches(struct: type, at: str = "") -> Iterator[Leaf]:
    """All other fields of a message: those that hold objects."""
    for path, annotation, required, below in fields(struct, at):
        if below is not None:
            yield Leaf(path, words(annotation), required)
            yield from branches(*below)


def fields(struct: type, at: str) -> Iterator[tuple[str, Any, bool, tuple[type, str] | None]]:
    """The fields of one object: path, type, whether it is needed, and the objects in it with their path."""
    types_of = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):  # type: ignore[arg-type]
        path = f"{at}.{field.name}" if at else field.name
        annotation = types_of[field.name]
        below = None
        for part in parts(annotation):
            item = get_args(part)[0] if get_origin(part) is list else part
            if isinstance(item, type) and issubclass(item, msgspec.Struct) and below is None:
                below = (item, path if item in parts(annotation) else f"{path}[]")
        yield path, annotation, field.required, below


def words(annotation: Any) -> str:
    """A type as a reader of JSON knows it."""
    named = {str: "string", int: "integer", float: "number", bool: "boolean", Any: "anything"}
    found = []
    for part in parts(annotation):
        origin = get_origin(part)
        if origin is list:
            found.append("array")
        elif origin is dict:
            found.append("object")
        elif part in named:
            found.append(named[part])
        else:
            found += [f"`{value}`" for value in get_args(part)] or ["object"]
    return " or ".join(dict.fromkeys(found))
