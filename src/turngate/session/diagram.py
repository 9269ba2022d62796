"""
The tables of the rules, drawn for people: state diagrams in Mermaid, and tables in Markdown.

Responsible for the generated parts of pages, which stand there between markers. What is drawn is what runs, so that a
page cannot be wrong about it.

Must not know: where the page is kept. It takes text and gives text; ``make diagrams`` reads and writes.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, TypeVar

from turngate.session.machines import FLOOR, GATE, PHASES, PRESENCE, Floor, Gate, Phase, Presence
from turngate.session.messages import Deadline
from turngate.session.policy import Waits
from turngate.session.rules import DEADLINES, RULES, Rule, ignore

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)

SET_ELSEWHERE: Final = frozenset({Deadline.CLIENT_RETURN, Deadline.LIMIT_NEAR, Deadline.LIMIT})
"""Waits that follow from how long a client is waited for, and from how long an upstream session may be."""

MARKED: Final = re.compile(r"(<!-- drawn: (?P<name>[a-z]+) -->\n).*?(<!-- end of drawing -->)", re.DOTALL)


def state_diagram(table: Mapping[S, Mapping[E, S]], first: S) -> str:
    """A machine as a Mermaid state diagram that begins in ``first``."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.value}" as {state.name}' for state in table]
    lines.append(f"    [*] --> {first.name}")
    for state, row in table.items():
        # Mermaid takes a colon in a label for the beginning of another
        lines += [f"    {state.name} --> {row[event].name}: {event.value.replace(':', ',')}" for event in row]
    lines += [f"    {state.name} --> [*]" for state, row in table.items() if not row]
    return "\n".join([*lines, "```"])


def rules_table() -> str:
    """Which rule a message meets in which phase."""
    phases = [phase for phase in Phase if phase is not Phase.ENDED]
    rows = [["message", *(phase.value for phase in phases)]]
    rows += [[f"`{kind.__name__}`", *(rule_name(row[phase]) for phase in phases)] for kind, row in RULES.items()]
    return markdown_table(rows)


def deadlines_table() -> str:
    """The end of each wait: after how many seconds, and which rule it meets."""
    waits = Waits()
    rows = [["wait for", "seconds", "rule"]]
    rows += [[deadline.value, f"{waits.of(deadline):g}", rule_name(DEADLINES[deadline])] for deadline in Deadline]
    return markdown_table(rows)


def waits_table() -> str:
    """
    What an operator may set: each wait by the name of its seconds, and what follows when it ends.

    But for those that follow from another setting.
    """
    waits = Waits()
    rows = [["in `[waits]`", "seconds", "how long to wait for", "and then"]]
    for deadline in (one for one in Deadline if one not in SET_ELSEWHERE):
        name = f"`{deadline.name.lower()}_s`"
        rows.append([name, f"{waits.of(deadline):g}", deadline.value, summary(DEADLINES[deadline])])
    return markdown_table(rows)


def rules_list() -> str:
    """What each rule is for, in the first line of its own words."""
    rules = dict.fromkeys([rule for row in RULES.values() for rule in row.values()] + list(DEADLINES.values()))
    return "\n".join(f"- {rule_name(rule)}: {summary(rule)}" for rule in rules if rule is not ignore)


def rule_name(rule: Rule) -> str:
    """The module and name of a rule; nothing for the one that does nothing."""
    return "" if rule is ignore else f"`{rule.__module__.rpartition('.')[2]}.{rule.__name__}`"


def summary(rule: Rule) -> str:
    """The first line of a rule's docstring."""
    return (rule.__doc__ or "").strip().partition("\n")[0]


def markdown_table(rows: list[list[str]]) -> str:
    """A table in Markdown; the first row is its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


DRAWINGS: Final[Mapping[str, Callable[[], str]]] = {
    "phases": lambda: state_diagram(PHASES, Phase.AWAITING_SETTINGS),
    "gate": lambda: state_diagram(GATE, Gate.OPEN),
    "floor": lambda: state_diagram(FLOOR, Floor.FREE),
    "presence": lambda: state_diagram(PRESENCE, Presence.HERE),
    "table": rules_table,
    "deadlines": deadlines_table,
    "rules": rules_list,
    "waits": waits_table,
}
"""What can be drawn, by the name that its marker holds."""


def redrawn(page: str) -> str:
    """
    The page with every marked part drawn anew.

    Raises:
        KeyError: a marker names what cannot be drawn.
    """
    return MARKED.sub(lambda part: f"{part[1]}{DRAWINGS[part['name']]()}\n{part[3]}", page)
