"""
What ``audio`` asks for: the formats of the client's audio in both directions.

Responsible for which formats can be served and for refusing the others, since audio that is taken for what it is not is
noise. Must not know: how one format becomes another.

Comes from: ``settings.py``. Goes to: the client's audio edge, and the session where the upstream takes a format as it
comes.
"""

from types import MappingProxyType
from typing import Final

from turngate.audio import (
    INBOUND_RATES_HZ,
    OUTBOUND_RATES_HZ,
    AudioFormat,
    ClientAudio,
    Container,
    Encoding,
    SessionAudio,
    native,
)
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings_tree import Audio, AudioInput, AudioOutput
from turngate.session.messages import SESSION_RATE_HZ, Sound

TELEPHONE_HZ: Final = 8_000
TELEPHONE: Final = frozenset({Encoding.MULAW, Encoding.ALAW})

_SOUNDS: Final = MappingProxyType(
    {SessionAudio.PCM: Sound.PCM, SessionAudio.PCMU: Sound.PCMU, SessionAudio.PCMA: Sound.PCMA}
)

TAKEN: Final = (
    "input.encoding",
    "input.sample_rate",
    "output.encoding",
    "output.sample_rate",
    "output.container",
)


def sound_of(audio: SessionAudio) -> Sound:
    """The same in the session's words."""
    return _SOUNDS[audio]


def client_audio(audio: Audio | None, maps: Maps) -> ClientAudio | str:
    """Take the formats, or say which field cannot be used and what it may be."""
    given = _input(audio.input if audio else None)
    if isinstance(given, str):
        return given
    wanted = audio.output if audio else None
    asked = _output(wanted)
    if isinstance(asked, str):
        return asked
    container = _container(wanted)
    if isinstance(container, str):
        return container
    if maps.passes_g711:
        return ClientAudio(given, asked, container, _native(given), _native(asked))
    return ClientAudio(given, asked, container)


def _native(wanted: AudioFormat) -> SessionAudio:
    return native(wanted) or SessionAudio.PCM


def _input(wanted: AudioInput | None) -> AudioFormat | str:
    return _format(
        (wanted.encoding if wanted else None) or Encoding.LINEAR16.value,
        wanted.sample_rate if wanted else None,
        INBOUND_RATES_HZ,
        "$.audio.input",
    )


def _output(wanted: AudioOutput | None) -> AudioFormat | str:
    return _format(
        (wanted.encoding if wanted else None) or Encoding.LINEAR16.value,
        wanted.sample_rate if wanted else None,
        OUTBOUND_RATES_HZ,
        "$.audio.output",
    )


def _format(
    name: str, rate_hz: int | None, rates_hz: "MappingProxyType[Encoding, tuple[int, ...]]", at: str
) -> AudioFormat | str:
    encoding = next((one for one in rates_hz if one.value == name), None)
    if encoding is None:
        return f"{at}.encoding must be one of {', '.join(one.value for one in rates_hz)}."
    if rate_hz is None:
        rate_hz = TELEPHONE_HZ if encoding in TELEPHONE else SESSION_RATE_HZ
    if rate_hz not in rates_hz[encoding]:
        return f"{at}.sample_rate must be one of {', '.join(map(str, rates_hz[encoding]))} for {name}."
    return AudioFormat(encoding, rate_hz)


def _container(wanted: AudioOutput | None) -> Container | str:
    name = (wanted.container if wanted else None) or Container.NONE.value
    try:
        return Container(name)
    except ValueError:
        return f"$.audio.output.container must be {' or '.join(one.value for one in Container)}."
