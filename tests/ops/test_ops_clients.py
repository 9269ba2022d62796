"""The file of clients' keys."""

import json

import jwt
import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from turngate.errors import ConfigError
from turngate.net.credentials import Known, Reason, StaticKeys, digest_of
from turngate.net.jwts import Either, PublicKey
from turngate.ops.clients import MAX_FILE_BYTES, MAX_KEYS, judge_for, keys_from_file, terms_for
from turngate.ops.config import Config
from turngate.ops.loading import load
from turngate.proxy.ledger import Caps

HASH = f"sha256:{digest_of('tg_a').hex()}"
PRICES = {"text_in": 4.0, "audio_in": 32.0, "text_out": 16.0, "audio_out": 64.0}
OTHER = f"sha256:{digest_of('tg_b').hex()}"


def key(**fields):
    """An entry of the file."""
    written = {"name": "'a'", "hash": f"'{HASH}'", **fields}
    return "[[key]]\n" + "".join(f"{name} = {value}\n" for name, value in written.items() if value is not None)


@pytest.fixture
def read(tmp_path):
    """Read a file with a text."""

    def read(text):
        (tmp_path / "keys.toml").write_text(text)
        return keys_from_file(str(tmp_path / "keys.toml"))

    return read


def test_keys_are_read_with_what_they_may(read):
    """A day alone ends with the day before it, in UTC."""
    keys = read(
        key(sessions="3", expires="2027-01-31T12:00:00+02:00")
        + key(name="'team-b@example.com'", hash=f"'{OTHER}'", expires="2027-01-31")
    )
    assert keys.judge("tg_a", 1_801_389_599) == Known("a", 3)
    assert keys.judge("tg_a", 1_801_389_600) is Reason.EXPIRED
    assert keys.judge("tg_b", 1_801_353_599) == Known("team-b@example.com")
    assert keys.judge("tg_b", 1_801_353_600) is Reason.EXPIRED


@pytest.mark.row(48)
def test_keys_are_read_with_what_they_may_use_in_a_day(read, tmp_path):
    """What an entry leaves out is as for all others; each key has a row of its own in the ledger."""
    path = tmp_path / "keys.toml"
    path.write_text(
        key(day_minutes="90", day_tokens="5000", day_cost="2.5") + key(name="'b'", hash=f"'{OTHER}'", day_minutes="0.5")
    )
    settings = Config(
        client_keys_file=str(path), prices=PRICES, max_day_minutes=30.0, max_day_tokens=100, max_day_cost=1.0
    )
    terms = terms_for(settings, judge_for(settings))
    assert Caps(90, 5000, 2.5) == terms.of("a")
    assert Caps(0.5, 100, 1.0) == terms.of("b")
    assert Caps(30.0, 100, 1.0) == terms.of("jwt:c") == terms.of("")
    assert {"a", "b"} == set(terms.listed)
    assert terms.listed == terms_for(settings, Either(judge_for(settings), StaticKeys())).listed
    assert {} == terms_for(Config(), None).listed
    with pytest.raises(ConfigError, match="day_cost of a needs the prices of the model gpt-realtime"):
        judge_for(Config(client_keys_file=str(path)))


def test_file_without_keys_lets_nobody_in(read):
    """It is no error: an operator may take the last one out."""
    assert read("").judge("tg_a", 0) is Reason.UNKNOWN


def test_no_file_asks_for_no_key():
    """Which is why a port that others reach is refused then."""
    assert judge_for(Config()) is None


