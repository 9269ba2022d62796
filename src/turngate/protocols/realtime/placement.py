"""
Where the fields of an object stand in a dialect, beside where they stand in the API.

Responsible for moving a tree of plain values from the API's places to a dialect's, and back, as a table says.

Must not know: which dialects there are, what a field means.

Comes from: ``dialects.py`` (tables). Goes to: ``dialect_wire.py`` for the proxy, and the simulator for the way back.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

Tree = dict[str, Any]
"""A JSON object."""

MISSING: Final = object()


@frozen
class Place:
    """A field of the API, and the same in a dialect; both as dotted paths."""

    api: str
    own: str
    values: tuple[tuple[Any, Any], ...] = field(default=(), repr=False)
    """The API's values beside the dialect's, where they are written otherwise; there are no others then."""
    inner: tuple[tuple[str, str], ...] = ()
    """Of an object: the API's names of what is in it beside the dialect's, where it has others; and no other names."""

    def to_own(self, value: Any) -> Any:
        """The dialect's word for a value of the API."""
        if self.inner and isinstance(value, Mapping):
            return {own: value[api] for api, own in self.inner if api in value}
        return next((own for api, own in self.values if api == value), value)

    def to_api(self, value: Any) -> Any:
        """The API's word for a value of the dialect; :data:`MISSING` where the dialect has no such value."""
        if self.inner and isinstance(value, Mapping):
            names = {own: api for api, own in self.inner}
            return {names[own]: one for own, one in value.items()} if value.keys() <= names.keys() else MISSING
        if not self.values:
            return value
        return next((api for api, own in self.values if own == value), MISSING)


def same(*paths: str) -> tuple[Place, ...]:
    """Fields that stand where they do in the API."""
    return tuple(Place(path, path) for path in paths)


def placed(tree: Mapping[str, Any], places: Iterable[Place]) -> Tree:
    """The tree in a dialect's places; what has none there is left out."""
    own: Tree = {}
    for place in places:
        value = get(tree, place.api)
        if value is not MISSING:
            put(own, place.own, place.to_own(value))
    return own


def put_back(own: Mapping[str, Any], places: Iterable[Place]) -> Tree:
    """
    The tree in the API's places.

    Raises:
        KeyError: with the path of a field that the dialect does not have.
        ValueError: with the path of a field that has a value which it does not have there.
    """
    left = dict(leaves(own))
    tree: Tree = {}
    for place in places:
        value = get(own, place.own)
        if value is MISSING:
            continue
        api = place.to_api(value)
        if api is MISSING:
            raise ValueError(place.own)
        put(tree, place.api, api)
        left = {path: rest for path, rest in left.items() if not is_within(path, place.own)}
    for path in left:
        raise KeyError(path)
    return tree


def is_within(path: str, place: str) -> bool:
    """Whether a path is a place, or inside it."""
    return path == place or path.startswith(f"{place}.")


def leaves(tree: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """The values of a tree that are no objects, or empty ones, with their paths."""
    for name, value in tree.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def get(tree: Mapping[str, Any], path: str) -> Any:
    """The value at a path, or :data:`MISSING`."""
    here: Any = tree
    for name in path.split("."):
        if not isinstance(here, Mapping) or name not in here:
            return MISSING
        here = here[name]
    return here


def put(tree: Tree, path: str, value: Any) -> None:
    """Set the value at a path, with all objects on the way."""
    *way, last = path.split(".")
    for name in way:
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    tree[last] = value
