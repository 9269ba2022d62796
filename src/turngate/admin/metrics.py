"""
The metrics: what the log says, counted, and what only the present can tell.

Responsible for the names of metrics and of their labels. Whatever the actors have to tell passes the log as an event
with figures, at any level; here a table says what each event counts for. So nothing but the log knows of metrics.

Must not know: actors, sockets.

Comes from: ``ops/logging.py``, which shows every event before it looks at its level. Goes to: ``desk.py``.

No label holds an id, an address, or a word that a peer chose: each has a closed list of values, and ``other``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Final

from attrs import field, frozen
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from turngate import __version__
from turngate.proxy.log import Field
from turngate.proxy.ports import DialFault
from turngate.session.account import Account
from turngate.session.messages import Cap, Cause, Deadline, Ending, ResponseStatus

Fields = Mapping[str, Field]

OTHER: Final = "other"
STAGES: Final = ("total", "text", "speech", "tool", "transcript")
LATENCIES_S: Final = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
WAITS_S: Final = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LENGTHS_S: Final = (1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0)
LAGS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
TOKENS: Final = {
    "text_in_tokens": ("input", "text"),
    "audio_in_tokens": ("input", "audio"),
    "image_in_tokens": ("input", "image"),
    "text_out_tokens": ("output", "text"),
    "audio_out_tokens": ("output", "audio"),
}
"""By the names of their figures: their direction and kind."""


def words(kinds: type[Enum]) -> frozenset[str]:
    """The names of a closed list, as the log writes them."""
    return frozenset(kind.name.lower() for kind in kinds)


ENDINGS, CAUSES, FAULTS, DEADLINES = words(Ending), words(Cause), words(DialFault), words(Deadline)
CAPS: Final = words(Cap)
USED_UP: Final = Ending.USED_UP.name.lower()
STATUSES: Final = frozenset(status.value for status in ResponseStatus) | {"unanswered"}
BEGINNINGS: Final = frozenset({"spoken", "written", "agent"})
OUTCOMES: Final = frozenset({"answered", "timeout", "failed", "cancelled"})
GATED: Final = frozenset({"update", "response"})


def one_of(known: frozenset[str], value: Field) -> str:
    """A label's value."""
    return value if isinstance(value, str) and value in known else OTHER


def number(value: Field) -> float:
    """A figure, which may be missing because it is nothing."""
    return float(value) if isinstance(value, int | float) else 0.0


@frozen
class Now:
    """What is asked when somebody looks, and not told before."""

    accounts: Callable[[], Iterable[Account]] = tuple
    """Of the sessions that are open."""
    refusals: Callable[[], Mapping[int, int]] = field(factory=lambda: dict)
    """How many requests were refused, by HTTP status."""
    is_draining: Callable[[], bool] = bool
    used_up: Callable[[], int] = int
    """How many clients have used up their day."""


