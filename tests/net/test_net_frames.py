"""Whole frames, read out of a buffer and built; Autobahn is the judge of both."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from net_rig import BINARY, TEXT, frame

from turngate.net import frames
from turngate.net.frames import Other

LENGTHS = (0, 1, 2, 3, 4, 5, 125, 126, 127, 128, 65_535, 65_536, 65_537)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("mask", [b"", b"\x01\x80\xfe\x33"], ids=["plain", "masked"])
def test_what_was_built_is_read(length: int, mask: bytes) -> None:
    """With another in front of it and one behind, of every kind of length."""
    payload = os.urandom(length)
    before, after = b"before", frames.build(b"x", is_binary=False, mask=mask)
    built = frames.build(payload, is_binary=True, mask=mask)
    got = frames.read(before + built + after, len(before), is_masked=bool(mask), most=10**6)
    assert (len(before) + len(built), True, payload) == got
    got = frames.read(before + built + after, len(before + built), is_masked=bool(mask), most=10**6)
    assert (len(before + built + after), False, b"x") == got


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_is_built_as_others_build_it(length: int) -> None:
    """The rig of the tests builds frames by itself."""
    payload = os.urandom(length)
    assert frame(BINARY, payload, masked=False) == frames.build(payload, is_binary=True)
    assert frame(TEXT, payload, masked=True) == frames.build(payload, is_binary=False, mask=bytes(4))


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_a_mask_is_put_on_byte_by_byte(payload: bytes, mask: bytes) -> None:
    """RFC 6455, 5.3: octet i is combined with octet i modulo 4."""
    assert bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload)) == frames.xor(payload, mask)


@pytest.mark.parametrize("length", [0, 5, 200, 70_000])
def test_a_frame_that_is_cut_anywhere_waits_for_the_rest(length: int) -> None:
    """Its head, too."""
    whole = frame(BINARY, bytes(length))
    for cut in {*range(min(20, len(whole))), len(whole) // 2, len(whole) - 1}:
        assert Other.CUT is frames.read(whole[:cut], 0, is_masked=True, most=10**6)


@pytest.mark.parametrize(
    "odd",
    [
        frame(TEXT, b"part", fin=False),
        frame(0, b"the rest"),
        frame(8, b""),
        frame(9, b"ping"),
        frame(10, b"pong"),
        frame(3, b"reserved"),
        b"\xc1" + frame(TEXT, b"compressed")[1:],
        frame(TEXT, b"not masked", masked=False),
        frame(TEXT, b"\xff\xfe"),
        frame(TEXT, "é".encode()[:1]),
        b"\x82\xfe\x00\x05" + bytes(9),
        b"\x82\xff" + (65_535).to_bytes(8) + bytes(4),
        b"\x82\xff" + (2**63).to_bytes(8) + bytes(4),
        frame(BINARY, b"", claimed=1001),
    ],
)
def test_what_is_unusual_is_left_alone(odd: bytes) -> None:
    """Autobahn judges it, and knows the close code."""
    assert Other.UNUSUAL is frames.read(odd, 0, is_masked=True, most=1000)


def test_a_frame_that_is_masked_and_should_not_be_is_left_alone() -> None:
    """As one of a server."""
    assert Other.UNUSUAL is frames.read(frame(TEXT, b"x"), 0, is_masked=False, most=1000)


def test_a_large_frame_is_not_put_together_here() -> None:
    """Every read of it would copy what was there before."""
    most = frames.MAX_WHOLE_BYTES
    assert Other.CUT is frames.read(frame(BINARY, b"", claimed=most), 0, is_masked=True, most=10**7)
    assert Other.UNUSUAL is frames.read(frame(BINARY, b"", claimed=most + 1), 0, is_masked=True, most=10**7)


def test_text_of_many_scripts_is_text() -> None:
    """UTF-8 that is not ASCII."""
    payload = "Grüße 你好 🙂".encode()
    assert (len(payload) + 6, False, payload) == frames.read(frame(TEXT, payload), 0, is_masked=True, most=1000)
