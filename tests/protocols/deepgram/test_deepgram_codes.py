from turngate.protocols.deepgram.codes import CODES
from turngate.session.messages import Cause

DOCUMENTED_ERRORS = {
    "INTERNAL_SERVER_ERROR",
    "CLIENT_MESSAGE_TIMEOUT",
    "UNPARSABLE_CLIENT_MESSAGE",
    "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS",
    "SETTINGS_ALREADY_APPLIED",
    "INVALID_SETTINGS",
    "FAILED_TO_START_LISTENING",
    "FAILED_TO_LISTEN",
    "ASR_CONNECTION_CLOSED",
    "ASR_DRIVER_TIMEOUT",
    "USER_AUDIO_FORMAT",
    "FAILED_TO_SPEAK",
    "FAILED_TO_THINK",
    "SERVER_GOING_AWAY",
    "NON_EXISTENT_FUNCTION_CALLED",
    "AGENT_ID_NOT_SUPPORTED",
    "INVALID_AGENT_ID",
    "MAXIMUM_SESSION_LENGTH_REACHED",
}
OURS = {"RESUME_FAILED", "SESSION_ENDED_BY_OPERATOR", "USAGE_LIMIT_REACHED"}
"""Only for what is not in the protocol: coming back, and what an operator decides."""


def test_codes_are_total_over_causes() -> None:
    """Whatever the session names as a cause has a code, and no code is kept for a cause that is gone."""
    assert set(Cause) == set(CODES)


def test_error_codes_are_documented_ones() -> None:
    """A client that knows the protocol's error codes knows all of ours, but for those that it has to ask for."""
    assert OURS == {codes.error for codes in CODES.values()} - DOCUMENTED_ERRORS


def test_codes_say_what_the_protocol_promises_for_its_order_rules() -> None:
    """The codes that clients act on stand at their causes."""
    assert CODES[Cause.NOT_CONFIGURED].error == "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS"
    assert CODES[Cause.ALREADY_CONFIGURED].error == "SETTINGS_ALREADY_APPLIED"
    assert CODES[Cause.SETTINGS_TIMEOUT].error == "CLIENT_MESSAGE_TIMEOUT"
    assert CODES[Cause.SETTINGS_IGNORED].warning == "SETTINGS_FIELDS_IGNORED"
    assert CODES[Cause.UNKNOWN_TOOL_RESULT].warning == "UNMATCHED_FUNCTION_RESPONSE"
    assert CODES[Cause.TOOL_TIMEOUT].warning == "FUNCTION_CALL_TIMEOUT"
