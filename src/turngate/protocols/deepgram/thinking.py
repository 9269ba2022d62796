"""
What a ``think`` object asks for: the prompt, the functions, the model and how much it reasons.

Responsible for what of it this proxy can do, within bounds. Must not know: which message held it.

Comes from: ``settings.py`` and ``updates.py``. Goes to: the session, by way of them. A provider's endpoint and
credentials are never used: the upstream is the operator's.
"""

from typing import Final

import msgspec
from attrs import evolve, field, frozen

from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings_tree import Function, Think
from turngate.session.messages import Cause, Effort, Endpoint, Problem, ToolSpec

MAX_PROMPT_CHARS: Final = 25_000
"""The original service's own bound for the models that it runs."""
MAX_FUNCTIONS: Final = 128
MAX_PARAMETERS_BYTES: Final = 64 * 1024
MAX_ALL_PARAMETERS_BYTES: Final = 256 * 1024

TAKEN: Final = (
    "prompt",
    "functions[].name",
    "functions[].description",
    "functions[].parameters",
    "functions[].endpoint",
    # calls are only ever made for a turn that has ended
    "functions[].defer_until_eot",
    "provider.type",
    "provider.version",
)
"""What has an effect wherever it stands, or changes nothing that a client could notice."""

NO_REASONING: Final = "none"


@frozen
class Thinking:
    """What was asked for, and the paths below ``think`` that had a part in it."""

    prompt: str = field(default="", repr=False)
    tools: tuple[ToolSpec, ...] = ()
    model: str | None = None
    effort: Effort | None = None
    taken: tuple[str, ...] = TAKEN
    notices: tuple[Problem, ...] = ()


def thinking(think: Think | None, maps: Maps, at: str, model: str | None = None) -> Thinking | str:
    """
    Take a ``think`` object, or say which field cannot be used and what it may be.

    Args:
        think: the object; ``None`` asks for nothing.
        maps: the operator's names.
        at: where it stands, such as ``$.agent.think``.
        model: the model of the running session, which cannot change; ``None`` where it can still be chosen.
    """
    if think is None:
        return Thinking()
    tools = _tools(think.functions or [], maps, at)
    if isinstance(tools, str):
        return tools
    taken = list(TAKEN)
    wanted = maps.model_of(think.provider.model)
    if wanted is not None and model in (None, wanted):
        taken.append("provider.model")
    model = model or wanted
    effort = None
    if think.provider.reasoning_mode == NO_REASONING:
        taken.append("provider.reasoning_mode")
    elif think.provider.reasoning_mode is not None and maps.reasons(model):
        try:
            effort = Effort(think.provider.reasoning_mode)
        except ValueError:
            allowed = ", ".join([NO_REASONING, *(one.value for one in Effort)])
            return f"{at}.provider.reasoning_mode must be one of {allowed}."
        taken.append("provider.reasoning_mode")
    prompt = think.prompt or ""
    notices = () if len(prompt) <= MAX_PROMPT_CHARS else (too_long(at),)
    return Thinking(prompt[:MAX_PROMPT_CHARS], tools, model, effort, tuple(taken), notices)


def too_long(at: str) -> Problem:
    """What a client is told whose prompt is cut."""
    return Problem(
        Cause.PROMPT_TOO_LONG, f"{at}.prompt is used up to {MAX_PROMPT_CHARS} characters only; send a shorter one."
    )


def _endpoint(function: Function) -> Endpoint | None:
    given = function.endpoint
    if given is None:
        return None
    return Endpoint(given.url or "", given.method or "POST", tuple((given.headers or {}).items()))


def _tools(functions: list[Function], maps: Maps, at: str) -> tuple[ToolSpec, ...] | str:
    if len(functions) > MAX_FUNCTIONS:
        return f"{at}.functions must be at most {MAX_FUNCTIONS}."
    tools: list[ToolSpec] = []
    schema_bytes = 0
    for index, function in enumerate(functions):
        here = f"{at}.functions[{index}]"
        if not function.name:
            return f"{here}.name is required."
        if any(tool.name == function.name for tool in tools):
            return f"{here}.name is that of another function; give each a name of its own."
        tool = ToolSpec(function.name, function.description or "", endpoint=_endpoint(function))
        if tool.endpoint is not None and (advice := maps.refuses(tool.endpoint)) is not None:
            return f"{here}.endpoint cannot be used: {advice}"
        if function.parameters:
            schema = msgspec.json.encode(function.parameters)
            schema_bytes += len(schema)
            if len(schema) > MAX_PARAMETERS_BYTES or schema_bytes > MAX_ALL_PARAMETERS_BYTES:
                each, both = MAX_PARAMETERS_BYTES // 1024, MAX_ALL_PARAMETERS_BYTES // 1024
                return f"{here}.parameters must be at most {each} KiB, and all together {both} KiB."
            tool = evolve(tool, parameters=schema.decode())
        tools.append(tool)
    return tuple(tools)
