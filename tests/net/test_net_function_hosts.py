"""At which hosts functions may be called, a client's URL held against that, and the rest of what is judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turngate.errors import ConfigError
from turngate.net.addresses import Reach
from turngate.net.function_hosts import FunctionHosts, Place
from turngate.net.function_request import (
    BAD_HEADER,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    NO_METHOD,
    NOT_LISTED,
    OFF,
    OUR_HEADER,
    TOO_MANY_HEADERS,
    FunctionRequest,
    judged,
)
from turngate.proxy.ports import FunctionEndpoint

GOOD = "good.example"
HOSTS = FunctionHosts.listed([GOOD, "tools.internal:8443+private", "localhost:9000+http", "127.0.0.1+http"])


def judge(url: str = f"https://{GOOD}/", method: str = "POST") -> FunctionRequest | str:
    """Judge an endpoint without headers."""
    return judged(FunctionEndpoint(url, method), HOSTS)


# --- the operator's list ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "url", "host", "port"),
    [
        ("good.example", "https://good.example", "good.example", 443),
        ("GOOD.example.", "https://good.example", "good.example", 443),
        ("good.example:8443", "https://good.example:8443", "good.example", 8443),
        ("good.example:8443+private", "https://good.example:8443", "good.example", 8443),
        ("good.example:443", "https://good.example", "good.example", 443),
        ("bücher.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example", 443),
        ("BÜCHER.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example", 443),
        ("faß.example", "https://xn--fa-hia.example", "xn--fa-hia.example", 443),
        ("xn--bcher-kva.example", "https://XN--bcher-kva.example", "xn--bcher-kva.example", 443),
        ("8.8.8.8", "https://8.8.8.8", "8.8.8.8", 443),
        ("127.0.0.1+private", "https://127.0.0.1", "127.0.0.1", 443),
        ("[2606:2800:220:1::1]:8443", "https://[2606:2800:0220:0001::1]:8443", "2606:2800:220:1::1", 8443),
        ("localhost+http", "http://localhost", "localhost", 80),
        ("127.0.0.1:9000+http", "http://127.0.0.1:9000", "127.0.0.1", 9000),
        ("[::1]:9000+http", "http://[::1]:9000", "::1", 9000),
    ],
)
def test_host_is_found_when_it_is_listed(entry: str, url: str, host: str, port: int) -> None:
    """Case, the dot of the root, IDNA and the spelling of an IPv6 address make no difference."""
    place = FunctionHosts.listed([entry]).place(url)
    assert place is not None
    assert (place.host, place.port, place.is_secure) == (host, port, url.startswith("https"))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "give a host or host:port"),
        ("*.example.com", "give a host or host:port"),
        ("https://good.example", "give a host or host:port"),
        ("good.example/path", "give a host or host:port"),
        ("user@good.example", "give a host or host:port"),
        ("good.example:", "give a host or host:port"),
        ("good.example:0", "give a host or host:port"),
        ("good.example:08443", "give a host or host:port"),
        ("good.example+public", "give a host or host:port"),
        ("good.example+private+http", "give a host or host:port"),
        ("good example", "give a host or host:port"),
        ("good..example", "give a host or host:port"),
        ("-good.example", "give a host or host:port"),
        ("an_underscore.example", "give a host or host:port"),
        ("an--odd.example", "give a host or host:port"),
        ("xn--a.example", "give a host or host:port"),
        (f"{'a' * 64}.example", "give a host or host:port"),
        (".".join(["a" * 63] * 4), "give a host or host:port"),
        ("::1", "give a host or host:port"),
        ("[::1", "give a host or host:port"),
        ("[fe80::1%1]+private", "give a host or host:port"),
        ("[nonsense]", "give a host or host:port"),
        ("127.1+private", "give a host or host:port"),
        ("0x7f.1+private", "give a host or host:port"),
        ("2130706433+private", "give a host or host:port"),
        ("127.0.0.01+private", "give a host or host:port"),
        ("\u2028.example", "give a host or host:port"),
        ("good.example:65536", "a port that does not exist"),
        ("good.example+http", "+http is for this machine only"),
        ("10.0.0.1+http", "would never be called: it allows addresses of this machine only"),
        ("10.0.0.1", "would never be called: it allows public addresses only"),
        ("169.254.169.254+private", "would never be called"),
        ("[::ffff:127.0.0.1]+private", "would never be called"),
    ],
)
def test_list_is_refused_when_an_entry_is_no_host(entry: str, words: str) -> None:
    """The operator hears at the start which entry it is, in one line."""
    with pytest.raises(ConfigError) as caught:
        FunctionHosts.listed(["first.example", entry])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert repr(entry) in str(caught.value)


def test_list_is_refused_when_a_host_is_in_it_twice() -> None:
    """One of the two would be ignored, and nobody could say which."""
    with pytest.raises(ConfigError, match="is listed twice"):
        FunctionHosts.listed(["good.example", "GOOD.example.:443+private"])


def test_same_host_may_be_listed_with_several_ports() -> None:
    """A port is part of what is allowed, and so is the scheme."""
    hosts = FunctionHosts.listed(["localhost+private", "localhost:8443+private", "localhost:8443+http"])
    reaches = [(place := hosts.place(url)) and place.reach for url in ("https://localhost", "http://localhost:8443")]
    assert [Reach.PRIVATE, Reach.LOOPBACK] == reaches
    assert hosts.place("http://localhost:443/") is None


def test_list_is_empty_when_nothing_is_listed() -> None:
    """Without a list there is no host at all."""
    assert not FunctionHosts()
    assert not FunctionHosts.listed([])
    assert HOSTS


# --- a client's URL ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://good.example", "/"),
        ("https://good.example/", "/"),
        ("HTTPS://Good.Example.:443/a/b?c=d&e=f", "/a/b?c=d&e=f"),
        ("https://good.example?c=d", "/?c=d"),
        ("https://good.example/@user/a:b;c=%0d%0a/../x", "/@user/a:b;c=%0d%0a/../x"),
        ("https://good.example/http://evil.example/", "/http://evil.example/"),
    ],
)
def test_path_is_the_clients(url: str, target: str) -> None:
    """At a listed host a client may have any path, sent as it is written."""
    place = HOSTS.place(url)
    assert place == Place(GOOD, 443, is_secure=True, reach=Reach.PUBLIC, target=target)
    assert place.url == f"https://good.example:443{target}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "good.example",
        "//good.example/",
        "https:/good.example/",
        "https:good.example",
        "http://good.example/",
        "http://good.example:443/",
        "ftp://good.example/",
        "file:///etc/passwd",
        "wss://good.example/",
        # other hosts, near and far
        "https://evil.example/",
        "https://www.good.example/",
        "https://good.example.evil.example/",
        "https://evilgood.example/",
        "https://good.example%2eevil.example/",
        "https://good.exampl\u0435/",
        "https://\uff47ood.example/",
        "https://good\u3002example/",
        "https://good..example/",
        "https://good.example../",
        "https://.good.example/",
        "https:///good.example/",
        "https://good.example,evil.example/",
        # who is the host here, and who the user?
        "https://good.example@evil.example/",
        "https://evil.example@good.example/",
        "https://user:canary@good.example/",
        "https://@good.example/",
        "https://good.example:443@evil.example/",
        "https://good.example#@evil.example/",
        "https://evil.example#@good.example/",
        "https://evil.example\\@good.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\\.evil.example/",
        "https://good.example//evil.example/",
        # ports
        "https://good.example:8443/",
        "https://good.example:80/",
        "https://good.example:0/",
        "https://good.example:/",
        "https://good.example:0443/",
        "https://good.example:+443/",
        "https://good.example:443:22/",
        "https://good.example:443.evil.example/",
        "https://good.example:65979/",
        "https://good.example:4\uff143/",
        "https://good.example:-1/",
        "https://tools.internal/",
        "http://tools.internal:8443/",
        "https://localhost:9000/",
        "http://localhost/",
        # 127.0.0.1 is listed, but in one spelling
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0x7f.0x0.0x0.0x1/",
        "http://0177.0.0.1/",
        "http://127.000.000.001/",
        "http://127.0.0.1../",
        "http://127.0.0.2/",
        "http://0/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[127.0.0.1]/",
        "http://[::1]/",
        "http://[::1%25lo]/",
        "http://[/",
        "http://[]/",
        # characters
        " https://good.example/",
        "https://good.example/ ",
        "https://good.example/\n",
        "https://good.example/\r\nX: y",
        "https://good.\texample/",
        "https://good.example\x00.evil.example/",
        "https://good.example/\x7f",
        "https://good.example/é",
        "https://good.example/#canary",
        "https://good.example/<canary>",
        "https://good.example/a\\b",
        "https://good.example/" + "a" * 4096,
    ],
)
def test_url_leads_nowhere_when_it_is_not_a_plain_one_at_a_listed_host(url: str) -> None:
    """What two readers could read in two ways is read by nobody, and the refusal quotes nothing."""
    assert HOSTS.place(url) is None
    assert judge(url) == NOT_LISTED


@given(st.text(alphabet="htps:/@.#?\\[]%0123456789x good.example evil:443\t\r\n-_é", max_size=60))
def test_url_never_leads_to_a_host_that_is_not_listed(text: str) -> None:
    """Whatever a URL is made of, it leads to a listed host and port or nowhere."""
    for url in (text, f"https://{text}", f"https://good.example{text}"):
        place = HOSTS.place(url)
        if place is not None:
            assert (place.host, place.port) in {
                ("good.example", 443),
                ("tools.internal", 8443),
                ("localhost", 9000),
                ("127.0.0.1", 80),
            }
            assert place.target.startswith("/")
            assert place.url.isascii()


# --- the rest of the request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "sent", "has_body"),
    [
        ("POST", "POST", True),
        ("post", "POST", True),
        ("PUT", "PUT", True),
        ("PATCH", "PATCH", True),
        ("GET", "GET", False),
        ("DELETE", "DELETE", False),
    ],
)
def test_method_decides_whether_there_is_a_body(method: str, sent: str, has_body: bool) -> None:
    """The arguments are a body of JSON, or are not sent: they never become part of the URL."""
    request = judge(method=method)
    assert isinstance(request, FunctionRequest)
    assert (sent, has_body) == (request.method, request.has_body)
    assert ({"Content-Type": "application/json"} if has_body else {}) == request.headers
    assert request.place.target == "/"


@pytest.mark.parametrize("method", ["", "HEAD", "OPTIONS", "CONNECT", "TRACE", "POST ", "POST /x HTTP/1.1\r\n", "GÉT"])
def test_method_is_refused_when_it_is_another(method: str) -> None:
    """Nothing else is called, and nothing is smuggled in by a method."""
    assert judge(method=method) == NO_METHOD


def test_headers_are_the_clients_when_they_are_plain() -> None:
    """A client shows its own credentials to its own function, and says what it sends."""
    headers = {"Authorization": "Bearer canary", "content-type": "application/x+json", "X-Api-Key": "a b"}
    request = judged(FunctionEndpoint(f"https://{GOOD}", headers=headers), HOSTS)
    assert isinstance(request, FunctionRequest)
    assert headers == request.headers


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "HOST",
        "Content-Length",
        "content_length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "TE",
        "Trailer",
        "Expect",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Accept-Encoding",
        "Cookie",
        "Forwarded",
        "X-Forwarded-For",
        "x_forwarded_for",
        "X-Real-IP",
    ],
)
def test_header_is_refused_when_it_is_ours_to_write(name: str) -> None:
    """What frames a message or vouches for who asks is not a client's, however it is spelled."""
    assert judged(FunctionEndpoint(f"https://{GOOD}", headers={"X": "y", name: "canary"}), HOSTS) == OUR_HEADER


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nY: b"},
        {"X": "a\nb"},
        {"X": "a\0b"},
        {"X": "a\tb"},
        {"X": "é"},
        {"X": ""},
        {"X": " a"},
        {"X": "\ud800"},
        {"X\r\nY": "a"},
        {"X:": "a"},
        {"X Y": "a"},
        {"": "a"},
        {"é": "a"},
        {"X": "a", "x": "b"},
        {"X-Y": "a", "X_Y": "b"},
    ],
)
def test_headers_are_refused_when_they_could_not_be_sent_as_they_are(headers: dict[str, str]) -> None:
    """No line is broken, and no header is sent twice."""
    assert judged(FunctionEndpoint(f"https://{GOOD}", headers=headers), HOSTS) == BAD_HEADER


