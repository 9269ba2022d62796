"""
What the simulated model answers: a pure function of the conversation, the tools and the instructions.

Responsible for answers that a test can foretell. In this order: words that the response's own instructions ask to be
said exactly; results of tools that nobody has spoken about yet; what the user said since, which either matches a tool
and becomes a call of it, or is said back.

Must not know: the wire's shapes, ids, audio, time.

Comes from: ``simulator/items.py``, which reduces the conversation to :data:`Line` values.
Goes to: ``simulator/responses.py``, which streams the answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from attrs import field, frozen

MAX_OUTPUT_CHARACTERS: Final = 200
"""How much of a tool's result is said."""

MAX_QUOTE_CHARACTERS: Final = 600
"""How much of the user's text is said back: an answer stays under a minute of speech."""

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_COMMON: Final = frozenset(
    {"about", "does", "from", "have", "into", "please", "tell", "that", "them", "then", "there"}
    | {"they", "this", "what", "when", "where", "which", "will", "with", "would", "your"}
)
"""Words that say nothing about what a tool is for."""

_BEGINNING: Final = re.compile(r"^Always begin with:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)


@frozen
class UserSaid:
    """The user wrote this, or was heard to say it."""

    text: str


@frozen
class UserSpoke:
    """The user spoke for so long; nobody knows what."""

    seconds: float


@frozen
class AgentSaid:
    """An earlier answer, of this session or from before."""


@frozen
class AgentCalled:
    """The model called a tool."""

    call_id: str
    name: str


@frozen
class ToolAnswered:
    """The result of a call."""

    call_id: str
    output: str


Line: TypeAlias = UserSaid | UserSpoke | AgentSaid | AgentCalled | ToolAnswered


@frozen
class Tool:
    """A function that may be called; ``parameters`` is its JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(factory=dict)


@frozen
class FreeChoice:
    """``tool_choice: auto``."""


@frozen
class NoTools:
    """``tool_choice: none``."""


@frozen
class SomeTool:
    """``tool_choice: required``, or one tool by its name."""

    name: str | None = None


ToolChoice: TypeAlias = FreeChoice | NoTools | SomeTool

FREE: Final = FreeChoice()


@frozen
class Call:
    """A call to make; ``arguments`` is JSON text."""

    name: str
    arguments: str


@frozen
class Answer:
    """What the model does: says something, calls tools, or both (speech first)."""

    text: str = ""
    calls: tuple[Call, ...] = ()


def think(
    conversation: Sequence[Line],
    tools: Sequence[Tool] = (),
    instructions: str = "",
    *,
    exactly: str | None = None,
    choice: ToolChoice = FREE,
) -> Answer:
    """
    Answer.

    Args:
        conversation: what was said and done, oldest first.
        tools: what may be called.
        instructions: those in force; their last line ``Always begin with: X`` begins every answer.
        exactly: words to say and nothing else.
        choice: whether tools may or must be called.

    Returns:
        The answer, which is never empty.
    """
    if exactly is not None:
        return Answer(exactly)
    results = list(_unspoken_results(conversation))
    said = _unanswered(conversation)
    texts = [line.text for line in said if isinstance(line, UserSaid)]
    calls = _calls(" ".join(texts), tools, choice) if said else ()
    if not said and isinstance(choice, SomeTool) and not results:
        calls = _calls("", tools, choice)
    parts = [f"The answer from {name} is: {output[:MAX_OUTPUT_CHARACTERS]}." for name, output in results]
    if not calls:
        parts += [f"I heard {line.seconds:.1f} seconds of speech." for line in said if isinstance(line, UserSpoke)]
        if texts:
            parts.append(f"You said: {' '.join(texts)[:MAX_QUOTE_CHARACTERS]}")
    text = " ".join(parts)
    if not text and not calls:
        text = "Hello."
    beginnings = _BEGINNING.findall(instructions)
    if text and beginnings:
        text = f"{beginnings[-1]} {text}"
    return Answer(text, calls)


def _unspoken_results(conversation: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Give name and output of results since the agent last spoke."""
    names = {line.call_id: line.name for line in conversation if isinstance(line, AgentCalled)}
    since = max((at for at, line in enumerate(conversation) if isinstance(line, AgentSaid)), default=-1)
    for line in conversation[since + 1 :]:
        if isinstance(line, ToolAnswered):
            yield names.get(line.call_id, "the tool"), line.output


def _unanswered(conversation: Sequence[Line]) -> list[UserSaid | UserSpoke]:
    """Give what the user said since the model last said or called anything."""
    said: list[UserSaid | UserSpoke] = []
    for line in conversation:
        match line:
            case UserSaid() | UserSpoke():
                said.append(line)
            case AgentSaid() | AgentCalled():
                said.clear()
            case ToolAnswered():
                pass
    return said


def _calls(text: str, tools: Sequence[Tool], choice: ToolChoice) -> tuple[Call, ...]:
    matching = [tool for tool in tools if words(text) & words(f"{tool.name} {tool.description}")]
    chosen: Sequence[Tool] = ()
    match choice:
        case NoTools():
            pass
        case FreeChoice():
            chosen = matching
        case SomeTool(name=None):
            chosen = matching or tools[:1]
        case SomeTool(name=name):
            chosen = [tool for tool in tools if tool.name == name]
    return tuple(Call(tool.name, arguments_for(tool.parameters, text)) for tool in chosen)


def words(text: str) -> frozenset[str]:
    """Give the words of a text by which tools are matched: four letters or more, in lower case, none too common."""
    return frozenset(_WORD.findall(text.lower())) - _COMMON


def arguments_for(parameters: Mapping[str, object], text: str) -> str:
    """
    Make arguments that satisfy a JSON Schema of the usual kind.

    Args:
        parameters: the schema; only its required properties are filled in.
        text: what a string parameter is given.

    Returns:
        JSON text of an object.
    """
    properties = parameters.get("properties")
    required = parameters.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, Sequence):
        return "{}"
    made = {str(name): _value(properties.get(name), text) for name in required}
    return msgspec.json.encode(made).decode()


def _value(schema: object, text: str) -> object:
    if not isinstance(schema, Mapping):
        return text
    allowed = schema.get("enum")
    if isinstance(allowed, Sequence) and allowed:
        return allowed[0]
    kind = schema.get("type")
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        kind = kind[0] if kind else None
    match kind:
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "array":
            return []
        case "object":
            return {}
        case "null":
            return None
        case _:
            return text
