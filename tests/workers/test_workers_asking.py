"""What is asked of all workers, and what an operator gets to see of it."""

from crew_rig import CrewRig, Lines

from turngate.admin.sums import Family, Sample
from turngate.workers.asking import WITHIN_S, Asking
from turngate.workers.whole_house import WholeHouse
from turngate.workers.words import Answered, Ask, What


class HouseRig(CrewRig):
    def __init__(self, count=2):
        super().__init__(count)
        self.lines = Lines()
        asking = Asking(self.crew, self.clock, self.lines)
        self.house = WholeHouse(self.crew, asking)
        self.crew.on_answer = asking.answered
        self.replies = []

        def lost(index):
            asking.lost(index)
            self.house.lost(index)

        self.crew.on_lost = lost
        self.serve()

    def answer(self, index, **fields):
        """A worker answers what it was asked last."""
        process = self.spawned[index]
        question = [message for message in process.told if isinstance(message, Ask)][-1]
        process.events.heard(Answered(question.number, **fields))


def opened(count):
    name = "turngate_sessions_opened_total"
    return [Family("turngate_sessions_opened", "counter", "Sessions.", [Sample(name, {}, count)])]


def shown(metrics, name="turngate_sessions_opened_total"):
    (line,) = [line for line in metrics.decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def test_sessions_of_all_workers_are_listed_with_their_worker():
    """When the last has answered."""
    rig = HouseRig()
    rig.house.listed(rig.replies.append)
    rig.answer(1, sessions=[{"session": "b"}])
    assert [] == rig.replies
    rig.answer(0, sessions=[{"session": "a"}])
    assert [[{"session": "a", "worker": 0}, {"session": "b", "worker": 1}]] == rig.replies


def test_session_is_ended_wherever_it_is():
    """Each worker is asked; one that has it says so."""
    rig = HouseRig()
    rig.house.dismiss("6babc807", rig.replies.append)
    assert "6babc807" == rig.spawned[0].told[-1].name
    rig.answer(0)
    rig.answer(1, was_there=True)
    rig.house.dismiss("00000000", rig.replies.append)
    rig.answer(0)
    rig.answer(1)
    assert [True, False] == rig.replies


def test_worker_that_does_not_answer_is_waited_for_a_while():
    """What comes after that is nobody's answer; the line in the log says who it was."""
    rig = HouseRig()
    rig.house.listed(rig.replies.append)
    rig.answer(0, sessions=[{"session": "a"}])
    rig.pass_s(WITHIN_S + 0.1)
    assert [[{"session": "a", "worker": 0}]] == rig.replies
    assert [("worker.unanswered", {"worker": 1})] == rig.lines.events
    rig.answer(1, sessions=[{"session": "b"}])
    rig.answer(1, sessions=[{"session": "b"}])
    assert 1 == len(rig.replies)


def test_worker_that_dies_is_not_waited_for():
    """And where there is none, the answer comes at once."""
    rig = HouseRig()
    rig.house.listed(rig.replies.append)
    rig.answer(0)
    rig.spawned[1].events.ended("signal 9")
    assert [[]] == rig.replies
    rig.spawned[0].events.ended("signal 9")
    rig.house.listed(rig.replies.append)
    assert [[], []] == rig.replies


def test_metrics_never_go_down_when_a_worker_dies_or_is_silent():
    """What it told last stays."""
    rig = HouseRig()
    rig.house.exposed(rig.replies.append)
    rig.answer(0, metrics=opened(3))
    rig.answer(1, metrics=opened(4))
    rig.spawned[0].events.ended("signal 9")
    rig.pass_s(1)
    rig.spawned[2].serve()
    rig.house.exposed(rig.replies.append)
    rig.spawned[2].events.heard(Answered(2, metrics=opened(1)))
    rig.pass_s(WITHIN_S + 0.1)
    assert [7.0, 8.0] == [shown(metrics) for metrics in rig.replies]
    assert [0.0, 1.0] == [shown(metrics, "turngate_worker_restarts_total") for metrics in rig.replies]
    assert 2.0 == shown(rig.replies[1], "turngate_workers_serving")


def test_questions_have_numbers():
    """An answer to one is not taken for one to another."""
    rig = HouseRig()
    rig.house.listed(rig.replies.append)
    rig.house.dismiss("6babc807", rig.replies.append)
    first, second = [message for message in rig.spawned[0].told if isinstance(message, Ask)]
    assert (What.SESSIONS, What.DISMISS) == (first.what, second.what)
    for process in rig.spawned:
        process.events.heard(Answered(second.number, was_there=True))
    assert [True] == rig.replies


def used(client, day, sessions, cost):
    days = [{"day": day, "sessions": sessions, "minutes": 0.5, "cost": cost}]
    return {"today": "2026-11-25", "currency": "EUR", "clients": [{"client": client, "caps": {}, "days": days}]}


def test_what_clients_have_used_is_added():
    """By client and by day; what has no price has none in the sum."""
    rig = HouseRig()
    rig.house.used(rig.replies.append)
    rig.answer(0, usage=used("phone", "2026-11-25", 2, None))
    rig.answer(1, usage=used("phone", "2026-11-25", 3, None))
    rig.house.used(rig.replies.append)
    rig.answer(0, usage=used("phone", "2026-11-24", 2, 0.5))
    rig.answer(1, usage=used(None, "2026-11-25", 3, 0.5))
    first, second = rig.replies
    assert (
        used("phone", "2026-11-25", 5, None)["clients"][0]["days"][0] | {"minutes": 1.0}
        == first["clients"][0]["days"][0]
    )
    assert [("phone", 2), (None, 3)] == [(one["client"], one["days"][0]["sessions"]) for one in second["clients"]]
    assert "EUR" == second["currency"]
