"""
Three ways to have a model speak given words, side by side; docs/decisions/0015 says which the proxy takes, and why.

The simulated model obeys whoever asks it to say something exactly; what differs is what an upstream does around it.
"""

import pytest
from simulator_desk import Desk
from test_simulator_vad import speech_24k

from turngate.protocols.realtime.translation import SAY_PREFIX
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace

LINE = "Hello there, how can I help you today?"
IN_SIGHT = {"instructions": SAY_PREFIX + LINE, "tool_choice": "none"}
OUT_OF_BAND = {**IN_SIGHT, "conversation": "none", "input": []}
OUT_OF_SIGHT = {**IN_SIGHT, "input": []}
WAYS = pytest.mark.parametrize(
    "way", [IN_SIGHT, OUT_OF_BAND, OUT_OF_SIGHT], ids=["in sight", "out of band", "out of sight"]
)


def spoken(way):
    """A desk at which the line was asked for, and some of it was said."""
    desk = Desk(manner=Manner(pace=Pace(speed=1.0)))
    desk.say("What do you cost?")
    desk.respond(**way)
    desk.run(0.5)
    return desk


@WAYS
def test_the_line_is_heard_word_for_word(way):
    """Each way, from a model that obeys."""
    desk = spoken(way)
    desk.run(5)
    assert desk.one("response.output_audio_transcript.done")["transcript"] == LINE
    assert desk.one("response.done")["response"]["status"] == "completed"


@WAYS
def test_the_line_is_in_the_conversation_unless_it_is_out_of_band(way):
    """Out of band, whoever asked for it has to add it."""
    desk = spoken(way)
    desk.run(5)
    added = [event["item"]["role"] for event in desk.of("conversation.item.added")]
    assert ("assistant" in added) is (way is not OUT_OF_BAND)


@WAYS
def test_the_line_is_cut_off_by_the_user_unless_it_is_out_of_band(way):
    """Turn detection stops what is in the conversation, and nothing else."""
    desk = spoken(way)
    desk.speak(speech_24k())
    assert desk.of("input_audio_buffer.speech_started")
    cut = [event["response"]["status"] for event in desk.of("response.done")]
    assert cut == ([] if way is OUT_OF_BAND else ["cancelled"])


@WAYS
def test_the_part_that_was_not_heard_can_be_taken_out_unless_it_is_out_of_band(way):
    """What is in no conversation cannot be truncated there."""
    desk = spoken(way)
    item_id = desk.of("response.output_audio.delta")[0]["item_id"]
    desk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=100)
    assert bool(desk.of("error")) is (way is OUT_OF_BAND)


@WAYS
def test_an_answer_beside_the_line_is_refused_unless_it_is_out_of_band(way):
    """Out of band both would be heard at once."""
    desk = spoken(way)
    desk.respond()
    refused = [event["error"]["code"] for event in desk.of("error")]
    assert refused == ([] if way is OUT_OF_BAND else ["conversation_already_has_active_response"])
