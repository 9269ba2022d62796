"""
What a component says and is told, where that differs from Deepgram's protocol.

Responsible for the codes of errors, for the results of functions, and for the messages that only components know.
Must not know: whether a message is due. Each is translated alone.

Comes from: ``face.py``. Goes to: the session, and the bytes for a client.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from turngate.protocols.component.client_events import CLIENT_TYPES, FunctionCallResponse
from turngate.protocols.component.server_events import Transcript, UtteranceEnd
from turngate.protocols.component.words import fit_for_a_client
from turngate.protocols.deepgram.server_events import ErrorEvent, WarningEvent
from turngate.session import messages as session

DEFAULT_CHANNEL: Final = (0, 1)
MAX_TYPE_CHARS: Final = 64

DISALLOWED_TYPE: Final = "disallowed_client_message_type"
CLOSED_EARLY: Final = "upstream_closed_before_session_ready"
UNKNOWN: Final = "unknown"

_CODES: Final[Mapping[session.Cause, str]] = MappingProxyType(
    {session.Cause.UNKNOWN_TYPE: DISALLOWED_TYPE, session.Cause.UPSTREAM_ERROR: UNKNOWN}
)
"""Where the code of a cause is not its own name."""


class _Head(msgspec.Struct):
    """What every message has."""

    type: Any


def tool_result(event: FunctionCallResponse) -> session.ToolResult:
    """The result of a function: its content, else its error as JSON, else its result."""
    if event.content is not None:
        output = _text(event.content)
    elif event.error is not None:
        output = msgspec.json.encode(event.error).decode()
    else:
        output = "" if event.result is msgspec.UNSET else _text(event.result)
    return session.ToolResult(event.id or None, event.name or "", output)


def disallowed_type(payload: bytes) -> session.Problem:
    """A message of a type that there is none of, by its name, with those that there are."""
    kind = msgspec.json.decode(payload, type=_Head).type
    shown = kind if isinstance(kind, str) else "which is no text"
    shown = "".join(c if c.isprintable() else "?" for c in shown[:MAX_TYPE_CHARS])
    detail = f"The message type {shown} is not allowed; allowed are {', '.join(CLIENT_TYPES)}."
    return session.Problem(session.Cause.UNKNOWN_TYPE, detail)


def utterance_end(stopped: session.UserStopped) -> UtteranceEnd:
    """The end of the user's speech."""
    own = msgspec.json.decode(stopped.own)
    return UtteranceEnd(own.get("channel", DEFAULT_CHANNEL), own.get("last_word_end", 0))


def transcript(text: str, heard: session.UserHeard) -> Transcript:
    """All that was written down of the user's speech so far."""
    own = msgspec.json.decode(heard.own)
    return Transcript(
        text,
        own.get("is_final", heard.is_whole),
        own.get("speech_final", heard.is_whole),
        own.get("channel", DEFAULT_CHANNEL),
        own.get("channel_index", DEFAULT_CHANNEL),
        own.get("start", 0),
        own.get("duration", 0),
        own.get("alternatives", [{"transcript": text}]),
    )


def error(problem: session.Problem, conceal: Callable[[str], str], *, is_ready: bool) -> ErrorEvent:
    """Something failed: under the upstream's own code, or else by its cause."""
    description = _description(problem, conceal)
    if problem.cause is session.Cause.UPSTREAM_CLOSED and not is_ready:
        return ErrorEvent(CLOSED_EARLY, description)
    return ErrorEvent(conceal(problem.code or code_of(problem.cause)), description)


def warning(problem: session.Problem) -> WarningEvent:
    """Something was not done."""
    return WarningEvent(code_of(problem.cause), problem.detail)


def code_of(cause: session.Cause) -> str:
    """The code of a cause that the upstream has none for."""
    return _CODES.get(cause, cause.name.lower())


def _description(problem: session.Problem, conceal: Callable[[str], str]) -> str:
    # what is known to be secret before what looks so, which may be a part of it
    words = fit_for_a_client(conceal(problem.words))
    if problem.cause is session.Cause.UPSTREAM_ERROR and words:
        return words
    return f"{problem.detail} {words}".rstrip()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
