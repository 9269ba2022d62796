"""What is remembered for an upstream session that has not heard it: bounded, and as the client knows it."""

import pytest

from turngate.session import messages as m
from turngate.session.memory import MAX_CHARS, MAX_ENTRIES, MAX_UNSETTLED, Memory

ALL = m.Recall()


def test_audio_is_that_of_the_turns_that_are_owed_and_have_no_words() -> None:
    """A turn that was written down stands among the lines."""
    for heard, owed, kept in ((False, True, 2), (False, False, 0), (True, True, 0)):
        memory = Memory()
        memory.hear(m.SpeechStarted("u1"))
        memory.watch(m.AppendAudio(bytes(48_000)))
        memory.watch(m.AppendAudio(bytes(48_000)))
        memory.hear(m.SpeechCommitted("u1"))
        memory.hear(m.UserTranscribed("u1", "hello" if heard else " "))
        recalled = memory.recall(m.Recall(frozenset({"u1"} if owed else ())))
        assert kept * 48_000 == sum(map(len, recalled.audio))
        assert frozenset({"u1"} if kept else ()) == recalled.again


def test_audio_is_counted_in_what_the_settings_say_that_it_is() -> None:
    """Telephone sound, and pauses for which the proxy listens."""
    for config, kept in (
        (m.SessionConfig(), 32_000),
        (m.SessionConfig(input_sound=m.Sound.PCMU), 8_000),
        (m.SessionConfig(turn_end=m.ByPause()), 80_000),
    ):
        memory = Memory(16_000)
        memory.watch(m.SendUpdate("e", config, None))
        for _ in range(500):
            memory.watch(m.AppendAudio(bytes(160)))
        memory.hear(m.SpeechStarted("v"))
        assert kept == sum(map(len, memory.recall(ALL).audio))


def test_lines_stand_where_they_were_said_in_the_words_that_were_heard() -> None:
    """One that is still being heard stands there whole; one of which nothing was heard does not stand there."""
    memory = Memory()
    for item_id, text in (("i1", "one two"), ("i2", "three"), ("i3", "four")):
        memory.watch(m.ConversationLine(m.Role.ASSISTANT, text, item_id=item_id))
    memory.watch(m.LineRecorded(m.Role.USER, "wait", "t1"))
    memory.watch(m.LineRecorded(m.Role.ASSISTANT, "one", "i1"))
    memory.watch(m.LineRecorded(m.Role.ASSISTANT, "", "i2"))
    entries = memory.recall(ALL).entries
    assert ["one", "four", "wait"] == [entry.text for entry in entries if isinstance(entry, m.ContextLine)]


def lines(memory: Memory) -> list[str]:
    """The lines that another upstream session would be told."""
    return [entry.text for entry in memory.recall(ALL).entries if isinstance(entry, m.ContextLine)]


def test_lines_when_they_were_heard_before_they_are_told_stand_once_and_as_they_were_heard() -> None:
    """The agent's line waits for the user's words, and may be heard to its end before they come."""
    memory = Memory()
    for item_id, text in (("i1", "one two"), ("i2", "three"), ("i3", "")):
        memory.watch(m.LineRecorded(m.Role.ASSISTANT, text, item_id))
    memory.watch(m.LineRecorded(m.Role.USER, "hello"))
    for item_id, text in (("i1", "one two"), ("i2", "three four"), ("i3", "five")):
        memory.watch(m.ConversationLine(m.Role.ASSISTANT, text, item_id=item_id))
    assert ["hello", "one two", "three"] == lines(memory)


def test_lines_when_nothing_more_is_heard_of_many_are_not_waited_for() -> None:
    """The oldest of them then stand as they were told; what was heard of a line that is never told is forgotten."""
    memory = Memory()
    memory.watch(m.LineRecorded(m.Role.ASSISTANT, "heard", "never"))
    for number in range(MAX_UNSETTLED + 1):
        memory.watch(m.LineRecorded(m.Role.ASSISTANT, "heard", f"early{number}"))
        memory.watch(m.ConversationLine(m.Role.ASSISTANT, "told", item_id=f"open{number}"))
    for item_id in ("never", "early0", "early1", f"early{MAX_UNSETTLED}"):
        memory.watch(m.ConversationLine(m.Role.ASSISTANT, "whole", item_id=item_id))
    memory.watch(m.LineRecorded(m.Role.ASSISTANT, "part", "open0"))
    memory.watch(m.LineRecorded(m.Role.ASSISTANT, "part", f"open{MAX_UNSETTLED}"))
    kept = lines(memory)
    assert ("told", "part") == (kept[0], kept[MAX_UNSETTLED])
    assert ["whole", "whole", "heard", "heard"] == kept[-4:]