class Metrics:
    """All metrics of one proxy, in a registry of its own."""

    def __init__(self) -> None:
        self.now = Now()
        # else each counter has a second series, which says when it began
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the only one of its functions without types
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"turngate_{name}", words, labels, registry=registry)

        def histogram(name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"turngate_{name}", words, labels, buckets=buckets, registry=registry)

        build = Gauge("turngate_build_info", "The version that runs.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        self._opened = counter("sessions_opened", "Sessions that clients have begun.")
        self._ended = counter("sessions_ended", "Sessions that have ended, by how.", "ending")
        self._lengths = histogram("session_seconds", "How long sessions lasted.", LENGTHS_S)
        self._crashed = counter("sessions_crashed", "Sessions that ended by a fault of ours.")
        self._lost = counter("clients_lost", "Connections of clients that were cut off in a session that waits.")
        self._resumed = counter("clients_resumed", "Clients that came back to their session.")
        self._turns = counter("turns", "Turns, by who began them and how they ended.", "began", "status")
        self._latency = histogram("turn_latency_seconds", "From the end of the user's turn.", LATENCIES_S, "stage")
        self._responses = counter("responses", "Responses of the model, by how they ended.", "status")
        self._tokens = counter("tokens", "Tokens, as the upstream counts them.", "direction", "modality", "cached")
        self._cost = counter("usage_cost", "What responses cost by the operator's prices, in their currency.")
        self._unknown = counter("usage_unknown", "Responses of which the upstream did not say what they used.")
        self._caps = counter("usage_caps_reached", "Sessions that ended because something was used up.", "cap")
        self._gate = histogram("gate_wait_seconds", "How long what was ready waited at the gate.", WAITS_S, "kind")
        self._active = counter("active_response_refusals", "Requests that a response was in the way of.")
        self._tools = histogram("tool_call_seconds", "Tool calls, until their result.", LENGTHS_S, "outcome")
        self._waits = counter("waits_over", "Waits of sessions that came to their end, by name.", "wait")
        self._dials = counter("dial_failures", "Tries to reach the upstream that failed, by cause.", "cause")
        self._upstream_lost = counter("upstream_lost", "Upstream sessions that were lost in mid-call.", "cause")
        self._renewed = counter("upstream_renewed", "Upstream sessions that took the place of another.")
        self._errors = counter("upstream_errors", "Errors of the upstream that are about no request of ours.")
        self._circuit = Gauge("turngate_circuit_open", "1 while the upstream is not tried.", registry=registry)
        self._lag = histogram("reactor_lag_seconds", "How late the reactor is, measured twice a second.", LAGS_S)
        self._failures = counter("actor_failures", "Faults of ours in an actor.")
        self._letters = counter("dead_letters", "Messages that came to an actor that has ended.")
        self._spans_lost = counter("spans_lost", "Spans of traces that did not reach their collector.")
        self._past = {"audio_in_bytes": 0.0, "audio_out_bytes": 0.0, "dropped_bytes": 0.0, "unheard_ms": 0.0}
        """Of the sessions that have ended."""
        self._counts: Mapping[str, Callable[[Fields], None]] = {
            "session.started": lambda _: self._opened.inc(),
            "session.ended": self._session_ended,
            "session.crashed": lambda _: self._crashed.inc(),
            "session.client_lost": lambda _: self._lost.inc(),
            "session.resumed": lambda _: self._resumed.inc(),
            "turn.ended": self._turn_ended,
            "response.ended": self._response_ended,
            "gate.passed": lambda f: self._gate.labels(one_of(GATED, f.get("kind"))).observe(number(f.get("wait_s"))),
            "gate.refused_as_active": lambda _: self._active.inc(),
            "tool.answered": self._tool_answered,
            "wait.over": lambda f: self._waits.labels(one_of(DEADLINES, f.get("wait"))).inc(),
            "upstream.try_failed": lambda f: self._dials.labels(one_of(FAULTS, f.get("fault"))).inc(),
            "upstream.auth_refused": lambda f: self._dials.labels(one_of(FAULTS, f.get("fault"))).inc(),
            "upstream.lost": lambda f: self._upstream_lost.labels(one_of(CAUSES, f.get("detail"))).inc(),
            "upstream.renewed": lambda _: self._renewed.inc(),
            "upstream.error": lambda _: self._errors.inc(),
            "upstream.circuit_open": lambda _: self._circuit.set(1),
            "upstream.circuit_closed": lambda _: self._circuit.set(0),
            "actor.failed": lambda _: self._failures.inc(),
            "actor.dead_letter": lambda _: self._letters.inc(),
            "traces.not_exported": lambda f: self._spans_lost.inc(number(f.get("spans"))),
        }
        registry.register(_Present(self))

    def see(self, event: str, fields: Fields) -> None:
        """One event of the log."""
        count = self._counts.get(event)
        if count is not None:
            count(fields)

    def lagged(self, lag_s: float) -> None:
        """The reactor was late by this much."""
        self._lag.observe(lag_s)

    def exposed(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self.registry)

    # --- what events count for ----------------------------------------------------------------------------------------

    def _session_ended(self, fields: Fields) -> None:
        self._ended.labels(one_of(ENDINGS, fields.get("ending"))).inc()
        self._lengths.observe(number(fields.get("seconds")))
        if fields.get("ending") == USED_UP:
            self._caps.labels(one_of(CAPS, fields.get("detail"))).inc()
        for name in self._past:
            self._past[name] += number(fields.get(name))

    def _turn_ended(self, fields: Fields) -> None:
        self._turns.labels(one_of(BEGINNINGS, fields.get("began")), one_of(STATUSES, fields.get("status"))).inc()
        for stage in STAGES:
            value = fields.get(f"{stage}_s")
            if isinstance(value, int | float):
                self._latency.labels(stage).observe(value)

    def _response_ended(self, fields: Fields) -> None:
        self._responses.labels(one_of(STATUSES, fields.get("status"))).inc()
        for name, (direction, modality) in TOKENS.items():
            whole, cached = number(fields.get(name)), number(fields.get(f"cached_{name}"))
            if whole > cached:
                self._tokens.labels(direction, modality, "no").inc(whole - cached)
            if cached:
                self._tokens.labels(direction, modality, "yes").inc(cached)
        self._cost.inc(number(fields.get("cost")))
        if not any(number(fields.get(name)) for name in TOKENS):
            self._unknown.inc()

    def _tool_answered(self, fields: Fields) -> None:
        self._tools.labels(one_of(OUTCOMES, fields.get("outcome"))).observe(number(fields.get("seconds")))

    # --- what only the present can tell -------------------------------------------------------------------------------

    def present(self) -> Iterator[Metric]:
        """What changes between two events: the open sessions, and what they have moved so far."""
        accounts = tuple(self.now.accounts())
        yield GaugeMetricFamily("turngate_sessions_open", "Sessions that are open.", len(accounts))
        waiting = sum(account.is_held for account in accounts)
        yield GaugeMetricFamily("turngate_gate_waiting", "Sessions in which something waits at the gate.", waiting)
        draining = int(self.now.is_draining())
        yield GaugeMetricFamily("turngate_draining", "1 while nobody new is let in.", draining)
        used_up = self.now.used_up()
        yield GaugeMetricFamily("turngate_usage_clients_used_up", "Clients that have used up their day.", used_up)
        whole = {name: past + sum(getattr(one, name) for one in accounts) for name, past in self._past.items()}
        audio = CounterMetricFamily("turngate_audio_bytes", "Audio that was moved.", labels=["direction"])
        audio.add_metric(["in"], whole["audio_in_bytes"])
        audio.add_metric(["out"], whole["audio_out_bytes"])
        yield audio
        words = "The agent's audio that nobody was to hear any more."
        yield CounterMetricFamily("turngate_audio_dropped_bytes", words, whole["dropped_bytes"])
        words = "The agent's speech that users cut off before they heard it."
        yield CounterMetricFamily("turngate_audio_unheard_seconds", words, whole["unheard_ms"] / 1000)
        refusals = CounterMetricFamily("turngate_refusals", "Requests that were not let in.", labels=["status"])
        for status, count in sorted(self.now.refusals().items()):
            refusals.add_metric([str(status)], count)
        yield refusals


class _Present(Collector):
    """Asks for the present when somebody looks."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        """Nothing is looked at while it is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Called for each look."""
        return self._metrics.present()
