"""
Which trials are made, in which order, and which of them share a connection.

Responsible for a fresh connection where an earlier trial may have upset the server, and for what is left out.

Must not know: what a trial does; how anything is printed.

Comes from: ``cli/probe.py``. Goes to: ``line.py``; the book has the findings afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from turngate.cli.probing import busy, items, responses, session, sound
from turngate.cli.probing.asking import kind_is
from turngate.cli.probing.line import Line, NoConnectionError, drive, open_line
from turngate.cli.probing.shapes import Detection, Shape, Wish, shape_for
from turngate.cli.probing.words import BINARY, NONSENSE, Book, End, Step, Topic, Trial, code_of, session_of
from turngate.protocols.realtime.dialects import Dialect
from turngate.proxy.ports import DialFailure, DialFault, IDialler
from turngate.simulator.voice import speak

Prepared: TypeAlias = Callable[[Book], Trial]

OTHERWISE: Final = frozenset({400, 401, 403, 426})
"""Refusals that may be about what was shown."""

COST: Final = "five short answers and three seconds of speech"
WORDS: Final = "Could you tell me what the time is, please?"
"""Spoken by the simulator's voice: a babble with the rise and fall of speech."""


class RefusedError(Exception):
    """The server talks, but not to us, or not this protocol; the text says what it did."""


@frozen
class Choices:
    """What the operator wants of a probe."""

    has_sound: bool = True
    speech: bytes | None = None
    """Linear16 at 24,000 samples a second, to send instead of the simulator's voice."""
    dialect: Dialect | None = None
    """The dialect that is assumed; ``None`` finds out."""


@frozen
class Scene:
    """Trials that may share a connection; each new one begins with ``setup``."""

    setup: Prepared
    trials: tuple[Prepared, ...]


async def probe(clock: IReactorTime, knocks: Mapping[str, IDialler], book: Book, choices: Choices) -> None:
    """
    Try everything.

    Args:
        clock: for all waits.
        knocks: the ways of asking to be let in, by what is shown; the first that is let in is kept to.
        book: where everything is written down.
        choices: what the operator wants.

    Raises:
        NoConnectionError: the server could not be connected to, at the first attempt.
        RefusedError: it does not speak this protocol, or does not want to.
    """
    book.epoch_s = book.epoch_s or clock.seconds()
    tried = list(Shape) if choices.dialect is None else [shape_for(choices.dialect)]
    shapes = session.Shapes(book)
    dialler, line = await _let_in(clock, knocks, book)
    try:
        await drive(line, _first(book, shapes))
    except RefusedError:
        line.hang_up()
        raise
    await _play(clock, dialler, book, Scene(_greet, tuple(map(shapes.attempt, tried))), line)
    if not book.kinds:
        raise RefusedError("it never said anything, whatever it was sent")
    shape = shapes.conclude()
    for scene in _scenes(shape, choices):
        await _play(clock, dialler, book, scene, None)
    items.read_errors(book)


async def _let_in(clock: IReactorTime, knocks: Mapping[str, IDialler], book: Book) -> tuple[IDialler, Line]:
    """The first connection, by the first way in which there is one."""
    failed: NoConnectionError | None = None
    for shown, dialler in knocks.items():
        try:
            line = await open_line(clock, dialler, book)
        except NoConnectionError as problem:
            # what another way of asking cannot change is not asked again; the first answer is the one that is told
            failed = failed or problem
            if problem.failure.status not in OTHERWISE:
                break
        else:
            book.found(Topic.KNOCK, shown, shown or "nothing")
            return dialler, line
    raise failed or NoConnectionError(DialFailure(DialFault.KEY, "there is no way to ask"))


def _first(book: Book, shapes: session.Shapes) -> Trial:
    """The greeting, and whether there is any sense in going on."""
    greeting = session.greeting(book)
    heard = yield next(greeting)
    created = heard.first("session.created")
    if created is None and heard.errors:
        raise RefusedError(f"it refuses the session: {code_of(heard.errors[0])}")
    if created is None and heard.events and all(event.kind in {NONSENSE, BINARY} for event in heard.events):
        raise RefusedError(f"it does not speak the Realtime protocol: its first message is a {heard.events[0].kind}")
    if created is None and heard.end in {End.CLOSED, End.FLOODED}:
        raise RefusedError(
            f"{heard.end.value} before any session.created" + (f" ({heard.close_code})" if heard.close_code else "")
        )
    if created is not None:
        shapes.saw(session_of(created))
    try:
        greeting.send(heard)
    except StopIteration:
        return


def _greet(book: Book) -> Trial:
    """Wait for the greeting, where one comes."""
    if book.greeting is not None:
        _ = yield Step(until=kind_is(book.greeting, "session.created", "error"))


def _scenes(shape: Shape, choices: Choices) -> Sequence[Scene]:
    spoken = Wish(speaks=choices.has_sound)

    def configured(wish: Wish) -> Prepared:
        return lambda book: session.configure(book, shape, wish)

    def answered(book: Book) -> Trial:
        book.spoken = None
        yield from session.configure(book, shape, spoken)
        yield from responses.respond(book)

    made = [
        Scene(configured(spoken), (items.items, items.errors)),
        Scene(answered, (responses.truncate, responses.another_voice(shape)) if choices.has_sound else (_nothing,)),
        Scene(configured(spoken), (busy.second_create, busy.update_while_active(shape))),
        Scene(configured(Wish(speaks=False, has_tool=True)), (responses.tool_call,)),
    ]
    if choices.has_sound:
        pcm = choices.speech if choices.speech is not None else b"".join(speak(WORDS, "alloy"))
        hearing = Wish(speaks=True, transcribes=True)
        made.append(Scene(configured(hearing), (sound.SpokenTurn(pcm),)))
        made.append(Scene(configured(Wish(detection=Detection.CLIENT)), (sound.commit,)))
    else:
        made.append(Scene(configured(spoken), (_without_sound,)))
    return made


def _nothing(_book: Book) -> Trial:
    """The setup was all."""
    yield from ()


def _without_sound(book: Book) -> Trial:
    """Say what was left out."""
    yield from ()
    for topic in (
        Topic.TRUNCATES,
        Topic.VOICE_LOCK,
        Topic.FINDS_TURNS,
        Topic.LETS_US_START,
        Topic.INPUT_RATE_HZ,
        Topic.TRANSCRIBES,
        Topic.COMMITS,
    ):
        book.unclear(topic, "not tried, for --no-audio")


async def _play(clock: IReactorTime, dialler: IDialler, book: Book, scene: Scene, line: Line | None) -> None:
    """The trials of a scene, in order; one that lost its connection costs no other trial its own."""
    for trial in scene.trials:
        if line is None or line.is_over:
            try:
                line = await open_line(clock, dialler, book)
            except NoConnectionError:
                # what nobody can try stays without a finding, which the report tells
                return
            await drive(line, scene.setup(book))
        await drive(line, trial(book))
    if line is not None:
        line.hang_up()
