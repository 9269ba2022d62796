import base64

import numpy as np
import pytest
from simulator_desk import AT_ONCE, Desk
from test_simulator_vad import silence, speech_24k

from turngate.simulator.ids import Ids
from turngate.simulator.items import Refusal
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace
from turngate.simulator.turns import Began, Ear, Spoken
from turngate.simulator.vad import VadSettings

MANUAL = {"input": {"turn_detection": None}}
ONE_TURN = silence(0.5) + speech_24k() + silence(1)


def detection(**settings):
    return {"input": {"turn_detection": {"type": "server_vad", **settings}}}


def test_audio_is_committed_by_hand():
    """Without turn detection nothing happens until a commit, which makes an item and no response."""
    desk = Desk()
    desk.update(audio=MANUAL)
    desk.take()
    desk.speak(ONE_TURN)
    assert desk.types == []
    desk.send("input_audio_buffer.commit")
    desk.turns()
    assert desk.types == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
    item = desk.one("conversation.item.done")["item"]
    assert item["id"] == desk.one("input_audio_buffer.committed")["item_id"]
    assert item["content"][0]["type"] == "input_audio"


@pytest.mark.parametrize(("held_ms", "refused"), [(0, True), (99, True), (100, False)])
def test_a_commit_is_refused_when_there_is_too_little(held_ms, refused):
    """A tenth of a second at least."""
    desk = Desk()
    desk.update(audio=MANUAL)
    desk.take()
    desk.speak(bytes(48 * held_ms))
    event_id = desk.send("input_audio_buffer.commit")
    assert refused == bool(desk.of("error"))
    if refused:
        assert desk.error()["code"] == "input_audio_buffer_commit_empty"
        assert desk.error()["event_id"] == event_id


def test_a_committed_buffer_is_empty():
    """The same audio is not committed twice."""
    desk = Desk()
    desk.update(audio=MANUAL)
    desk.speak(bytes(48 * 150))
    desk.send("input_audio_buffer.commit")
    desk.send("input_audio_buffer.commit")
    assert desk.error()["code"] == "input_audio_buffer_commit_empty"


def test_a_cleared_buffer_is_empty():
    """And the client hears that it is."""
    desk = Desk()
    desk.update(audio=MANUAL)
    desk.take()
    desk.speak(bytes(48 * 150))
    desk.send("input_audio_buffer.clear")
    assert desk.types == ["input_audio_buffer.cleared"]
    desk.send("input_audio_buffer.commit")
    assert desk.error()["code"] == "input_audio_buffer_commit_empty"


def test_an_append_is_refused_when_it_is_too_large():
    """Fifteen mebibytes in one event are the most."""
    desk = Desk()
    desk.update(audio=MANUAL)
    desk.take()
    desk.send("input_audio_buffer.append", audio=base64.b64encode(bytes(15 * 1024 * 1024)).decode())
    assert desk.types == []
    desk.send("input_audio_buffer.append", audio=base64.b64encode(bytes(15 * 1024 * 1024 + 2)).decode())
    assert desk.error()["param"] == "audio"


def test_a_spoken_turn_is_detected_committed_and_answered():
    """The whole turn, in the order of the API."""
    desk = Desk()
    desk.speak(ONE_TURN)
    desk.turns()
    head = desk.types[:8]
    assert head == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
    ]
    ids = {event["item_id"] for event in desk.sent[:3]} | {event["item"]["id"] for event in desk.sent[3:5]}
    assert len(ids) == 1
    started, stopped = desk.sent[:2]
    assert 0 < started["audio_start_ms"] < stopped["audio_end_ms"] <= len(ONE_TURN) / 48
    seconds = (stopped["audio_end_ms"] - started["audio_start_ms"]) / 1000
    transcript = desk.one("response.output_audio_transcript.done")["transcript"]
    assert transcript == f"I heard {seconds:.1f} seconds of speech."
    assert desk.tally.turns == 1


def test_a_turn_is_not_answered_when_the_client_answers_turns_itself():
    """``create_response: false`` leaves detection and commit."""
    desk = Desk()
    desk.update(audio=detection(create_response=False))
    desk.take()
    desk.speak(ONE_TURN)
    desk.turns()
    assert desk.types[-1] == "conversation.item.done"
    assert desk.of("response.created") == []


def test_speech_cancels_the_response():
    """Barge-in: what was begun is closed out, with the reason."""
    desk = Desk(manner=Manner(pace=Pace(speed=1.0)))
    desk.say("a rather long sentence about nothing at all")
    desk.respond()
    desk.run(1)
    desk.take()
    desk.speak(ONE_TURN[: 48_000 * 2])
    assert desk.types[0] == "input_audio_buffer.speech_started"
    response = desk.one("response.done")["response"]
    assert (response["status"], response["status_details"]["reason"]) == ("cancelled", "turn_detected")


