"""How the configured upstream is spoken to."""

import pytest
from attrs import evolve
from twisted.internet.testing import MemoryReactorClock

from turngate.assembly.rules import profiles_for
from turngate.assembly.upstream import capabilities_of, translation_for
from turngate.net import FunctionCaller, FunctionHosts
from turngate.ops.config import Config
from turngate.ops.logging import Log
from turngate.protocols.realtime import DIALECTS, RealtimeOptions, Translation
from turngate.session.messages import SendUpdate, SessionConfig
from twistd_rig import (
    PATH,
)

NO_FUNCTIONS = FunctionCaller(hosts=FunctionHosts(), log=Log(), reactor=MemoryReactorClock())


@pytest.mark.parametrize("name", DIALECTS)
def test_upstream_is_spoken_to_in_its_dialect(name):
    """Words, gaps and names are those of the configured dialect; the operator may know of a gap more."""
    settings = Config(upstream_dialect=name, transcription_model="scribe")
    update = SendUpdate("e", SessionConfig("Be kind."), None)
    own = Translation(RealtimeOptions(transcription_model="scribe"), DIALECTS[name])
    assert own.to_wire(update) == translation_for(settings).to_wire(update)
    assert DIALECTS[name].capabilities == capabilities_of(settings)
    assert not capabilities_of(evolve(settings, text_ends_response=True)).sends_response_done
    maps = profiles_for(settings, NO_FUNCTIONS)[PATH].face.args[0]
    assert DIALECTS[name].takes_g711 is maps.passes_g711
    assert DIALECTS[name].has_openai_voices is bool(maps.default_voices)
