"""
A desk to test one simulated session at: JSON in, JSON out, time by hand.

Every event that the simulator sends anywhere in this folder passes the judge: it must be valid to the models of the
official client, and its event id must be new.
"""

import base64
import json

from twisted.internet.task import Clock

from openai_judge import judge_server_event
from turngate.simulator.ids import Ids
from turngate.simulator.script import Script
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace
from turngate.simulator.tally import Tally
from turngate.simulator.unruly import Unruly, Wire

AT_ONCE = Pace(speed=0.0)


class Desk:
    """One session, opened, with its greeting taken unless it is wanted."""

    def __init__(self, *rules, manner=None, chaos=0.0, judge=True, seed="1", greeting=False):
        self.clock = Clock()
        self.sent = []
        self.closed = []
        self.aborted = 0
        self.tally = Tally()
        self._ids = set()
        self._judge = judge
        self._asked = 0
        self.unruly = Unruly(
            Wire(self._take, lambda code, reason: self.closed.append((code, reason)), self._abort),
            self.clock,
            Ids(seed),
            script=Script(rules, chaos),
            tally=self.tally,
            model="gpt-realtime",
            manner=manner or Manner(pace=AT_ONCE),
        )
        self.unruly.open()
        if not greeting:
            self.sent.clear()

    def _abort(self):
        self.aborted += 1

    def _take(self, payload):
        event = json.loads(payload) if self._judge else _loads(payload)
        if self._judge:
            judge_server_event(payload)
            assert event["event_id"] not in self._ids
            self._ids.add(event["event_id"])
        self.sent.append(event)

    # --- the client's side ---

    def send(self, event_type, **fields):
        """Send a client event with an id of its own; give the id."""
        self._asked += 1
        event = {"type": event_type, "event_id": f"mine_{self._asked}", **fields}
        self.unruly.frame(json.dumps(event).encode())
        return event["event_id"]

    def raw(self, payload):
        self.unruly.frame(payload)

    def update(self, **session):
        return self.send("session.update", session={"type": "realtime", **session})

    def say(self, text, item_id=None, **fields):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        if item_id is not None:
            item["id"] = item_id
        return self.send("conversation.item.create", item=item, **fields)

    def respond(self, **response):
        return self.send("response.create", **({"response": response} if response else {}))

    def speak(self, pcm, piece=4800):
        for at in range(0, len(pcm), piece):
            self.send("input_audio_buffer.append", audio=base64.b64encode(pcm[at : at + piece]).decode())

    # --- the server's side ---

    def run(self, seconds=5.0, step=0.01):
        """Let time pass."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)

    def turns(self, count=2000):
        """Let reactor turns pass, without time."""
        for _ in range(count):
            if not any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
                return
            self.clock.advance(0)

    def take(self):
        """Give the events since the last time."""
        taken, self.sent[:] = list(self.sent), []
        return taken

    def of(self, event_type):
        return [event for event in self.sent if event["type"] == event_type]

    def one(self, event_type):
        (event,) = self.of(event_type)
        return event

    def error(self):
        return self.one("error")["error"]

    @property
    def types(self):
        return [event["type"] for event in self.sent]


def _loads(payload):
    try:
        return json.loads(payload)
    except ValueError:
        return {"type": "(no JSON)", "raw": payload}
