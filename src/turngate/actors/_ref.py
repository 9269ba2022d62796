"""
What one actor knows of another: its address.

Responsible for telling. Must not know: what a message means, who sends it, or what stands behind the address.
"""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from turngate.actors._cell import Cell

M_contra = TypeVar("M_contra", contravariant=True)


class Ref(Generic[M_contra]):
    """
    The address of an actor, valid for ever: mail to the dead is a dead letter.

    Two refs are equal if they are the same one. A ref that accepts more may be used where less is needed, so that an
    actor can be handed a narrowed view of another by annotation alone. For the reactor's thread only.
    """

    __slots__ = ("__weakref__", "_cell", "name")

    name: str
    """The path of the actor, such as ``session-7/client``."""

    def __init__(self, name: str, cell: "Cell[Any]") -> None:
        self.name = name
        self._cell = cell

    def __repr__(self) -> str:
        return f"<Ref {self.name}>"

    def tell(self, message: M_contra) -> None:
        """Queue a message, without blocking or raising; outside of every actor, also deliver what is queued."""
        cell = self._cell
        cell.accept(message)
        if not cell.schedule.running:
            cell.schedule.run()


def cell_of(ref: Ref[Any]) -> "Cell[Any]":
    """Return what stands behind a ref; for the kernel only."""
    return ref._cell  # noqa: SLF001 - the kernel's one door through a ref, closed to everyone else