def test_written_turns_when_kept_apart_are_given_with_their_words() -> None:
    """They are added when they are answered."""
    memory = Memory()
    memory.watch(m.LineRecorded(m.Role.USER, "hello", "t1"))
    memory.watch(m.LineRecorded(m.Role.USER, "again", "t2"))
    recalled = memory.recall(m.Recall(apart=frozenset({"t2"})))
    assert [m.ContextLine(m.Role.USER, "hello")] == list(recalled.entries)
    assert (("t2", "again"),) == recalled.texts


def test_calls_are_remembered_with_their_results_and_speech_told_in_detail_as_a_line() -> None:
    """In the order in which they came."""
    memory = Memory()
    memory.watch(m.UserHeard("u1", "what time", is_whole=False))
    memory.watch(m.UserHeard("u1", "what time is it", is_whole=True))
    call = m.ToolCall("c1", "get_time", "{}")
    memory.watch(m.CallsRecorded(((call, "noon"),)))
    expected = [m.ContextLine(m.Role.USER, "what time is it"), m.ContextCall(call, "noon")]
    assert expected == list(memory.recall(ALL).entries)


def test_lines_when_too_many_or_too_long_are_forgotten_from_the_oldest() -> None:
    """What is remembered is bounded in number and in characters; but the last is remembered, however long."""
    memory = Memory()
    for number in range(MAX_ENTRIES + 10):
        memory.watch(m.LineRecorded(m.Role.USER, str(number)))
    entries = memory.recall(ALL).entries
    assert MAX_ENTRIES == len(entries)
    assert m.ContextLine(m.Role.USER, "10") == entries[0]
    for length in (MAX_CHARS, MAX_CHARS + 1):
        memory.watch(m.LineRecorded(m.Role.USER, "x" * length))
        assert [length] == [len(line) for line in lines(memory)]
    memory.watch(m.LineRecorded(m.Role.USER, "y"))
    assert ["y"] == lines(memory)


LOUD = {m.Sound.PCM: b"\0\x40" * 480, m.Sound.PCMU: b"\x80" * 160, m.Sound.PCMA: b"\xaa" * 160}
STILL = {m.Sound.PCM: bytes(960), m.Sound.PCMU: b"\xff" * 160, m.Sound.PCMA: b"\xd5" * 160}
FRAMES_PER_S = 50


def listening(sound: m.Sound) -> Memory:
    """The memory of a session in which the user is heard."""
    memory = Memory()
    memory.watch(m.SendUpdate("e", m.SessionConfig(input_sound=sound), None))
    memory.hear(m.UpdateConfirmed())
    return memory


def sound_of(memory: Memory, frame: bytes, seconds: float) -> None:
    """The client sends so much of it."""
    for _ in range(int(seconds * FRAMES_PER_S)):
        memory.watch(m.AppendAudio(frame))


@pytest.mark.parametrize("sound", m.Sound)
def test_speech_when_the_upstream_said_nothing_more_is_missed(sound: m.Sound) -> None:
    """It is not kept, for nobody said that it was speech; but that it was loud is known."""
    memory = listening(sound)
    sound_of(memory, LOUD[sound], 2.0)
    sound_of(memory, STILL[sound], 5.0)
    memory.watch(m.DialUpstream())
    memory.hear(m.UpdateConfirmed())
    assert 2.0 == pytest.approx(memory.recall(m.Recall()).missed_s, abs=0.05)
    assert 0.0 == memory.recall(m.Recall()).missed_s


@pytest.mark.parametrize("sound", m.Sound)
def test_silence_when_the_upstream_said_nothing_more_is_not_missed(sound: m.Sound) -> None:
    """Nor a click."""
    memory = listening(sound)
    sound_of(memory, STILL[sound], 5.0)
    sound_of(memory, LOUD[sound], 0.1)
    sound_of(memory, STILL[sound], 5.0)
    assert 0.0 == memory.recall(m.Recall()).missed_s


def test_speech_when_the_upstream_said_something_since_is_not_missed() -> None:
    """It did hear it, and made of it what it would."""
    memory = listening(m.Sound.PCM)
    sound_of(memory, LOUD[m.Sound.PCM], 2.0)
    sound_of(memory, STILL[m.Sound.PCM], 2.0)
    memory.hear(m.ItemConfirmed("i"))
    sound_of(memory, STILL[m.Sound.PCM], 2.0)
    assert 0.0 == memory.recall(m.Recall()).missed_s
