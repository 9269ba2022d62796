"""Records the golden conversations again: ``make golden``. What changed is to be read before it is committed."""

from conversations import CONVERSATIONS
from sweeping import alone
from test_golden import GOLDEN
from world import condensed

for conversation in CONVERSATIONS:
    _, call = alone(conversation)
    (GOLDEN / f"{conversation.name}.txt").write_text("\n".join(condensed(call.record)) + "\n")
