"""Sets of public keys, from a file and from a URL."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from turngate.errors import ConfigError
from turngate.ops.jwks import MAX_KEYS, jwks_fetched, jwks_from_file, place_of

PRIVATE = generate_private_key(SECP256R1())
PUBLIC = {**ECAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), "kid": "a"}
WEAK = RSAAlgorithm.to_jwk(generate_rsa(65537, 1024).public_key(), as_dict=True)  # noqa: S505 - it is refused


def written(*entries):
    """A set."""
    return json.dumps({"keys": entries})


UNUSABLE = [
    ({"kty": "oct", "k": "canary", "kid": "b"}, "of a kind that is not taken"),
    ({**PUBLIC, "alg": "HS256"}, "of a kind that is not taken"),
    ({**PUBLIC, "alg": ["ES256"]}, "of a kind that is not taken"),
    ({**PUBLIC, "crv": "secp256k1"}, "of a kind that is not taken"),
    ({**PUBLIC, "crv": ["canary"]}, "of a kind that is not taken"),
    ({**PUBLIC, "kty": {"canary": 1}}, "of a kind that is not taken"),
    ({**PUBLIC, "d": "canary"}, "is a private key"),
    ({**PUBLIC, "x": "canary"}, "cannot be read"),
    ({**PUBLIC, "x": 4711}, "cannot be read"),
    ({**PUBLIC, "kid": ["canary"]}, "kid is a string"),
    (WEAK, "shorter than 2048"),
]
NO_SET = [written("canary"), '{"keys": "canary"}', '{"keys": 4711}', "[]", "canary", "", "[" * 100_000, '{"keys": [1]}']


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((written(entry), words) for entry, words in UNUSABLE),
        (written(PUBLIC, PUBLIC), "the same kid"),
        (written(), "has no key"),
        (written(*[PUBLIC] * (MAX_KEYS + 1)), "more than 1000"),
        *((text, "no JSON Web Key Set") for text in NO_SET),
    ],
)
def test_set_in_a_file_is_refused_in_one_line(text, words):
    """A password that both sides know is no public key, and a private one does not belong here."""
    with pytest.raises(ConfigError, match=words) as caught:
        jwks_from_file(text.encode(), "/a.json")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(("entry", "words"), UNUSABLE)
def test_key_in_a_fetched_set_that_is_not_taken_is_passed_over(entry, words):
    """It may be for somebody else; the good ones are taken, and where there are none it is no set for us."""
    assert ["a"] == [key.kid for key in jwks_fetched(written({**entry, "kid": entry.get("kid", "b")}, PUBLIC))]
    with pytest.raises(ConfigError, match="no key of a kind that is taken") as caught:
        jwks_fetched(written(entry))
    assert words not in str(caught.value)


@pytest.mark.parametrize("text", NO_SET)
def test_answer_that_is_no_set_is_refused(text):
    """In words of ours."""
    with pytest.raises(ConfigError, match="the answer is no JSON Web Key Set") as caught:
        jwks_fetched(text)
    assert "canary" not in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
FIELD = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "kid", "d"])


@given(st.lists(st.dictionaries(FIELD, ANYTHING).map(lambda fields: {**PUBLIC, **fields}) | ANYTHING, max_size=3))
@settings(max_examples=200, deadline=None)
def test_no_set_does_more_than_be_refused(entries):
    """Whoever serves it decides what is in it."""
    try:
        keys = jwks_fetched(json.dumps({"keys": entries}))
    except ConfigError:
        return
    assert all(key.algorithm == "ES256" for key in keys)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.test/jwks",
        "http://192.0.2.1/jwks",
        "https://169.254.169.254/jwks",
        "ftp://id.test/jwks",
        "https:///jwks",
        "https://user:canary@id.test/jwks",
        "https://id.test/jwks#canary",
        "https://id.test/a b",
        "https://id.test:99999/",
        "https://[id.test/",
        "https://127.1/jwks",
        "canary",
        "",
    ],
)
def test_url_is_refused_when_it_is_not_verified(url):
    """Or leads to this machine's own secrets, or is not plain; it is not repeated."""
    with pytest.raises(ConfigError, match="client_jwks_url is https://HOST/PATH") as caught:
        place_of(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("https://id.test/.well-known/jwks.json", "https://id.test:443/.well-known/jwks.json"),
        ("HTTPS://ID.test:8443", "https://id.test:8443/"),
        ("https://10.0.0.1/a?b=c", "https://10.0.0.1:443/a?b=c"),
        ("http://localhost:9000/jwks", "http://localhost:9000/jwks"),
        ("http://127.0.0.1/jwks", "http://127.0.0.1:80/jwks"),
        ("https://[::1]:9000/jwks", "https://[::1]:9000/jwks"),
    ],
)
def test_url_is_one_of_a_host_over_tls_or_of_this_machine(url, called):
    """A private network is as good as another."""
    assert called == place_of(url).url
