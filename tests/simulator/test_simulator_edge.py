"""The simulator as another server: it takes that server's wire and no other, and says what that one says."""

from itertools import permutations
from typing import Any

import msgspec
import pytest

from turngate.net.admission import Offer
from turngate.protocols.realtime import DIALECTS, Malformed, Translation, decode_server
from turngate.protocols.realtime import client_events as c
from turngate.protocols.realtime import server_events as s
from turngate.session import messages as m
from turngate.simulator import Simulator
from turngate.simulator.edge import BETA_NAMES, Edge

CONFIG = m.SessionConfig("Be kind.", (m.ToolSpec("f"),), voice="eve", speed=1.2)
LIKE_OPENAI = {"ga", "azure"}
LIKE_BETA = {"beta", "azure-preview"}


def heard(name: str, **event: Any) -> c.ClientEvent | Malformed:
    return Edge(DIALECTS[name]).heard(msgspec.json.encode(event))


def said(name: str, event: s.ServerEvent) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame) for frame in Edge(DIALECTS[name]).said(event)]


@pytest.mark.parametrize("name", DIALECTS)
def test_what_we_send_is_taken(name: str) -> None:
    """Every request of a session, whole and in part, is valid in its own dialect."""
    wire, edge = Translation(dialect=DIALECTS[name]), Edge(DIALECTS[name])
    for effect in (
        m.SendUpdate("e", CONFIG, None),
        m.SendUpdate("e", m.SessionConfig(turn_end=m.ByMeaning()), None),
        m.SendUpdate("e", m.SessionConfig(turn_end=m.ByPause()), CONFIG),
        m.StartResponse("e", "Hello."),
        m.AddLine("e", "i", m.Role.ASSISTANT, "yes"),
        m.AddToolOutput("e", "i", "c", "noon"),
        m.AppendAudio(b"\0\1" * 320),
        m.CancelResponse("e", "r"),
        m.DeleteItem("e", "i"),
    ):
        assert not isinstance(edge.heard(wire.to_wire(effect)), Malformed), effect


@pytest.mark.parametrize(("speaker", "listener"), list(permutations(DIALECTS, 2)))
def test_session_of_another_dialect_is_refused(speaker: str, listener: str) -> None:
    """None is taken for another but where two are the same."""
    frame = Translation(dialect=DIALECTS[speaker]).to_wire(m.SendUpdate("e", CONFIG, None))
    refused = Edge(DIALECTS[listener]).heard(frame)
    same = {speaker, listener} in (LIKE_OPENAI, LIKE_BETA) or (speaker, listener) in {
        ("localai", "ga"),
        ("localai", "azure"),
    }
    if same:
        assert not isinstance(refused, Malformed)
    elif not (speaker in LIKE_OPENAI and listener == "localai") and not (
        speaker == "speaches" and listener in LIKE_BETA
    ):
        assert isinstance(refused, Malformed)
        assert "e" == refused.event_id
        assert str(refused.param).startswith("session")


@pytest.mark.parametrize(
    ("name", "session", "param"),
    [
        ("beta", {"audio": {"output": {"voice": "eve"}}}, "session.audio.output.voice"),
        ("beta", {"type": "realtime"}, "session.type"),
        ("beta", {"input_audio_format": "pcm"}, "session.input_audio_format"),
        ("xai", {"turn_detection": None}, "session.turn_detection"),
        ("xai", {"turn_detection": {"type": "server_vad", "create_response": False}}, "session.turn_detection.create_"),
        ("xai", {"turn_detection": {"type": "server_vad", "threshold": 0.95}}, "session.turn_detection.threshold"),
        ("xai", {"audio": {"output": {"speed": 2.0}}}, "session.speed"),
        ("qwen", {"input_audio_format": "pcm16"}, "session.input_audio_format"),
        ("qwen", {"turn_detection": {"type": "semantic_vad"}}, "session.turn_detection"),
        ("qwen", {"tools": [{"type": "function", "name": "f"}]}, "session.tools"),
        ("speaches", {"input_audio_format": "pcm16"}, "session.input_audio_format"),
    ],
)
def test_field_that_the_server_does_not_take_is_named(name: str, session: dict[str, Any], param: str) -> None:
    """With a value out of its bounds it is the same."""
    refused = heard(name, type="session.update", session=session)
    assert isinstance(refused, Malformed)
    assert str(refused.param).startswith(param)


@pytest.mark.parametrize("name", DIALECTS)
def test_event_that_the_server_does_not_know_is_refused(name: str) -> None:
    """Where items cannot be cut, nobody has heard of that; nor of naming what to cancel."""
    cut = heard(name, type="conversation.item.truncate", item_id="i", content_index=0, audio_end_ms=1)
    assert DIALECTS[name].capabilities.truncates is not isinstance(cut, Malformed)
    cancel = heard(name, type="response.cancel", response_id="r")
    assert DIALECTS[name].cancels_by_id is not isinstance(cancel, Malformed)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{", b'{"type":1}', b'{"type":"session.update","session":1}', b"\xff"]
)
@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_no_event_is_malformed(name: str, payload: bytes) -> None:
    """In any dialect."""
    assert isinstance(Edge(DIALECTS[name]).heard(payload), Malformed)


def test_audio_comes_in_at_the_servers_rate() -> None:
    """Sixteen samples are twenty-four inside."""
    audio = heard("qwen", type="input_audio_buffer.append", audio="AAEAAgADAAQABQAGAAc=")
    assert isinstance(audio, c.InputAudioBufferAppend)
    assert 2 * (7 * 3 // 2) == len(audio.audio)


def test_names_of_the_beta_are_read_as_what_they_mean() -> None:
    """What the edge says is what the parser knows: the same event, or its ancestor."""
    delta = s.ResponseOutputAudioDelta(event_id="e", response_id="r", item_id="i", delta=b"\0\0")
    (frame,) = Edge(DIALECTS["beta"]).said(delta)
    event = decode_server(frame)
    assert isinstance(event, s.BetaAudioDelta)
    assert b"\0\0" == event.delta
    assert 7 == len(set(BETA_NAMES.values()))


def test_capabilities_are_played() -> None:
    """What the server does not say is not said, and what it says of its own is."""
    created = s.ResponseCreated(
        event_id="e", response=s.Response(id="r", metadata={"turngate": "t"}, output=[], output_modalities=["audio"])
    )
    assert {"turngate": "t"} == said("ga", created)[0]["response"]["metadata"]
    ping, beginning = said("xai", created)
    assert "ping" == ping["type"]
    assert "metadata" not in beginning["response"]
    assert ["text", "audio"] == said("beta", created)[0]["response"]["modalities"]
    done = s.ConversationItemDone(event_id="e", item=s.Item(type="message", id="i"))
    assert [] == said("beta", done) == said("xai", done) == said("localai", done)


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("ga", {}, None),
        ("ga", {"openai-beta": "realtime=v1"}, 400),
        ("beta", {}, 400),
        ("beta", {"openai-beta": "realtime=v1"}, None),
        ("azure", {}, 401),
        ("azure", {"authorization": "Bearer k"}, 401),
        ("azure", {"api-key": "k"}, None),
        ("azure-preview", {"api-key": "k", "openai-beta": "realtime=v1"}, 400),
        ("xai", {"authorization": "Bearer k"}, None),
    ],
)
def test_headers_are_asked_for_as_the_server_does(name: str, headers: dict[str, str], status: int | None) -> None:
    """Its own, and no other's."""
    simulator = Simulator(None, dialect=DIALECTS[name])  # type: ignore[arg-type]
    assert status == simulator._admit(Offer(path=simulator.path, peer="p", headers=headers))
