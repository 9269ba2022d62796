"""
Sends traces to a collector, by OpenTelemetry's SDK.

Responsible for the SDK: its threads, its queue, its end. It is the only import of OpenTelemetry, and is imported only
where traces are asked for, for it is an extra.

Must not know: what a span means, what an event is.

Comes from: ``traces.py``. Goes to: a collector that speaks OTLP over HTTP, from a thread of the SDK's own.

The reactor never waits: a turn is handed to a bounded queue, or is dropped whole where that is full. What the SDK has
to say goes nowhere, for its words may hold addresses and answers of others; how it went is told by ``delivery.py``.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from turngate import __version__
from turngate.admin.delivery import Delivery
from turngate.admin.traces import Span, Trace
from turngate.errors import ConfigError

MAX_WAITING: Final = 4096
"""How many spans wait for the collector; those of a second of a thousand sessions are fewer."""
BATCH: Final = 512
EXPORT_EVERY_S: Final = 2.0
CLOSE_WITHIN_S: Final = 2.0
"""How long the end of the process may be held up for the spans that are left."""
NANO: Final = 1_000_000_000


class Exporting:
    """
    Takes the traces of one process.

    Args:
        reactor: for its thread, in which all but the sending happens.
        delivery: is told how it goes.
        exporter: sends the spans.
        wall_ns: the time on the wall.
    """

    def __init__(
        self,
        reactor: Any,
        delivery: Delivery,
        exporter: SpanExporter,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._reactor = reactor
        self._delivery = delivery
        self._exporter = exporter
        self._wall_ns = wall_ns
        # at the end of the process it is waited for by close(), and no longer
        self._provider = TracerProvider(resource=resource(), shutdown_on_exit=False)
        self._tracer: Tracer | None = None
        """While the SDK's thread runs."""
        self._handed = 0
        self._arrived = 0
        """Of those, how many; written by the SDK's thread alone, as is the next."""
        self._failed = 0
        self._told_arrived = 0
        self._told_failed = 0

    def start(self) -> None:
        """Begin, in the process that serves: a thread does not outlive the fork by which twistd becomes a daemon."""
        self._provider.add_span_processor(
            BatchSpanProcessor(
                _Counted(self._exporter, self._sent),
                max_queue_size=MAX_WAITING,
                schedule_delay_millis=EXPORT_EVERY_S * 1000,
                max_export_batch_size=BATCH,
            )
        )
        self._tracer = self._provider.get_tracer("turngate", __version__)

    def take(self, trace: Trace) -> None:
        """Queue one turn, or drop it."""
        count = trace.root.count
        if self._tracer is None or self._waiting + count > MAX_WAITING:
            self._delivery.lost(count)
            return
        # the two clocks are compared once for a turn, so that its spans fit together whatever the wall's does
        at_zero_ns = self._wall_ns() - round(trace.now_s * NANO)
        links = [Link(parent)] if (parent := parent_of(trace.parent)) is not None else []
        self._add(self._tracer, trace.root, at_zero_ns, None, links)

    def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Send what is left, as far as that is possible in time; called when no session is left."""
        if self._tracer is None:
            return
        self._tracer = None
        last = threading.Thread(target=self._provider.shutdown, name="last traces", daemon=True)
        last.start()
        last.join(within_s)
        self._tell()
        if self._waiting:
            self._delivery.lost(self._waiting)

    @property
    def _waiting(self) -> int:
        return self._handed - self._arrived - self._failed

    def _add(
        self, tracer: Tracer, span: Span, at_zero_ns: int, context: Context | None, links: Sequence[Link] = ()
    ) -> None:
        made = tracer.start_span(
            span.name,
            # never what somebody else has left in the thread's own context
            context if context is not None else Context(),
            SpanKind.CLIENT if span.is_call else SpanKind.INTERNAL,
            span.attributes,
            links,
            start_time=at_zero_ns + round(span.start_s * NANO),
        )
        if span.error is not None:
            made.set_attribute("error.type", span.error)
            made.set_status(Status(StatusCode.ERROR))
        for below in span.below:
            self._add(tracer, below, at_zero_ns, set_span_in_context(made, Context()))
        if made.get_span_context().trace_flags.sampled:
            self._handed += 1
        made.end(at_zero_ns + round(span.end_s * NANO))

    def _sent(self, spans: int, result: SpanExportResult) -> None:
        """Called in the SDK's thread."""
        if result is SpanExportResult.SUCCESS:
            self._arrived += spans
        else:
            self._failed += spans
        self._reactor.callFromThread(self._tell)

    def _tell(self) -> None:
        arrived, failed = self._arrived, self._failed
        if arrived > self._told_arrived:
            self._delivery.arrived()
        if failed > self._told_failed:
            self._delivery.lost(failed - self._told_failed)
        self._told_arrived, self._told_failed = arrived, failed


class _Counted(SpanExporter):
    """An exporter that says how each batch went."""

    def __init__(self, inner: SpanExporter, sent: Callable[[int, SpanExportResult], None]) -> None:
        self._inner = inner
        self._sent = sent

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._inner.export(spans)
        except Exception:  # noqa: BLE001 - a guard: whatever a library does, the spans are lost and nothing else is
            result = SpanExportResult.FAILURE
        self._sent(len(spans), result)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


def exporting_to(url: str, reactor: Any, delivery: Delivery) -> Exporting:
    """
    Sends by OTLP over HTTP; headers, certificates and the rest are as OpenTelemetry's own variables say.

    Raises:
        ConfigError: one of these cannot be used.
    """
    hush()
    try:
        return Exporting(reactor, delivery, OTLPSpanExporter(endpoint=url))
    except (ValueError, OSError, RuntimeError):
        raise ConfigError("traces cannot be sent: one of the variables OTEL_... cannot be used") from None


def resource() -> Resource:
    """Who sends: this program, unless OpenTelemetry's own variables name it otherwise."""
    names = {"service.name": "turngate", "service.version": __version__, "service.instance.id": str(uuid4())}
    return Resource.create(dict(Resource(names).merge(OTELResourceDetector().detect()).attributes))


def parent_of(traceparent: str) -> SpanContext | None:
    """The client's span, by a ``traceparent`` that was checked when it came."""
    if not traceparent:
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def hush() -> None:
    """Let nothing of the SDK's own log come to the terminal."""
    for name in ("opentelemetry", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
