"""
The frame that nearly every message is: whole, unfragmented, text or binary, of moderate size (RFC 6455, 5.2).

Responsible for reading such a frame out of what was received in one pass, and for building one in one piece.

Must not know: connections, states, control frames. Of what is unusual it only says that it is, for Autobahn to judge.

Comes from: ``_autobahn.py``, and goes back to it.
"""

from enum import Enum
from struct import Struct
from typing import Final

import numpy as np

TEXT: Final = 0x81
"""The first byte of a whole text frame, ..."""
BINARY: Final = 0x82
"""... and of a binary one: its end, without extensions."""
MASKED: Final = 0x80
"""In the second byte."""

MAX_WHOLE_BYTES: Final = 256 * 1024
"""Of what is put together here from several reads, each of which is copied with what was there before."""

_SHORT, _MIDDLE, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
_LENGTH_16, _LENGTH_64 = 126, 127
_MASK_BYTES: Final = 4
_WORD: Final = np.dtype("<u4")


class Other(Enum):
    """What stands there instead of a frame that can be read here."""

    CUT = "the beginning of one: wait for the rest"
    UNUSUAL = "something else, or a fault"


def read(buffer: bytes, at: int, *, is_masked: bool, most: int) -> tuple[int, bool, bytes] | Other:
    """
    The frame that begins in a buffer at a place: where it ends, whether it is binary, and its payload.

    Args:
        buffer: what was received.
        at: where a frame begins.
        is_masked: whether frames of this peer have to be.
        most: how many bytes a payload may have.
    """
    left = len(buffer) - at
    if left < 2:
        return Other.CUT
    first, length = buffer[at], buffer[at + 1]
    if is_masked:
        length ^= MASKED
    if first not in (TEXT, BINARY) or length > _LENGTH_64:
        return Other.UNUSUAL
    start = at + 2
    if length == _LENGTH_16:
        if left < _MIDDLE.size:
            return Other.CUT
        length = buffer[start] << 8 | buffer[start + 1]
        start += 2
        if length < _LENGTH_16:
            return Other.UNUSUAL
    elif length == _LENGTH_64:
        if left < _LONG.size:
            return Other.CUT
        length = int.from_bytes(buffer[start : start + 8])
        start += 8
        if length <= 0xFFFF:
            return Other.UNUSUAL
    if length > most:
        return Other.UNUSUAL
    if is_masked:
        start += _MASK_BYTES
    end = start + length
    if end > len(buffer):
        return Other.CUT if length <= MAX_WHOLE_BYTES else Other.UNUSUAL
    payload = buffer[start:end]
    if is_masked and length:
        payload = xor(payload, buffer[start - _MASK_BYTES : start])
    if first == TEXT and not is_utf8(payload):
        return Other.UNUSUAL
    return end, first == BINARY, payload


def build(payload: bytes, *, is_binary: bool, mask: bytes = b"") -> bytes:
    """A frame of one message; masked if a mask of four bytes is given."""
    first, length = BINARY if is_binary else TEXT, len(payload)
    bit = MASKED if mask else 0
    if length < _LENGTH_16:
        head = _SHORT.pack(first, bit | length)
    elif length <= 0xFFFF:
        head = _MIDDLE.pack(first, bit | _LENGTH_16, length)
    else:
        head = _LONG.pack(first, bit | _LENGTH_64, length)
    return b"".join((head, mask, xor(payload, mask))) if mask else head + payload


def xor(payload: bytes, mask: bytes) -> bytes:
    """A payload with its mask put on, or taken off."""
    odd = len(payload) % _MASK_BYTES
    if odd:
        words = np.frombuffer(payload + bytes(_MASK_BYTES - odd), _WORD)
        return (words ^ np.frombuffer(mask, _WORD)).tobytes()[: len(payload)]
    return (np.frombuffer(payload, _WORD) ^ np.frombuffer(mask, _WORD)).tobytes()


def is_utf8(payload: bytes) -> bool:
    """Whether a text may be one (RFC 6455, 8.1)."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
