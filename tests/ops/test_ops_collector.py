"""Where traces go."""

import pytest

from turngate.ops.collector import is_installed, url_of
from turngate.ops.loading import surveyed


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("https://collector.example/", "https://collector.example/v1/traces"),
        ("https://collector.example/otlp/v1/traces", "https://collector.example/otlp/v1/traces"),
    ],
)
def test_endpoint_of_a_host_alone_has_the_path_of_otlp(endpoint, url):
    """One with a path is used as it stands."""
    assert url == url_of(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "localhost:4318",
        "grpc://localhost:4317",
        "http://",
        "http://localhost:99999",
        "http://[::1",
        "https://me:canary@collector.example",
        "https://collector.example/?key=canary",
        "https://collector.example/#canary",
    ],
)
def test_endpoint_that_is_none_is_refused_with_what_to_give_and_not_shown(endpoint):
    """It may hold what is secret."""
    survey = surveyed({"upstream": "simulator"}, {"TURNGATE_OTEL_ENDPOINT": endpoint})
    (fault,) = survey.faults
    assert "such as http://localhost:4318" in fault
    assert "TURNGATE_OTEL_ENDPOINT" in fault
    assert "canary" not in fault


def test_module_that_is_not_there_is_not_installed():
    """Nor is one in a package that is not; the packaging tests see it where the extra is missing."""
    names = ("opentelemetry.sdk", "opentelemetry.canary", "canary.opentelemetry")
    assert [True, False, False] == [is_installed(name) for name in names]


def test_variable_of_opentelemetry_alone_makes_no_traces():
    """It stands in containers for everybody."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}
    survey = surveyed({"upstream": "simulator"}, variables)
    assert survey.config is not None
    assert survey.config.otel_endpoint is None
