"""
The codes of ``Error`` and ``Warning`` messages.

Responsible for one table: every cause that the session knows, with the code for each of the two messages. The codes
are the protocol's own; where it has none for a warning, those of a compatible server are used.

Must not know: which of the two messages is due.

Comes from: the session's causes. Goes to: ``translation.py``. Source: the protocol's reference for errors.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from turngate.session.messages import Cause


@frozen
class Codes:
    """The code of one cause: in an ``Error``, which ends the session, and in a ``Warning``."""

    error: str
    warning: str


_FAILED_TO_THINK: Final = Codes("FAILED_TO_THINK", "THINK_REQUEST_FAILED")
_SLOW_TO_THINK: Final = Codes("FAILED_TO_THINK", "SLOW_THINK_REQUEST")
_UNPARSABLE: Final = Codes("UNPARSABLE_CLIENT_MESSAGE", "INVALID_UPDATE")
_SETTINGS: Final = Codes("INVALID_SETTINGS", "SETTINGS_FIELDS_IGNORED")
_LIMIT: Final = Codes("MAXIMUM_SESSION_LENGTH_REACHED", "MAXIMUM_SESSION_LENGTH_APPROACHING")
_UPDATE: Final = Codes("INVALID_SETTINGS", "INVALID_UPDATE")


def _alike(code: str) -> Codes:
    """One code in both messages, for a cause that the protocol knows in one of them only."""
    return Codes(code, code)


CODES: Final[Mapping[Cause, Codes]] = MappingProxyType(
    {
        # what the client sent
        Cause.UNPARSABLE: _UNPARSABLE,
        Cause.UNKNOWN_TYPE: _UNPARSABLE,
        Cause.MESSAGE_TOO_LARGE: _UNPARSABLE,
        Cause.NOT_CONFIGURED: _alike("NON_SETTINGS_MESSAGE_BEFORE_SETTINGS"),
        Cause.ALREADY_CONFIGURED: _alike("SETTINGS_ALREADY_APPLIED"),
        Cause.SETTINGS_INVALID: _SETTINGS,
        Cause.AGENT_ID_UNSUPPORTED: _alike("AGENT_ID_NOT_SUPPORTED"),
        Cause.SETTINGS_REFUSED: _UPDATE,
        Cause.SETTINGS_IGNORED: _SETTINGS,
        Cause.PROMPT_TOO_LONG: Codes("INVALID_SETTINGS", "PROMPT_TOO_LONG"),
        Cause.UPDATE_INVALID: _UPDATE,
        Cause.UNSUPPORTED: _UNPARSABLE,
        Cause.UPDATE_REFUSED: _UPDATE,
        # nothing is wrong with a message that comes when too many wait: as an error it is a capacity of ours
        Cause.TOO_MANY_WAITING: Codes("INTERNAL_SERVER_ERROR", "THINK_REQUEST_FAILED"),
        Cause.TEXT_REFUSED: _FAILED_TO_THINK,
        Cause.UNKNOWN_TOOL_RESULT: Codes("NON_EXISTENT_FUNCTION_CALLED", "UNMATCHED_FUNCTION_RESPONSE"),
        Cause.ODD_AUDIO: _alike("USER_AUDIO_FORMAT"),
        # time
        Cause.SETTINGS_TIMEOUT: _alike("CLIENT_MESSAGE_TIMEOUT"),
        Cause.CLIENT_IDLE: _alike("CLIENT_MESSAGE_TIMEOUT"),
        Cause.CLIENT_LOST: _alike("CLIENT_MESSAGE_TIMEOUT"),
        Cause.MISSED_TOO_MUCH: _alike("CLIENT_MESSAGE_TIMEOUT"),
        # coming back is not in the protocol; these codes are ours
        Cause.RESUME_FAILED: _alike("RESUME_FAILED"),
        Cause.RESUME_INCOMPLETE: Codes("INTERNAL_SERVER_ERROR", "RESUME_INCOMPLETE"),
        Cause.TOOL_FAILED: Codes("FAILED_TO_THINK", "FUNCTION_CALL_FAILED"),
        Cause.TOOL_TIMEOUT: Codes("FAILED_TO_THINK", "FUNCTION_CALL_TIMEOUT"),
        Cause.UPSTREAM_UNREADY: _SLOW_TO_THINK,
        Cause.UPSTREAM_SILENT: _FAILED_TO_THINK,
        Cause.UPSTREAM_STALLED: _SLOW_TO_THINK,
        Cause.CLIENT_STALLED: _alike("CLIENT_MESSAGE_TIMEOUT"),
        # what the upstream did
        Cause.UPSTREAM_UNREACHABLE: _FAILED_TO_THINK,
        Cause.UPSTREAM_REJECTED: _FAILED_TO_THINK,
        Cause.UPSTREAM_BUSY: _FAILED_TO_THINK,
        Cause.UPSTREAM_CLOSED: _FAILED_TO_THINK,
        Cause.UPSTREAM_ERROR: _FAILED_TO_THINK,
        Cause.UPSTREAM_NONSENSE: _FAILED_TO_THINK,
        Cause.RESPONSE_FAILED: _FAILED_TO_THINK,
        Cause.RESPONSE_INCOMPLETE: _FAILED_TO_THINK,
        Cause.RESPONSE_REFUSED: _FAILED_TO_THINK,
        Cause.ANSWER_CUT: _FAILED_TO_THINK,
        Cause.SESSION_LIMIT_NEAR: _LIMIT,
        Cause.SESSION_LIMIT: _LIMIT,
        # no warning about listening is documented; this one is formed like those about thinking and speaking
        Cause.SPEECH_ENDLESS: Codes("FAILED_TO_START_LISTENING", "LISTEN_REQUEST_FAILED"),
        Cause.TRANSCRIPTION_FAILED: Codes("FAILED_TO_START_LISTENING", "LISTEN_REQUEST_FAILED"),
        # what an operator lets be used is not in the protocol either, but for the length of a session
        Cause.LENGTH_USED_UP: _LIMIT,
        Cause.USED_UP: _alike("USAGE_LIMIT_REACHED"),
        # us
        Cause.GOING_AWAY: _alike("SERVER_GOING_AWAY"),
        Cause.DISMISSED: _alike("SESSION_ENDED_BY_OPERATOR"),
        Cause.INTERNAL: _alike("INTERNAL_SERVER_ERROR"),
    }
)
"""Total over :class:`~turngate.session.messages.Cause`."""
