"""
A call of hours on the virtual clock: a turn every while, of every kind, with updates, tools, barge-ins and cut links.

What the client was told of the conversation (its ``History``) is compared with what the model has of it, each time that
the proxy has moved to another upstream session.
"""

import random
from collections import deque
from collections.abc import Mapping
from typing import Final

from attrs import define, field
from callers import Caller, Steps
from conversations import TIME
from links import Trunk

from turngate.simulator.items import Audio, Author, FunctionCall, FunctionOutput, Item, Message, Text

PROMPT: Final = "Be brief."
STORY: Final = "of a ship that went to sea and came back again"
CUT_OFF: Final = ("assistant", "")
"""What stands upstream in the place of an answer that was cut off."""
UNHEARD: Final = ("", "")
"""Stands for a line of which nothing was heard yet."""


@define
class Views:
    """The conversation as the client and the model have it, at the moments at which they were compared."""

    differences: list[str] = field(factory=list)
    compared: int = 0
    prompts: str = PROMPT
    """The instructions as the client has made them."""


def long_call(c: Caller, hours: float, every_s: float, cuts: int, seed: str, views: Views) -> Steps:
    """The script; ``views`` is filled on the way."""
    chance, trunk = random.Random(seed), c.trunk
    cut_at = set(chance.sample(range(2, int(hours * 3600.0 / every_s) - 2), cuts))
    prompts = [PROMPT]
    c.settle({"functions": [TIME], "prompt": PROMPT}, greeting="Hello and welcome.")
    yield c.ready()
    yield from c.settled(c.turns[0])
    yield c.wait(every_s)
    sessions = len(trunk.sessions)
    number = 0
    while c.clock.seconds() < hours * 3600:
        number += 1
        began_s = c.clock.seconds()
        if number in cut_at:
            c.clock.callLater(chance.uniform(0.0, 3.0), cut, trunk, chance.choice([1001, 1006, 1011]))
        match chance.randrange(10):
            case 0:
                yield from c.settled(c.speak(f"spoken turn {number} over"))
                c.hush()
            case 1:
                c.results["get_time"] = f"at {number} past noon"
                yield from c.settled(c.write(f"What time is it, {number}?", c.results["get_time"]))
            case 2:
                story = c.write(f"story {number} over {STORY}")
                story.may_be_cut = True
                yield c.until("audio", 5)
                yield from c.settled(c.speak(f"stop it {number} over"))
                c.hush()
            case 3:
                prompts.append(f"Rule {number}.")
                c.update("UpdatePrompt", prompt=prompts[-1])
                views.prompts = "\n".join(prompts)
                yield from c.settled(c.write(f"turn {number} over"))
            case 4 | 5:
                # while the answer before is still being played
                yield from c.settled(c.write(f"turn {number} over"))
                yield from c.settled(c.write(f"haste {number} over"))
            case _:
                yield from c.settled(c.write(f"turn {number} over"))
        yield c.wait(max(1.0, every_s - (c.clock.seconds() - began_s)))
        if len(trunk.sessions) > sessions:
            sessions = len(trunk.sessions)
            compare(c, trunk, views)
    compare(c, trunk, views)


def cut(trunk: Trunk, code: int) -> None:
    """The link that serves is gone."""
    trunk.links[-1].drop(code=code)


def compare(c: Caller, trunk: Trunk, views: Views) -> None:
    """Both views now, and where they differ first."""
    client, model = deque(client_view(c)), deque(model_view(trunk))
    views.compared += 1
    config = trunk.sessions[-1].config
    if (config.instructions, [tool.name for tool in config.tools]) != (views.prompts, [TIME["name"]]):
        views.differences.append(f"{c.clock.seconds():.0f} s: the settings are {config.instructions}, {config.tools}")
    while client or model:
        said, stands = client[0] if client else None, model[0] if model else None
        if stands == CUT_OFF:
            # its words are forgotten upstream; the client has those that were heard, if any were
            model.popleft()
            if said is not None and is_cut(said):
                client.popleft()
        elif said == stands:
            client.popleft()
            model.popleft()
        else:
            views.differences.append(f"{c.clock.seconds():.0f} s: the client has {said}, the model {stands}")
            return


def is_cut(said: tuple[str, str]) -> bool:
    """Whether this is the beginning of a story."""
    return said[0] == "assistant" and STORY not in said[1] and "You said: story".startswith(said[1][:15])


def client_view(c: Caller) -> list[tuple[str, str]]:
    """
    What the client was told of the conversation: its lines in their order, as they stand for good.

    A line of the agent comes twice: when it is said, and for the record when it was played, as much of it as was heard.
    """
    view: list[tuple[str, str]] = []
    unplayed: dict[int, str] = {}
    for message in c.told:
        match message:
            case {"type": "ConversationText", "role": "user", "content": content}:
                view.append(("user", content))
            case {"type": "ConversationText", "content": content}:
                unplayed[len(view)] = content
                view.append(UNHEARD)
            case {"type": "History", "role": "assistant", "content": content}:
                at = next(at for at, said in unplayed.items() if said.startswith(content))
                del unplayed[at]
                view[at] = ("assistant", content)
            case {"type": "History", "function_calls": calls}:
                view += [(call["name"], call["response"]) for call in calls]
    return [entry for entry in view if entry != UNHEARD]


def model_view(trunk: Trunk) -> list[tuple[str, str]]:
    """What stands in the model's conversation."""
    items = trunk.sessions[-1].items
    names = {item.call_id: item.name for item in items if isinstance(item, FunctionCall)}
    return [entry for item in items for entry in entries(item, names)]


def entries(item: Item, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """One item, in the words of the client's view."""
    match item:
        case Message(author=Author.USER | Author.ASSISTANT, parts=parts):
            words = [
                part.text if isinstance(part, Text) else part.transcript or ""
                for part in parts
                if isinstance(part, Text | Audio)
            ]
            return [(item.author.value, " ".join(words))]
        case FunctionOutput(call_id=call_id, output=output):
            return [(names.get(call_id, ""), output)]
        case _:
            return []
