"""
One client's conversation in the component profile: text frames in, session messages out, and back.

Responsible for what a session has to remember about its client's protocol: the format of its audio, whether it was
told that the session is ready, and the pieces of transcripts. Must not know: sockets, what any message leads to.

Comes from: the client actor. Goes to: the settings and the translation, and to Deepgram's for what is the same there.
"""

from collections.abc import Callable
from typing import Final

from turngate.protocols.component import translation
from turngate.protocols.component.client_events import FunctionCallResponse, Settings, decode_client
from turngate.protocols.component.server_events import AgentDone, OwnEvent
from turngate.protocols.component.settings import DEFAULT_AUDIO, accept_settings
from turngate.protocols.deepgram.client_events import UpdateListen, UpdatePrompt, UpdateSpeak, UpdateThink
from turngate.protocols.deepgram.codec import Malformed, encode_server
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.server_events import AgentAudioDone, History, LatencyReport, ServerEvent
from turngate.protocols.deepgram.translation import to_client, to_session
from turngate.protocols.deepgram.updates import update
from turngate.session import messages as session

NOT_SPOKEN_OF: Final = (History, LatencyReport)
"""What Deepgram's protocol tells beside other messages, and components do not know."""
MAX_UNFINISHED: Final = 8
"""Utterances whose transcripts are being put together at the same time; of more, the oldest are forgotten."""
MAX_TRANSCRIPT_CHARS: Final = 64 * 1024


class Face:
    """
    The protocol of one session's client.

    Args:
        maps: the operator's dictionary.
        conceal: takes the operator's key out of the upstream's words.

    Attributes:
        audio: what the client's audio is in both directions; before its settings what components usually send.
    """

    def __init__(self, maps: Maps | None = None, conceal: Callable[[str], str] = str) -> None:
        self.audio = DEFAULT_AUDIO
        self._conceal = conceal
        self._maps = maps or Maps()
        self._is_ready = False
        self._unfinished: dict[str, str] = {}

    def hear(self, payload: bytes) -> session.ClientMessage:
        """What a text frame of the client means to the session; one that means nothing does not end it."""
        event = decode_client(payload)
        match event:
            case Settings():
                running = self.audio if self._is_ready else None
                accepted = accept_settings(event, payload, self._maps, running)
                if isinstance(accepted, session.Problem):
                    return session.ClientFault(accepted, ending=None)
                self.audio = accepted.audio
                return accepted.configure
            case FunctionCallResponse():
                return translation.tool_result(event)
            case UpdatePrompt() | UpdateThink() | UpdateSpeak() | UpdateListen():
                return update(event, payload, self._maps, self._maps.model)
            case Malformed(problem):
                return self._fault(problem, payload)
            case _:
                return to_session(event)

    def tell(self, effect: session.Told) -> tuple[bytes, ...]:
        """The text frames that tell the client."""
        return tuple(encode_server(event) for event in self._events(effect))

    def _fault(self, problem: session.Problem, payload: bytes) -> session.ClientFault:
        match problem.cause:
            case session.Cause.MESSAGE_TOO_LARGE:
                return session.ClientFault(problem, session.Ending.CLIENT_TOO_LARGE)
            case session.Cause.UNKNOWN_TYPE:
                return session.ClientFault(translation.disallowed_type(payload), ending=None)
            case _:
                return session.ClientFault(problem, ending=None)

    def _events(self, effect: session.Told) -> tuple[ServerEvent | OwnEvent, ...]:
        match effect:
            case session.AgentFinishedSpeaking():
                return AgentDone(), AgentAudioDone()
            case session.UserStopped():
                return (translation.utterance_end(effect),)
            case session.UserHeard():
                return (translation.transcript(self._heard(effect), effect),)
            case session.Failed(problem):
                return (translation.error(problem, self._conceal, is_ready=self._is_ready),)
            case session.UpdateNotApplied(session.UpdateKind.SETTINGS, problem):
                return (translation.error(problem, self._conceal, is_ready=True),)
            case session.Warned(problem) | session.UpdateNotApplied(_, problem):
                if problem.code is not None:
                    return (translation.error(problem, self._conceal, is_ready=True),)
                return (translation.warning(problem),)
            case _:
                if isinstance(effect, session.SessionConfigured | session.UpdateApplied):
                    self._is_ready = True
                return tuple(event for event in to_client(effect) if not isinstance(event, NOT_SPOKEN_OF))

    def _heard(self, heard: session.UserHeard) -> str:
        """All of an utterance so far; the pieces of each are kept apart by its item."""
        before = self._unfinished.pop(heard.item_id, "")
        if heard.is_whole:
            return heard.text
        text = (before + heard.text)[:MAX_TRANSCRIPT_CHARS]
        self._unfinished[heard.item_id] = text
        while len(self._unfinished) > MAX_UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]
        return text
