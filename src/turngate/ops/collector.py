"""
Where traces go.

Responsible for what the setting may say, and for whether there is what it needs.

Must not know: what a trace is.

Comes from: ``otel_endpoint``. Goes to: ``assembly/tracing.py``.
"""

from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from turngate.errors import ConfigError

PATH: Final = "/v1/traces"
EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http"
"""What brings all the rest of the extra with it."""


def url_of(endpoint: str) -> str:
    """
    The URL to which traces are posted; one that names a host alone has the path that OTLP gives it.

    Raises:
        ConfigError: it is none, or traces are an extra that is not installed.
    """
    path = path_of(endpoint)
    if path is None:
        raise ConfigError(
            "otel_endpoint is the URL of a collector that speaks OTLP over HTTP, such as http://localhost:4318, with "
            "no name, query or fragment; what the collector wants to see is in OTEL_EXPORTER_OTLP_HEADERS"
        )
    if not is_installed(EXPORTER):
        raise ConfigError("otel_endpoint needs an extra that is not installed: pip install 'turngate[otel]'")
    return endpoint if path.rstrip("/") else endpoint.rstrip("/") + PATH


def path_of(endpoint: str) -> str | None:
    """The path of a URL that will do; ``None`` if it will not."""
    try:
        parts = urlsplit(endpoint)
        is_place = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts.path if is_place and parts.username is None and not parts.query and not parts.fragment else None


def is_installed(module: str) -> bool:
    """Whether there is such a module, which is not imported for that."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