def test_headers_are_refused_when_they_are_too_many_or_too_long() -> None:
    """Both have a bound, and up to it they are sent."""
    most = {f"X-{index}": "a" for index in range(MAX_HEADERS)}
    longest = {"X": "a" * (MAX_HEADER_BYTES - len("X: \r\n"))}
    for headers, one_more in ((most, {"X-More": "a"}), (longest, {"X": longest["X"] + "a"})):
        assert isinstance(judged(FunctionEndpoint(f"https://{GOOD}", headers=headers), HOSTS), FunctionRequest)
        assert judged(FunctionEndpoint(f"https://{GOOD}", headers={**headers, **one_more}), HOSTS) == TOO_MANY_HEADERS


def test_everything_is_refused_when_no_host_is_listed() -> None:
    """Off is the first word, and says what to do instead."""
    assert judged(FunctionEndpoint("canary", "canary", {"canary": "\r\n"}), FunctionHosts()) == OFF
    assert "FunctionCallRequest" in OFF


def test_nothing_secret_is_shown_in_a_repr() -> None:
    """URLs and headers hold keys; what is printed by accident holds none."""
    endpoint = FunctionEndpoint(f"https://{GOOD}/canary?k=canary", headers={"Authorization": "canary"})
    request = judged(endpoint, HOSTS)
    assert isinstance(request, FunctionRequest)
    assert "canary" not in f"{endpoint!r}{request!r}{request.place!r}"
