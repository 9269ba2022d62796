"""A crew without processes: its workers do what the test says."""

from twisted.internet.task import Clock

from turngate.workers.crew import Crew
from turngate.workers.handing import Handed
from turngate.workers.words import Beat, Ready

HANDED = Handed(0, 2)


class FakeProcess:
    """A worker that keeps what it is told."""

    def __init__(self, index, events):
        self.index = index
        self.events = events
        self.told = []
        self.handed = 0
        self.is_full = False
        self.kills = 0

    def tell(self, message):
        self.told.append(message)

    def hand(self, connection, handed):
        self.handed += not self.is_full
        return not self.is_full

    def kill(self):
        self.kills += 1

    def serve(self):
        self.events.heard(Ready())
        self.beat()

    def beat(self, **fields):
        self.events.heard(Beat(**{"received": self.handed, **fields}))


class Lines:
    """A log that keeps the names of its events."""

    def __init__(self):
        self.events = []

    def info(self, event, **fields):
        self.events.append((event, fields))

    debug = warn = error = info

    def bound(self, **_fields):
        return self

    @property
    def names(self):
        return [event for event, _ in self.events]


class CrewRig:
    def __init__(self, count=2, drain_s=30.0):
        self.clock = Clock()
        self.log = Lines()
        self.spawned = []
        self.gave_up = []
        self.over = 0
        self.crew = Crew(count, self.spawn, self.clock, self.log, drain_s)
        self.crew.on_give_up = self.gave_up.append
        self.crew.start()

    def spawn(self, index, events):
        process = FakeProcess(index, events)
        self.spawned.append(process)
        return process

    def serve(self):
        """All that were started serve."""
        for process in self.spawned:
            process.serve()
        return self.spawned

    def place(self):
        return self.crew.place(None, HANDED)

    def drain(self):
        def when_over():
            self.over += 1

        self.crew.drain(when_over)

    def pass_s(self, seconds):
        """Time passes in which whoever lives says so."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            for process in self.spawned:
                if process is self.crew.posts[process.index].process:
                    process.beat()
