"""G.711, both laws, both ways: every code and every sample, against another implementation and against its hashes."""

import hashlib
import warnings
from typing import Any

import numpy as np
import pytest

from turngate.audio.g711 import ALAW, MULAW, Law

SAMPLES = np.arange(-32768, 32768).astype(np.int16)
CODES = bytes(range(256))
LAWS = {"mulaw": MULAW, "alaw": ALAW}


def audioop() -> Any:
    """The standard library's, as long as it has one (until Python 3.12)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop")


def linear(samples: np.ndarray) -> bytes:
    return samples.astype("<i2").tobytes()


@pytest.mark.parametrize(("law", "decode"), [(MULAW, "ulaw2lin"), (ALAW, "alaw2lin")], ids=LAWS)
def test_every_code_is_decoded_as_elsewhere(law: Law, decode: str) -> None:
    assert linear(law.decode(CODES)) == getattr(audioop(), decode)(CODES, 2)


@pytest.mark.parametrize(("law", "encode"), [(MULAW, "lin2ulaw"), (ALAW, "lin2alaw")], ids=LAWS)
def test_every_sample_is_encoded_as_elsewhere(law: Law, encode: str) -> None:
    assert law.encode(SAMPLES) == getattr(audioop(), encode)(linear(SAMPLES), 2)


@pytest.mark.parametrize(
    ("law", "decoded", "encoded"),
    [
        (MULAW, "3dab54339e520bb2c924826e3b72a917", "81d633c9e6972a18c74a58720b96cb8c"),
        (ALAW, "e04788d110e58ff8c70c93b8480190d9", "38488f6fd710f4686360edc4d38639f9"),
    ],
    ids=LAWS,
)
def test_the_tables_have_not_changed(law: Law, decoded: str, encoded: str) -> None:
    """The same two tests where the standard library has no audioop any more."""
    assert hashlib.sha256(linear(law.decode(CODES))).hexdigest()[:32] == decoded
    assert hashlib.sha256(law.encode(SAMPLES)).hexdigest()[:32] == encoded


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_code_survives_decoding_and_encoding(law: Law) -> None:
    """Only mu-law's negative zero does not: there is but one zero."""
    again = law.encode(law.decode(CODES))
    assert [code for code in CODES if again[code] != code] == ([0x7F] if law is MULAW else [])


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_louder_sample_never_becomes_a_quieter_one(law: Law) -> None:
    """Both laws are monotone, and off by half a step of the loudest segment and what 14 bits cut off."""
    decoded = law.decode(law.encode(SAMPLES)).astype(int)
    assert (np.diff(decoded) >= 0).all()
    assert np.abs(decoded - SAMPLES)[512:-512].max() <= 512 + 3


def test_silence_is_silence() -> None:
    """The idle codes of a telephone line."""
    silence = np.zeros(3, dtype=np.int16)
    assert MULAW.encode(silence) == b"\xff\xff\xff"
    assert ALAW.encode(silence) == b"\xd5\xd5\xd5"
    assert MULAW.decode(b"\xff\x7f").tolist() == [0, 0]
    assert ALAW.decode(b"\xd5\x55").tolist() == [8, -8]
