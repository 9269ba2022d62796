"""
The way to the configured upstream, and how it is spoken to.

Responsible for what follows for the upstream from the configuration: its dialler, its translation, and what it can do.

Must not know: clients, sessions, sockets that listen.

Comes from: ``ops/config.py``. Goes to: ``whole.py``, ``rules.py``.
"""

import time
from random import Random
from typing import Any

from attrs import evolve
from twisted.internet.endpoints import TCP4ServerEndpoint

from turngate.net import (
    BearerKey,
    CircuitBreaker,
    CurrentKey,
    Limits,
    Patience,
    PatientDialler,
    TrialDialler,
    UpstreamDialler,
)
from turngate.ops import config
from turngate.ops.logging import Log
from turngate.ops.sockets import bound
from turngate.protocols.realtime import OWN, RealtimeOptions, Translation
from turngate.proxy.first_word import RealtimeFirstWord
from turngate.session.capabilities import Capabilities
from turngate.simulator import Simulator


def simulated(
    reactor: Any, settings: config.Config, elsewhere: str | None = None
) -> tuple[Simulator | None, CurrentKey, str]:
    """
    The simulator where the configuration asks for it, the key for the upstream, and the upstream's URL.

    ``elsewhere`` is where another process has the simulator.

    Raises:
        ConfigError: it cannot listen.
    """
    url = settings.upstream
    if url != config.SIMULATOR:
        return None, CurrentKey(settings.upstream_key), url
    key = CurrentKey(BearerKey("simulated"))
    if elsewhere is not None:
        return None, key, elsewhere
    simulator = Simulator(reactor, dialect=settings.dialect)
    bound(simulator.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")), "the loopback")
    url = f"{simulator.url}{settings.dialect.path[len(simulator.path) :]}"
    return simulator, key, url


def dialler_for(
    reactor: Any, settings: config.Config, url: str, key: CurrentKey, limits: Limits, log: Log
) -> PatientDialler:
    """The only way to an upstream, and to nothing but the configured one."""
    dialect = settings.dialect
    one_try = UpstreamDialler(
        url=url,
        model=settings.model,
        key=key,
        limits=limits,
        reactor=reactor,
        # what translation accepts as a model of this family, and the operator's own names for others; the key's owner
        # limits which of them it may use
        may_choose=lambda model: model.startswith(dialect.model_prefixes) or model in settings.models.values(),
        key_header=dialect.key_header,
        dialect_headers=dict(dialect.headers),
        now_s=time.time,
        uniform=Random().uniform,  # noqa: S311 - it spreads pings in time, and keeps no secret
    )
    return PatientDialler(
        inner=TrialDialler(one_try, RealtimeFirstWord(), limits.first_word_s, reactor),
        breaker=CircuitBreaker(reactor, log),
        patience=Patience(tries=settings.dial_tries, budget_s=settings.dial_budget_s, total_s=settings.dial_total_s),
        clock=reactor,
        uniform=Random().uniform,  # noqa: S311 - it spreads sessions in time, and keeps no secret
        log=log,
    )


def translation_for(settings: config.Config) -> Translation:
    """How the configured upstream is spoken to."""
    options = RealtimeOptions(
        transcription_model=settings.transcription_model or OWN, text_ends_response=settings.text_ends_response
    )
    return Translation(options, settings.dialect)


def capabilities_of(settings: config.Config) -> Capabilities:
    """What the configured upstream does otherwise than the API: its dialect knows, or the operator."""
    capabilities = evolve(
        settings.dialect.capabilities,
        max_session_s=settings.session_limit_s or settings.dialect.capabilities.max_session_s,
    )
    return evolve(capabilities, sends_response_done=False) if settings.text_ends_response else capabilities
