"""
What a response is to be: the request for it, completed by the session's configuration.

Responsible for the rule that what a ``response.create`` names counts for that response alone and replaces the
session's own, and for recognising a request to say exact words.

Must not know: the wire's shapes, events, time.

Comes from: ``simulator/session.py``, with a request or, for a response of the server's own, none.
Goes to: ``simulator/responses.py``.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from turngate.protocols.realtime.translation import SAY_PREFIX
from turngate.simulator import mind
from turngate.simulator.config import Config
from turngate.simulator.items import Item, lines_of
from turngate.simulator.responses import Modality, Order


@frozen
class Request:
    """A ``response.create``; ``None`` leaves a thing to the session."""

    in_conversation: bool = True
    context: tuple[Item, ...] | None = None
    """What the answer is made from instead of the conversation."""
    instructions: str | None = None
    speaks: bool | None = None
    tools: tuple[mind.Tool, ...] | None = None
    choice: mind.ToolChoice | None = None
    voice: str | None = None
    audio_format: str | None = None
    max_output_tokens: int | None = None
    metadata: Mapping[str, str] | None = None


OF_ITS_OWN: Final = Request()
"""What a response that the server makes by itself is asked to be: nothing in particular."""


def exact_words(instructions: str | None) -> str | None:
    """The words that a response is asked to say and nothing else, as this proxy asks for them."""
    if instructions is None or not instructions.startswith(SAY_PREFIX):
        return None
    return instructions.removeprefix(SAY_PREFIX)


def order_of(config: Config, request: Request, conversation: Sequence[Item]) -> Order:
    """Complete a request, and think of the answer to it."""
    lines = list(lines_of(conversation if request.context is None else request.context))
    speaks = config.speaks if request.speaks is None else request.speaks
    answer = mind.think(
        lines,
        config.tools if request.tools is None else request.tools,
        config.instructions if request.instructions is None else request.instructions,
        exactly=exact_words(request.instructions),
        choice=config.choice if request.choice is None else request.choice,
    )
    return Order(
        answer=answer,
        modality=Modality.AUDIO if speaks else Modality.TEXT,
        voice=request.voice or config.voice,
        speed=config.speed,
        audio_format=request.audio_format or config.output_format,
        max_output_tokens=request.max_output_tokens or config.max_output_tokens,
        metadata=request.metadata,
        heard_characters=sum(len(line.text) for line in lines if isinstance(line, mind.UserSaid)),
    )
