"""The metrics of several processes as those of one."""

from turngate.admin import Metrics
from turngate.admin.sums import Family, Sample, Sums, families_of


def lines(sums, *others):
    """The figures that are shown, by name and labels."""
    text = sums.whole(*others).decode()
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def counted(*endings, crashes=0):
    """The metrics of a process in which sessions have ended."""
    metrics = Metrics()
    for ending in endings:
        metrics.see("session.ended", {"ending": ending, "seconds": 5.0})
    for _ in range(crashes):
        metrics.see("session.crashed", {})
    return families_of(metrics.registry)


def test_one_process_is_shown_as_it_is():
    """Nothing is lost or renamed on the way."""
    metrics, sums = Metrics(), Sums()
    metrics.see("session.ended", {"ending": "client_left", "seconds": 5.0})
    sums.told(0, families_of(metrics.registry))

    def without_process(text):
        return [line for line in text.decode().splitlines() if "process_" not in line]

    assert without_process(metrics.exposed()) == without_process(sums.whole())


def test_counts_and_buckets_are_added_and_labels_kept_apart():
    """Each label by itself, and a bucket to the same bucket."""
    sums = Sums()
    sums.told(0, counted("client_left", "dismissed"))
    sums.told(1, counted("client_left", crashes=2))
    shown = lines(sums)
    assert "2.0" == shown['turngate_sessions_ended_total{ending="client_left"}']
    assert "1.0" == shown['turngate_sessions_ended_total{ending="dismissed"}']
    assert ("0.0", "3.0") == tuple(shown[f'turngate_session_seconds_bucket{{le="{le}"}}'] for le in ("1.0", "10.0"))
    assert ("3.0", "15.0") == (shown["turngate_session_seconds_count"], shown["turngate_session_seconds_sum"])
    assert "2.0" == shown["turngate_sessions_crashed_total"]


def test_what_is_the_same_of_each_is_not_added():
    """A sum of beginnings or versions would say nothing."""
    sums = Sums()
    for index, began_s in enumerate((200.0, 100.0)):
        start = Family("process_start_time_seconds", "gauge", "", [Sample("process_start_time_seconds", {}, began_s)])
        circuit = Family("turngate_circuit_open", "gauge", "", [Sample("turngate_circuit_open", {}, float(index))])
        sums.told(index, [start, circuit])
    shown = lines(sums)
    assert ("100.0", "1.0") == (shown["process_start_time_seconds"], shown["turngate_circuit_open"])


def test_counts_of_a_process_that_has_ended_stay_and_its_present_does_not():
    """A count that goes down is taken for one that began anew."""
    sums = Sums()
    open_ones = Family("turngate_sessions_open", "gauge", "", [Sample("turngate_sessions_open", {}, 7.0)])
    sums.told(0, [*counted("client_left"), open_ones])
    sums.told(1, [*counted("client_left"), open_ones])
    sums.ended(0)
    shown = lines(sums)
    assert "2.0" == shown['turngate_sessions_ended_total{ending="client_left"}']
    assert "7.0" == shown["turngate_sessions_open"]
    sums.told(0, counted("client_left"))
    sums.ended(0)
    sums.ended(5)
    assert "3.0" == lines(sums)['turngate_sessions_ended_total{ending="client_left"}']


def test_figures_of_the_parent_stand_beside_the_others():
    """They are of nobody else."""
    workers = Family("turngate_workers", "gauge", "So many.", [Sample("turngate_workers", {}, 2.0)])
    assert "2.0" == lines(Sums(), workers)["turngate_workers"]
