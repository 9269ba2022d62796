"""
``turngate talk``: a conversation with a running proxy.

Responsible for a client's side of the Deepgram Voice Agent protocol, as a person at a terminal needs it: turns one
after another, tool calls answered by local commands, the answer's audio in a file.

Must not know: anything of the proxy but its address.
"""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import define, field
from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.utils import getProcessOutputAndValue

from turngate.cli.line import Audio, Heard, Line, LineError, open_line
from turngate.cli.speech import ANSWER_RATE_HZ, Microphone, Speech, SpeechError, progress, read_wav, write_wav
from turngate.errors import ConfigError
from turngate.proxy.ports import Closed

DEFAULT_URL: Final = "ws://127.0.0.1:8080/v1/agent/converse"
ANSWER_WITHIN_S: Final = 30.0
"""How long the proxy may be silent in a turn before the conversation is given up."""
QUIET_S: Final = 1.5
"""How long after a written answer its audio may take to begin; a text-only answer ends with this."""
TOOL_WITHIN_S: Final = 30.0


def main(argv: Sequence[str]) -> int:
    """Hold the conversation that the arguments ask for, and return the exit status."""
    from twisted.internet import reactor

    options = parser().parse_args(argv)
    outcome: list[int] = []

    async def run(clock: Any) -> None:
        try:
            await converse(clock, options)
            outcome.append(0)
        except (LineError, SpeechError, ConfigError, ToolError) as error:
            print(f"turngate talk: {error}", file=sys.stderr)
            outcome.append(1)

    try:
        task.react(lambda clock: Deferred.fromCoroutine(run(clock)), _reactor=reactor)
    except SystemExit as end:
        if not outcome:
            return int(end.code or 0)
    return outcome[0] if outcome else 130


def parser() -> argparse.ArgumentParser:
    """The arguments of ``turngate talk``."""
    made = argparse.ArgumentParser(
        prog="turngate talk",
        description="Hold a conversation with a running proxy. Without --text and --audio, turns are read from stdin.",
    )
    made.add_argument("--url", default=DEFAULT_URL, help=f"the proxy (default {DEFAULT_URL})")
    made.add_argument("--text", action="append", metavar="TURN", help="a written turn; may be repeated")
    made.add_argument("--audio", metavar="FILE", help="a spoken turn: a 16-bit WAV file, sent at real-time pace")
    made.add_argument("--save", metavar="FILE", help="write what the agent says to a WAV file")
    made.add_argument("--prompt", default="You are a friendly assistant.", help="the agent's instructions")
    made.add_argument("--greeting", default="", help="what the agent says first")
    made.add_argument(
        "--tool",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="a function that the agent may call: the command gets the arguments as JSON on stdin, and its output is "
        "the result; may be repeated",
    )
    made.add_argument("--json", action="store_true", help="print the messages as they come, one JSON object a line")
    return made


class ToolError(Exception):
    """A tool was declared in a way that cannot be used; the text says how to declare it."""


def tools_of(declared: Iterable[str]) -> dict[str, list[str]]:
    """
    The command of each tool.

    Raises:
        ToolError: a declaration is not NAME=COMMAND.
    """
    commands = {}
    for one in declared:
        name, _, command = one.partition("=")
        words = shlex.split(command)
        if not name.strip() or not words:
            raise ToolError(f"--tool takes NAME=COMMAND, such as get_time=date; {one!r} is not that")
        commands[name.strip()] = words
    return commands


def settings(options: argparse.Namespace, tools: Iterable[str], rate_hz: int) -> dict[str, Any]:
    """The Settings message for a conversation."""
    functions = [{"name": name, "description": f"Answers questions about: {name.replace('_', ' ')}."} for name in tools]
    agent: dict[str, Any] = {"think": {"provider": {"type": "open_ai", "model": "gpt-realtime"}}}
    agent["think"]["prompt"] = options.prompt
    if functions:
        agent["think"]["functions"] = functions
    if options.greeting:
        agent["greeting"] = options.greeting
    return {
        "type": "Settings",
        "audio": {
            "input": {"encoding": "linear16", "sample_rate": rate_hz},
            "output": {"encoding": "linear16", "sample_rate": ANSWER_RATE_HZ, "container": "none"},
        },
        "agent": agent,
    }


def turns_of(options: argparse.Namespace) -> Iterator[str]:
    """The written turns: those of the arguments, else one from each line of stdin."""
    if options.text or options.audio:
        yield from options.text or ()
        return
    if sys.stdin.isatty():
        print("Type a turn and press Enter; end with Ctrl-D.", file=sys.stderr)
    for line in sys.stdin:
        if line.strip():
            yield line.strip()


