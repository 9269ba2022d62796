"""Where the upstream is, and what is shown to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turngate.errors import ConfigError
from turngate.net.upstream import (
    CONCEALED,
    MAX_CONCEALED,
    BearerKey,
    CurrentKey,
    Target,
    UpstreamAddress,
    bearer_header,
    checked_headers,
)

TEMPLATE = "wss://api.example.com/v1/realtime?model={model}"


@pytest.mark.row(41)
def test_target_takes_the_model_percent_encoded() -> None:
    """A model's name cannot add a parameter, a line or a fragment."""
    address = UpstreamAddress(TEMPLATE, "gpt-realtime")
    assert address.target(None).url == "wss://api.example.com/v1/realtime?model=gpt-realtime"
    assert address.target("a&call_id=x#\r\nH: y").url.endswith("model=a%26call_id%3Dx%23%0D%0AH%3A%20y")


@given(st.text())
@pytest.mark.row(41)
def test_target_is_the_configured_host_for_any_model(model: str) -> None:
    """Whatever a client calls its model, the host is the operator's and the URL is one visible word."""
    target = UpstreamAddress(TEMPLATE, "m").target(model)
    assert (target.host, target.port, target.is_secure) == ("api.example.com", 443, True)
    assert all("\x21" <= char <= "\x7e" for char in target.url)
    assert target.url.startswith("wss://api.example.com/v1/realtime?model=")
    assert "#" not in target.url
    assert "&" not in target.url


@pytest.mark.parametrize("surrogate", ["\ud800", "a\udfffb"])
def test_target_does_not_raise_on_a_lone_surrogate(surrogate: str) -> None:
    """JSON can carry what UTF-8 cannot."""
    assert "%3F" in UpstreamAddress(TEMPLATE, "m").target(surrogate).url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://h/",
        "wss://",
        "wss://h/ x",
        "wss://h/\r\n",
        "wss://h:99999/",
        "wss://h:0/",
        "wss://user:canary@h/",
        "wss://h/#canary",
        "ws://unix:/tmp/canary",
        "wss://{model}.example.com/",
        "wss://hé/",
        "wss://[::1/",
    ],
)
def test_address_is_refused_when_the_url_is_not_plain(url: str) -> None:
    """A URL that cannot be dialled is the operator's error, and is not quoted: it may hold a secret."""
    with pytest.raises(ConfigError) as caught:
        UpstreamAddress(url, "m")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "may"),
    [
        (Target("", "api.example.com", 443, is_secure=True), True),
        (Target("", "api.example.com", 80, is_secure=False), False),
        (Target("", "10.0.0.1", 80, is_secure=False), False),
        (Target("", "localhost", 80, is_secure=False), True),
        (Target("", "127.8.8.8", 80, is_secure=False), True),
        (Target("", "::1", 80, is_secure=False), True),
    ],
)
def test_key_may_be_seen_over_tls_or_on_this_machine(target: Target, may: bool) -> None:
    """A key does not travel in the clear."""
    assert may == target.may_see_key


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX: y", "clé", "a\x7f", "\x00"])
def test_key_is_refused_when_it_is_not_one_visible_word(key: str) -> None:
    """A key that would break a header makes none."""
    assert bearer_header(key) is None


@pytest.mark.row(43)
def test_key_is_shown_in_one_header_and_nowhere_else() -> None:
    """The key's object prints nothing of it."""
    key = BearerKey("canary")
    assert bearer_header(key()) == "Bearer canary"
    assert "canary" not in repr(key)
    assert "canary" not in str(key)


def test_key_that_rotates_is_the_latest_and_none_of_them_is_shown() -> None:
    """A session that was dialled with the one before may still be told of it; so many are remembered."""
    key = CurrentKey(BearerKey("canary"))
    key.change(BearerKey("canary-2"))
    assert key() == "canary-2"
    assert key.conceal("no canary and no canary-2") == f"no {CONCEALED} and no {CONCEALED}"
    key.change(None)
    assert key() is None
    assert "canary" not in key.conceal("no canary-2")
    assert "canary" not in repr(key)
    for number in range(MAX_CONCEALED):
        key.change(BearerKey(f"other-{number}"))
    assert key.conceal("canary") == "canary"
    assert CurrentKey(None)() is None


@pytest.mark.parametrize(
    "headers",
    [
        {"OpenAI-Beta": "realtime=v1"},
        {"openai-beta": "x"},
        {"Authorization": "canary"},
        {"Host": "canary"},
        {"Sec-WebSocket-Protocol": "canary"},
        {"Bad Name": "x"},
        {"": "x"},
        {"X": "canary\r\nY: z"},
        {"X": " canary"},
        {"X": ""},
    ],
)
@pytest.mark.row(42)
def test_headers_are_refused_when_reserved_or_unsendable(headers: dict[str, str]) -> None:
    """Nobody sets our own headers, breaks a line, or asks for the old dialect; the value is not quoted."""
    with pytest.raises(ConfigError) as caught:
        checked_headers(headers)
    assert "canary" not in str(caught.value)


def test_headers_are_kept_when_plain() -> None:
    """The operator's other headers go as they are."""
    assert checked_headers({"X-Project": "a b"}) == {"X-Project": "a b"}
