"""
What follows for the rules of sessions from the configuration.

Responsible for the profile of each path, the policy of each profile, and the waits.

Must not know: sockets, actors.

Comes from: ``ops/config.py``. Goes to: ``whole.py``, into the setup of every session.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from attrs import evolve

from turngate.assembly.upstream import capabilities_of
from turngate.net import (
    FunctionCaller,
)
from turngate.ops import config
from turngate.protocols import component, deepgram
from turngate.protocols.deepgram import Maps
from turngate.protocols.deepgram.maps import VOICES
from turngate.proxy.ports import FunctionEndpoint
from turngate.proxy.session import DEEPGRAM_PATH, Profile
from turngate.session.messages import Endpoint
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence, Again, LateVoice, Length, Policy, Renewal, Waits

AFTER_DIALLING_S: Final = 1.0
"""By how much a session waits longer for its upstream than the dialler does."""


def profiles_for(
    settings: config.Config, functions: FunctionCaller, conceal: Callable[[str], str] = str
) -> dict[str, Profile]:
    """Which protocol is spoken at which path; ``conceal`` takes the upstream key out of somebody's words."""
    maps = Maps(
        model=settings.model,
        models=settings.models,
        voices=settings.voices,
        languages=settings.languages,
        refuses=partial(why_not, functions),
        model_prefixes=settings.dialect.model_prefixes,
        default_voices=VOICES if settings.dialect.has_openai_voices else {},
        passes_g711=settings.pass_g711 and settings.dialect.takes_g711,
    )
    absence = Absence.LASTS if settings.resume_s else Absence.ENDS
    policy = evolve(renewing(DEEPGRAM, settings), absence=absence)
    profiles = {DEEPGRAM_PATH: Profile(partial(deepgram.Face, maps), policy)}
    if settings.component_path:
        again = Again.APPLIED if settings.component_settings == "apply" else Again.ACKNOWLEDGED
        policy = evolve(renewing(COMPONENT, settings), repeated_settings=again)
        profiles[settings.component_path] = Profile(partial(component.Face, maps, conceal), policy)
    return profiles


def renewing(policy: Policy, settings: config.Config) -> Policy:
    """The policy with what the operator decided for upstream sessions that end."""
    return evolve(
        policy,
        renewal=Renewal.ON if settings.rollover == "on" else Renewal.OFF,
        length=Length.UNLIMITED if capabilities_of(settings).max_session_s is None else Length.LIMITED,
        late_voice=LateVoice.REFUSED if settings.late_voice == "refuse" else LateVoice.RENEWS,
    )


def waits_for(settings: config.Config) -> Waits:
    """
    The waits of every session, with those that follow from other settings.

    Of an hour that an upstream session may last, the last ten minutes are for moving, since the session that is moved
    to may have stood for half of them; where none is moved to, the client has five minutes' warning. The dialler says
    by itself that its time is over, so that the session waits a little longer than that.
    """
    waits = evolve(
        settings.waits,
        client_return_s=settings.resume_s,
        upstream_ready_s=max(settings.waits.upstream_ready_s, settings.dial_total_s + AFTER_DIALLING_S),
    )
    limit_s = capabilities_of(settings).max_session_s
    if limit_s is None:
        return waits
    near_s = limit_s * (5 / 6 if settings.rollover == "on" else 11 / 12)
    return evolve(waits, limit_near_s=near_s, limit_s=limit_s * 3 / 40)


def why_not(functions: FunctionCaller, endpoint: Endpoint) -> str | None:
    """Why the proxy does not call a client's function, in words for the client."""
    return functions.allows(FunctionEndpoint(endpoint.url, endpoint.method, dict(endpoint.headers)))
