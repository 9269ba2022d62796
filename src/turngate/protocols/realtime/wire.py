"""
What all objects of the Realtime wire share.

Responsible for keeping payloads and secrets out of every ``repr``: instructions, transcripts, audio, tool arguments.

Must not know: any event.
"""

from typing import TypeAlias

from msgspec import Struct

JsonObject: TypeAlias = dict[str, object]


class Wire(Struct, frozen=True):
    """What came off or goes onto the wire; its ``repr`` says no content, since that may be secret or private."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []
