"""
The traces of one process, where they are asked for.

Responsible for the order in which its parts come to be, and for when it begins and ends.

Must not know: what a span is, OpenTelemetry.

Comes from: ``ops/config.py``. Goes to: ``whole.py``, which shows it every event of the log.
"""

from typing import Any, Final

from turngate.admin.delivery import Delivery
from turngate.admin.traces import Traces
from turngate.ops import config
from turngate.ops.collector import url_of
from turngate.proxy.log import EventLog

PROVIDERS: Final = {
    "ga": "openai",
    "azure": "azure.ai.openai",
    "azure-preview": "azure.ai.openai",
    "xai": "x_ai",
}
"""The names that OpenTelemetry's conventions have for who answers; others go by their dialect's."""


def traces_of(reactor: Any, settings: config.Config) -> Traces | None:
    """Who puts the traces together, if there are to be any; they go nowhere before they :func:`are sent <send>`."""
    if settings.otel_endpoint is None:
        return None
    return Traces(reactor.seconds, provider_of(settings), settings.model)


def send(traces: Traces, reactor: Any, settings: config.Config, log: EventLog) -> None:
    """
    Send traces to the collector as soon as the reactor runs, and until it has stopped.

    Raises:
        ConfigError: they cannot be sent.
    """
    url = url_of(settings.otel_endpoint or "")
    # an extra: where nobody asks for it, it need not be there, and costs no time
    from turngate.admin.otel import exporting_to

    exporting = exporting_to(url, reactor, Delivery(log, reactor.seconds))
    traces.take = exporting.take
    reactor.callWhenRunning(exporting.start)
    # when the last session has ended
    reactor.addSystemEventTrigger("after", "shutdown", exporting.close)


def provider_of(settings: config.Config) -> str:
    """Who answers."""
    name = settings.dialect.name
    return config.SIMULATOR if settings.upstream == config.SIMULATOR else PROVIDERS.get(name, name)