@define
class Conversation:
    """One conversation over a line."""

    clock: IReactorTime
    line: Line
    tools: dict[str, list[str]]
    raw: bool
    said: bytearray = field(factory=bytearray)
    """What the agent has said."""
    spoken_bytes: int = 0
    """How much of it in the present answer."""

    async def hear(self, within_s: float) -> Heard | None:
        """The next thing said, or None when nothing was said in time."""
        waiting = self.line.hear()
        timer = self.clock.callLater(within_s, waiting.cancel)
        try:
            heard = await waiting
        except CancelledError:
            return None
        finally:
            if timer.active():
                timer.cancel()
        if self.raw:
            shown = {"type": "(audio)", "bytes": len(heard.pcm)} if isinstance(heard, Audio) else heard
            if not isinstance(shown, Closed):
                print(json.dumps(shown), flush=True)
        return heard

    async def expect(self, kind: str) -> None:
        """Wait for one message, and show what comes before it."""
        while True:
            heard = await self.hear(ANSWER_WITHIN_S)
            if isinstance(heard, dict) and heard.get("type") == kind:
                return
            await self.take(heard)

    async def answer(self) -> None:
        """Listen until the agent's answer to a turn is complete, tool calls and all."""
        within_s = ANSWER_WITHIN_S
        while True:
            heard = await self.hear(within_s)
            if heard is None and within_s == QUIET_S:
                return
            await self.take(heard)
            kind = heard.get("type") if isinstance(heard, dict) else None
            if kind == "AgentAudioDone" or (kind == "Warning" and heard_as_end(heard)):
                return
            if kind == "ConversationText" and isinstance(heard, dict) and heard.get("role") == "assistant":
                within_s = QUIET_S if not self.spoken_bytes else ANSWER_WITHIN_S
            else:
                within_s = ANSWER_WITHIN_S

    async def take(self, heard: Heard | None) -> None:
        """Show one thing, and do what it asks for."""
        match heard:
            case None:
                raise LineError(f"the proxy said nothing for {ANSWER_WITHIN_S:.0f} s")
            case Closed(code, reason):
                raise LineError(f"the proxy closed the connection (code {code}{': ' + reason if reason else ''})")
            case Audio(pcm):
                self.said += pcm
                self.spoken_bytes += len(pcm)
            case {"type": "ConversationText", "role": role, "content": content}:
                self.show(f"{'you' if role == 'user' else 'agent'}: {content}")
            case {"type": "FunctionCallRequest", "functions": calls}:
                for call in calls:
                    await self.call(call)
            case {"type": "AgentAudioDone"}:
                self.show(f"agent: (spoke for {self.spoken_bytes / 2 / ANSWER_RATE_HZ:.1f} s)")
                self.spoken_bytes = 0
            case {"type": "Warning", "code": code, "description": description}:
                print(f"warning: {description} ({code})", file=sys.stderr)
            case {"type": "Error", "code": code, "description": description}:
                raise LineError(f"the proxy refused: {description} ({code})")
            case _:
                pass

    async def call(self, call: dict[str, Any]) -> None:
        """Answer one tool call with what its command prints."""
        name = call.get("name", "")
        words = self.tools.get(name)
        if words is None:
            content = json.dumps({"error": f"there is no function {name}"})
        else:
            content = await self.run(words, str(call.get("arguments", "{}")))
        self.show(f"tool: {name}({call.get('arguments', '')}) -> {content}")
        self.line.say({"type": "FunctionCallResponse", "id": call.get("id"), "name": name, "content": content})

    async def run(self, words: list[str], arguments: str) -> str:
        """The output of a local command."""
        running = getProcessOutputAndValue(words[0], words[1:], env=os.environ, stdinBytes=arguments.encode())
        running.addTimeout(TOOL_WITHIN_S, self.clock)
        try:
            out, err, status = await running
        except Exception as error:  # noqa: BLE001 - whatever a command does, the agent is told in words
            return json.dumps({"error": f"the command failed: {type(error).__name__}"})
        text: str = out.decode(errors="replace").strip()
        if status:
            return json.dumps(
                {"error": f"exit status {status}", "output": text or err.decode(errors="replace").strip()}
            )
        return text

    def show(self, line: str) -> None:
        """Print a line of the conversation, unless the messages themselves are printed."""
        if not self.raw:
            print(line, flush=True)


def heard_as_end(heard: Heard | None) -> bool:
    """Whether a Warning says that a turn has no (further) answer."""
    return isinstance(heard, dict) and heard.get("code") in ("THINK_REQUEST_FAILED", "SPEAK_REQUEST_FAILED")


async def converse(clock: Any, options: argparse.Namespace) -> None:
    """Hold one conversation."""
    tools = tools_of(options.tool)
    speech = read_wav(options.audio) if options.audio else None
    try:
        line: Line = await open_line(clock, options.url)
    except LineError as error:
        raise LineError(f"cannot reach {options.url}: {error}. Is the proxy running? `make run` starts one.") from None
    conversation = Conversation(clock, line, tools, options.json)
    try:
        await conversation.expect("Welcome")
        line.say(settings(options, tools, speech.rate_hz if speech else ANSWER_RATE_HZ))
        await conversation.expect("SettingsApplied")
        if options.greeting:
            await conversation.answer()
        if speech is not None:
            await speak(clock, conversation, speech)
        for turn in turns_of(options):
            line.say({"type": "InjectUserMessage", "content": turn})
            await conversation.answer()
    finally:
        if options.save:
            write_wav(options.save, bytes(conversation.said))
        line.hang_up()
    await closing(conversation)


async def speak(clock: Any, conversation: Conversation, speech: Speech) -> None:
    """Say something aloud, and listen to the answer."""
    microphone = Microphone(speech, conversation.line.speak, progress)
    microphone.switch_on(clock)
    try:
        await conversation.answer()
    finally:
        microphone.switch_off()


async def closing(conversation: Conversation) -> None:
    """Wait until the proxy has closed its side, but not for long."""
    while True:
        heard = await conversation.hear(5.0)
        if heard is None or isinstance(heard, Closed):
            return