def test_file_that_is_named_is_read(tmp_path):
    """By its setting."""
    path = tmp_path / "keys"
    path.write_text(key())
    assert isinstance(judge_for(Config(client_keys_file=str(path))), StaticKeys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (key(name="''"), "key 1: name is a word"),
        (key(name="'a b'"), "key 1: name is a word"),
        (key(name="'jwt:a'"), "key 1: name is a word"),
        (key(name="'\u00e9'"), "key 1: name is a word"),
        (key(name="1"), "key 1: name is a word"),
        (key(name=f"'{'a' * 65}'"), "key 1: name is a word"),
        (key(name=None), "key 1: name is a word"),
        (key(hash=None), r"key 1 \(a\): hash is sha256: and 64"),
        (key(hash="'tg_canary'"), r"key 1 \(a\): hash is sha256: and 64"),
        (key(hash=f"'{HASH[:-2]}  '"), r"key 1 \(a\): hash is sha256: and 64"),
        (key(hash=f"'{HASH[:-1]}g'"), r"key 1 \(a\): hash is sha256: and 64"),
        (key(expires="'2027-01-31'"), "expires is a time such as"),
        (key(expires="2027-01-31T12:00:00"), "expires is a time such as"),
        (key(expires="1801389600"), "expires is a time such as"),
        (key(sessions="0"), "sessions is a whole number from 1"),
        (key(sessions="true"), "sessions is a whole number from 1"),
        (key(day_minutes="0"), "day_minutes is a number from 0.1 to 1e"),
        (key(day_minutes="'1'"), "day_minutes is a number from 0.1"),
        (key(day_tokens="1.5"), "day_tokens is a whole number from 1"),
        (key(day_tokens="true"), "day_tokens is a whole number from 1"),
        (key(day_cost="-1"), "day_cost is a number from 1e-06 .*leave it out for max_day_cost"),
        (key(session="1"), "unknown field 'session'; did you mean 'sessions'"),
        (key() + key(hash=f"'{OTHER}'"), "a has the name or the hash of another"),
        (key() + key(name="'b'"), "b has the name or the hash of another"),
        ("[key]\n", "in two pairs of brackets"),
        ("key = [1]", "in two pairs of brackets"),
        ("keys = 1", "unknown key 'keys'"),
        ("[[key]", "no valid TOML"),
        ("#" * (MAX_FILE_BYTES + 1), "larger than"),
        ("[[key]]\n" * (MAX_KEYS + 1), "more than 1000 keys"),
    ],
)
def test_file_is_refused_in_one_line_that_says_what_to_change(read, text, words):
    """And that shows nothing of a key that stands where its hash should."""
    with pytest.raises(ConfigError, match=words) as caught:
        read(text)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_is_refused_when_there_is_none(tmp_path):
    """Rather than letting everybody in, or nobody."""
    with pytest.raises(ConfigError, match="cannot read the clients' keys"):
        keys_from_file(str(tmp_path / "absent"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        keys_from_file(str(tmp_path / "binary"))


# --- tokens ---------------------------------------------------------------------------------------------------------

PRIVATE = generate_private_key(SECP256R1())
PUBLIC = {**ECAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), "kid": "a"}
CLAIMS = {"sub": "u1", "aud": "turngate", "exp": 2_000_000_000}


@pytest.fixture
def jwks(tmp_path):
    """Write a set of keys, and give its path."""

    def write(*entries):
        (tmp_path / "jwks.json").write_text(json.dumps({"keys": entries}))
        return str(tmp_path / "jwks.json")

    return write


@pytest.mark.row(10)
def test_token_is_judged_by_the_keys_of_the_file(jwks, tmp_path):
    """Alone or beside static keys; a key for encryption is passed over."""
    path = jwks(PUBLIC, {"kty": "RSA", "use": "enc"})
    token = jwt.encode(CLAIMS, PRIVATE, "ES256", headers={"kid": "a"})
    settings = Config(client_jwks_file=path, client_jwt_audience="turngate")
    assert judge_for(settings).judge(token, 1_800_000_000) == Known("jwt:u1")
    (tmp_path / "keys").write_text(key())
    both = judge_for(evolve(settings, client_keys_file=str(tmp_path / "keys")))
    assert [both.judge(one, 1_800_000_000) for one in (token, "tg_a")] == [Known("jwt:u1"), Known("a")]


def test_token_is_judged_by_the_keys_of_a_url():
    """As they are known at the time."""

    class Fetched:
        keys = None
        is_certain = True

        def miss(self):
            pass

    fetched = Fetched()
    settings = Config(client_jwks_url="https://id.test/jwks", client_jwt_audience="turngate")
    judge = judge_for(settings, fetched)
    token = jwt.encode(CLAIMS, PRIVATE, "ES256", headers={"kid": "a"})
    assert judge.judge(token, 1_800_000_000) is Reason.NOT_YET
    fetched.keys = (PublicKey("a", "ES256", PRIVATE.public_key()),)
    assert judge.judge(token, 1_800_000_000) == Known("jwt:u1")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"client_jwks_file": "/a"}, "tokens need client_jwt_audience"),
        ({"client_jwks_url": "https://id.test/jwks"}, "tokens need client_jwt_audience"),
        ({"client_jwt_audience": "a"}, "client_jwt_audience needs client_jwks_file or client_jwks_url"),
        (
            {"client_jwks_file": "/a", "client_jwks_url": "https://id.test/jwks", "client_jwt_audience": "a"},
            "client_jwks_file and client_jwks_url exclude each other",
        ),
        (
            {"client_jwks_url": "http://id.test/jwks", "client_jwt_audience": "a"},
            "client_jwks_url is https://HOST/PATH",
        ),
    ],
)
def test_tokens_need_keys_of_one_place_and_an_audience(given, words):
    """A token that was made for another server is none for us."""
    with pytest.raises(ConfigError, match=words):
        load({"upstream": "simulator"}, {f"TURNGATE_{name.upper()}": value for name, value in given.items()})


def test_clients_are_known_when_any_of_the_three_is_given():
    """Else the port is not opened to others."""
    assert not Config().knows_clients
    for name in ("client_keys_file", "client_jwks_file", "client_jwks_url"):
        assert Config(**{name: "a"}).knows_clients
