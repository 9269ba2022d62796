"""
``turngate probe``: what a server of the Realtime protocol does, found by trying.

Responsible for the arguments, the key, and printing what was found.

Must not know: what is tried, and how it is read.

Comes from: the command line. Goes to: ``probing/plan.py``, and stdout.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from twisted.internet import task
from twisted.internet.defer import Deferred

from turngate.audio import AudioFormat, Encoding
from turngate.audio.inbound import Inbound
from turngate.cli.probing import report as telling
from turngate.cli.probing.line import NoConnectionError
from turngate.cli.probing.plan import COST, Choices, RefusedError, probe
from turngate.cli.probing.words import Book
from turngate.cli.speech import SpeechError, read_wav
from turngate.errors import ConfigError
from turngate.net import BearerKey, Limits, UpstreamAddress, UpstreamDialler
from turngate.net.upstream import MODEL_PLACE
from turngate.ops.config import DEFAULT_MODEL, KEY_VARIABLE
from turngate.ops.secrets import key_from_environment, key_from_file
from turngate.protocols.realtime import DIALECTS, Dialect, completed, dialect_of
from turngate.proxy.ports import DialFailure, IDialler

WITHIN_S: Final = (0.05, 60.0)
LONGEST_SPEECH_S: Final = 20.0
USABLE, UNUSABLE, WRONG = 0, 1, 2

HINTS: Final = {
    401: "the key is wrong, or goes elsewhere than to Authorization",
    403: "the key may not do this",
    404: "the path or the model is wrong",
    429: "it takes no more at present; try later",
}


def main(argv: Sequence[str]) -> int:
    """Probe the server that the arguments name, and return the exit status."""
    from twisted.internet import reactor

    made = parser()
    options = made.parse_args(argv)
    outcome: list[int] = []
    try:
        key = key_of(options)
        choices = choices_of(options)
        options.url = completed(options.url, choices.dialect or dialect_of(options.url))
        target = UpstreamAddress(options.url, model_of(options)).target(None)
        if key is not None and not target.may_see_key:
            raise ConfigError("the key would go over the network in the clear; give a wss:// URL")
    except (ConfigError, SpeechError) as problem:
        print(f"turngate probe: {problem}", file=sys.stderr)
        return WRONG
    print(
        f"turngate probe: asks {target.host} for {COST if choices.has_sound else 'five short answers'}", file=sys.stderr
    )

    async def run(clock: Any) -> None:
        outcome.append(await tell(clock, options, key, choices))

    try:
        task.react(lambda clock: Deferred.fromCoroutine(run(clock)), _reactor=reactor)
    except SystemExit as end:
        if not outcome:
            return int(end.code or 0)
    return outcome[0] if outcome else 130


def parser() -> argparse.ArgumentParser:
    """The arguments of ``turngate probe``."""
    made = argparse.ArgumentParser(
        prog="turngate probe",
        description="Find out by trying what a server of the Realtime protocol does and how the proxy has to treat it; "
        "with a section for turngate.toml. A server that charges is asked for " + COST + ".",
        epilog=f"The key is taken from {KEY_VARIABLE}, or from --key-file. Exit status: 0 where the findings can be "
        "used, 1 where the server cannot be reached, refuses, or does not speak the protocol, 2 for wrong arguments.",
    )
    made.add_argument("url", metavar="URL", help="ws:// or wss://, with {model} where the model's name goes")
    made.add_argument("--model", metavar="NAME", help=f"what {MODEL_PLACE} stands for (default: its dialect's)")
    made.add_argument("--dialect", choices=tuple(DIALECTS), help="assume this dialect, and try no other")
    made.add_argument("--key-file", metavar="FILE", help="a file with the key and nothing else")
    made.add_argument(
        "--within",
        type=seconds,
        default=5.0,
        metavar="SECONDS",
        help="how long silence lasts until it counts as no answer (default 5)",
    )
    sound = made.add_mutually_exclusive_group()
    sound.add_argument("--no-audio", action="store_true", help="send no speech, and ask for written answers")
    sound.add_argument(
        "--audio", metavar="FILE", help="speech to send, a 16-bit WAV file, for servers that find none in ours"
    )
    return made


def seconds(text: str) -> float:
    """A number of seconds within bounds."""
    least, most = WITHIN_S
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"it is a number of seconds from {least:g} to {most:g}")
    return value


def key_of(options: argparse.Namespace) -> BearerKey | None:
    """
    The key, if there is one.

    Raises:
        ConfigError: what should hold it does not.
    """
    if options.key_file is not None:
        return key_from_file(options.key_file)
    return key_from_environment(KEY_VARIABLE, os.environ)


def choices_of(options: argparse.Namespace) -> Choices:
    """
    What is to be tried.

    Raises:
        SpeechError: the file with speech cannot be used.
    """
    assumed = DIALECTS[options.dialect] if options.dialect else None
    if options.audio is None:
        return Choices(has_sound=not options.no_audio, dialect=assumed)
    speech = read_wav(options.audio)
    if speech.seconds > LONGEST_SPEECH_S:
        raise SpeechError(f"{options.audio} lasts {speech.seconds:.0f} s; give at most {LONGEST_SPEECH_S:.0f} s")
    return Choices(dialect=assumed, speech=Inbound(AudioFormat(Encoding.LINEAR16, speech.rate_hz)).feed(speech.pcm))


async def tell(clock: Any, options: argparse.Namespace, key: BearerKey | None, choices: Choices) -> int:
    """Probe, print what was found, and give the exit status."""
    book = Book(within_s=options.within)
    hidden = concealer(key)
    try:
        await probe(clock, knocks_at(clock, options, key, choices.dialect), book, choices)
    except NoConnectionError as problem:
        print(f"turngate probe: {hidden(explained(problem.failure))}", file=sys.stderr)
        return UNUSABLE
    except RefusedError as problem:
        print(f"turngate probe: {hidden(str(problem))}", file=sys.stderr)
        return UNUSABLE
    model = model_of(options) if MODEL_PLACE in options.url else options.model
    made = telling.report_of(book, options.url, model, assumed=choices.dialect, has_key=key is not None)
    if not made.is_usable:
        show(telling.table(made), hidden)
        print("turngate probe: too little could be told for a configuration", file=sys.stderr)
        return UNUSABLE
    show([*telling.table(made), "", *telling.verdict(made), "", "For turngate.toml:", "", made.section], hidden, end="")
    return USABLE


def model_of(options: argparse.Namespace) -> str:
    """The model in the URL."""
    dialect = DIALECTS[options.dialect] if options.dialect else dialect_of(options.url)
    return options.model or dialect.model or DEFAULT_MODEL


def knocks_at(
    clock: Any, options: argparse.Namespace, key: BearerKey | None, assumed: Dialect | None
) -> dict[str, IDialler]:
    """The ways of asking to be let in, the likeliest first, by what is shown."""
    likely = sorted(DIALECTS.values(), key=lambda one: not telling.speaks_for(one, options.url))
    ways: dict[str, IDialler] = {}
    for dialect in likely if assumed is None else (assumed,):
        shown = telling.knock_of(dialect, has_key=key is not None)
        if shown not in ways:
            ways[shown] = UpstreamDialler(
                url=options.url,
                model=model_of(options),
                key=key or (lambda: None),
                limits=Limits(),
                reactor=clock,
                key_header=dialect.key_header,
                dialect_headers=dict(dialect.headers),
            )
    return ways


def show(lines: Iterable[str], hidden: Callable[[str], str], end: str = "\n") -> None:
    """Print lines without what may not be shown."""
    print("\n".join(map(hidden, lines)), end=end)


def concealer(key: BearerKey | None) -> Callable[[str], str]:
    """What takes the key out of a text, should a server have said it back."""
    return (lambda text: text) if key is None else (lambda text: text.replace(key(), "(the key)"))


def explained(failure: DialFailure) -> str:
    """Why there is no connection, and what may be the matter."""
    hint = HINTS.get(failure.status or 0)
    return f"{failure.detail}: {hint}" if hint else failure.detail