def test_speech_leaves_the_response_alone_when_it_may_not_interrupt():
    """And then the server cannot answer the turn while that response is active, and says so with no event id."""
    desk = Desk(manner=Manner(pace=Pace(speed=0.1)))
    desk.update(audio=detection(interrupt_response=False))
    desk.say("a rather long sentence about nothing at all")
    desk.respond()
    desk.run(1)
    desk.take()
    desk.speak(ONE_TURN)
    assert desk.of("response.done") == []
    assert desk.error()["code"] == "conversation_already_has_active_response"
    assert desk.error().get("event_id") is None


def test_speech_leaves_responses_out_of_band_alone():
    """Only the conversation's own response is interrupted."""
    desk = Desk(manner=Manner(pace=Pace(speed=0.1)))
    desk.respond(conversation="none")
    desk.run(1)
    desk.take()
    desk.speak(ONE_TURN[: 48_000 * 2])
    assert desk.types == ["input_audio_buffer.speech_started"]


def test_speech_is_transcribed_when_that_is_on():
    """Later, and beside the response: deltas, then the whole."""
    desk = Desk()
    desk.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    desk.take()
    desk.speak(ONE_TURN)
    desk.run(1)
    name = "conversation.item.input_audio_transcription"
    completed = desk.one(f"{name}.completed")
    assert completed["item_id"] == desk.one("input_audio_buffer.committed")["item_id"]
    assert completed["transcript"].endswith("seconds of speech)")
    assert completed["usage"]["type"] == "duration"
    assert desk.one(f"{name}.delta")["delta"] == completed["transcript"]


def test_a_turn_is_heard_as_the_words_that_were_given():
    """So that a spoken turn can call a tool; later turns are measured."""
    desk = Desk(manner=Manner(pace=AT_ONCE, heard=("What time is it?",)))
    tool = {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}
    desk.update(tools=[tool], audio={"input": {"transcription": {"model": "whisper-1"}}})
    desk.speak(ONE_TURN)
    desk.run(1)
    name = "conversation.item.input_audio_transcription.completed"
    assert desk.one(name)["transcript"] == "What time is it?"
    assert desk.one("response.done")["response"]["output"][0]["name"] == "get_time"
    desk.take()
    desk.speak(ONE_TURN)
    desk.run(1)
    assert desk.one(name)["transcript"].endswith("seconds of speech)")


def test_two_turns_are_two_items():
    """Each with an id of its own, the second after the first."""
    desk = Desk()
    desk.update(audio=detection(create_response=False))
    desk.speak(ONE_TURN + ONE_TURN)
    one, two = desk.of("input_audio_buffer.committed")
    assert one["item_id"] != two["item_id"]
    assert two["previous_item_id"] == one["item_id"]


@pytest.mark.parametrize("audio_format", ["audio/pcmu", "audio/pcma"])
def test_telephone_audio_is_heard_and_spoken(audio_format):
    """G.711 in both directions, at 8 kHz."""
    from turngate.simulator.formats import from_pcm

    desk = Desk()
    desk.update(audio={"input": {"format": {"type": audio_format}}, "output": {"format": {"type": audio_format}}})
    desk.take()
    desk.speak(from_pcm(ONE_TURN, audio_format), piece=160)
    desk.turns()
    assert desk.types[:2] == ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
    audio = b"".join(base64.b64decode(event["delta"]) for event in desk.of("response.output_audio.delta"))
    text = desk.one("response.output_audio_transcript.done")["transcript"]
    assert len(audio) / 8000 == pytest.approx(len(text) / 14, rel=0.1)
    assert np.unique(np.frombuffer(audio, "u1")).size > 20


def test_a_commit_within_a_turn_takes_the_id_that_was_announced():
    """The client commits while the user speaks: it is the item of ``speech_started``."""
    ear = Ear(Ids("1"))
    ear.listen(VadSettings())
    (began,) = list(ear.append(ONE_TURN[: 48_000 * 2]))
    assert isinstance(began, Began)
    spoken = ear.commit()
    assert isinstance(spoken, Spoken)
    assert spoken.item_id == began.item_id
    assert spoken.duration_ms == 2000 - began.audio_start_ms
    assert isinstance(ear.commit(), Refusal)


def test_a_turn_is_forgotten_when_the_buffer_is_cleared():
    """No end comes for a beginning that was cleared; the next beginning is another item."""
    ear = Ear(Ids("1"))
    ear.listen(VadSettings())
    (began,) = list(ear.append(ONE_TURN[: 48_000 * 2]))
    ear.clear()
    later = [heard for heard in ear.append(silence(2) + speech_24k() + silence(1)) if isinstance(heard, Spoken)]
    assert len(later) == 1
    assert later[0].item_id != began.item_id


def test_times_count_appended_audio_when_detection_comes_late():
    """``audio_start_ms`` counts from the beginning of the session, not of the detection."""
    ear = Ear(Ids("1"))
    list(ear.append(silence(10)))
    ear.listen(VadSettings())
    began = next(iter(ear.append(ONE_TURN)))
    assert began.audio_start_ms > 10_000
