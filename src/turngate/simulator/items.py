"""
The conversation: its items, their order, and what may be done to them.

Responsible for the API's rules about items: unique ids, ``previous_item_id``, results only for calls that exist, the
bounds of a truncation. A rule that is broken is a :class:`Refusal`, never an exception.

Must not know: the wire's shapes (``simulator/wire.py`` does), events, time, how answers are made.

Comes from: the session, which adds, changes and removes items. Goes to: ``simulator/mind.py``, as lines.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, TypeAlias

from attrs import evolve, frozen

from turngate.simulator import mind

MAX_ITEMS: Final = 2_000
"""The oldest item is forgotten beyond it, as the API truncates a conversation that has outgrown the model."""

ROOT: Final = "root"
"""As ``previous_item_id``: before every other item."""


class Author(Enum):
    """Who wrote a message."""

    USER = "user"
    SYSTEM = "system"
    ASSISTANT = "assistant"


class Progress(Enum):
    """``item.status``."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


@frozen
class Text:
    """A part in writing."""

    text: str


@frozen
class Audio:
    """A spoken part. The sound is not kept, only how long it was; ``transcript`` is None until it is known."""

    duration_ms: int
    transcript: str | None = None
    words: str | None = None
    """What the user said, where the simulator was told what it hears; else nobody knows."""


@frozen
class Image:
    """A picture; accepted, and not looked at."""

    image_url: str | None = None


Part: TypeAlias = Text | Audio | Image


@frozen
class Message:
    """Something that was written or said."""

    id: str
    author: Author
    parts: tuple[Part, ...] = ()
    status: Progress = Progress.COMPLETED


@frozen
class FunctionCall:
    """A call that the model made."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: Progress = Progress.COMPLETED


@frozen
class FunctionOutput:
    """The result of a call."""

    id: str
    call_id: str
    output: str
    status: Progress = Progress.COMPLETED


Item: TypeAlias = Message | FunctionCall | FunctionOutput


@frozen
class Refusal:
    """Why a client event is refused: what its ``error`` says."""

    code: str | None
    message: str
    param: str | None = None


class Conversation:
    """The items, in order."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def find(self, item_id: str) -> Item | None:
        """Give an item by its id."""
        return next((item for item in reversed(self._items) if item.id == item_id), None)

    def last_id(self) -> str | None:
        """Give the id of the last item."""
        return self._items[-1].id if self._items else None

    def why_not(self, item: Item, previous_item_id: str | None) -> Refusal | None:
        """Say why an item cannot be added, if it cannot."""
        if self.find(item.id) is not None:
            return Refusal("invalid_value", f"Item with id '{item.id}' already exists.", "item.id")
        if previous_item_id not in {None, ROOT} and self.find(str(previous_item_id)) is None:
            return unknown_item(str(previous_item_id), "previous_item_id")
        if isinstance(item, FunctionOutput):
            return self.why_no_output(item.call_id)
        return None

    def why_no_output(self, call_id: str) -> Refusal | None:
        """Say why no result can be added for a call, if none can."""
        if any(isinstance(item, FunctionCall) and item.call_id == call_id for item in self._items):
            return None
        message = f"Tool call ID '{call_id}' not found in conversation."
        return Refusal("invalid_tool_call_id", message, "item.call_id")

    def add(self, item: Item, previous_item_id: str | None = None) -> str | None:
        """
        Add an item that :meth:`why_not` has nothing against.

        Returns:
            The id of the item before it.
        """
        at = len(self._items)
        if previous_item_id == ROOT:
            at = 0
        elif previous_item_id is not None:
            at = 1 + next(at for at, other in enumerate(self._items) if other.id == previous_item_id)
        self._items.insert(at, item)
        if len(self._items) > MAX_ITEMS:
            del self._items[0]
            at = max(0, at - 1)
        return self._items[at - 1].id if at else None

    def before(self, item_id: str) -> str | None:
        """Give the id of the item before another."""
        ids = [item.id for item in self._items]
        at = ids.index(item_id) if item_id in ids else 0
        return ids[at - 1] if at else None

    def replace(self, item: Item) -> None:
        """Put the newer form of an item in its place; one that was deleted stays deleted."""
        for at, other in enumerate(self._items):
            if other.id == item.id:
                self._items[at] = item
                return

    def delete(self, item_id: str) -> Refusal | None:
        """Remove an item."""
        for at, other in enumerate(self._items):
            if other.id == item_id:
                del self._items[at]
                return None
        return unknown_item(item_id, "item_id")

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> Refusal | None:
        """Cut the model's spoken message at what was heard of it; its transcript is forgotten, as in the API."""
        item = self.find(item_id)
        if item is None:
            return unknown_item(item_id, "item_id")
        spoken = isinstance(item, Message) and item.author is Author.ASSISTANT
        if not isinstance(item, Message) or not spoken or not any(isinstance(part, Audio) for part in item.parts):
            return Refusal(None, "Only model output audio messages can be truncated.")
        part = item.parts[content_index] if 0 <= content_index < len(item.parts) else None
        if not isinstance(part, Audio):
            message = f"Content part {content_index} of item '{item_id}' is not audio."
            return Refusal("invalid_value", message, "content_index")
        if not 0 <= audio_end_ms <= part.duration_ms:
            message = f"Audio content of {part.duration_ms}ms is already shorter than {audio_end_ms}ms."
            return Refusal("invalid_value", message, "audio_end_ms")
        parts = list(item.parts)
        parts[content_index] = Audio(audio_end_ms, "")
        self.replace(evolve(item, parts=tuple(parts)))
        return None


def unknown_item(item_id: str, param: str) -> Refusal:
    """Say that there is no such item."""
    return Refusal("item_not_found", f"Item with id '{item_id}' not found.", param)


def lines_of(items: Iterable[Item]) -> Iterator[mind.Line]:
    """Reduce items to what the simulated mind takes in."""
    for item in items:
        match item:
            case Message(author=Author.USER):
                yield from _user_lines(item)
            case Message(author=Author.ASSISTANT):
                yield mind.AgentSaid()
            case Message():
                pass
            case FunctionCall():
                yield mind.AgentCalled(item.call_id, item.name)
            case FunctionOutput():
                yield mind.ToolAnswered(item.call_id, item.output)


def _user_lines(item: Message) -> Iterator[mind.Line]:
    for part in item.parts:
        match part:
            case Text():
                yield mind.UserSaid(part.text)
            case Audio():
                yield mind.UserSaid(part.words) if part.words else mind.UserSpoke(part.duration_ms / 1000)
            case Image():
                yield mind.UserSaid("(a picture)")
