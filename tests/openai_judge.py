"""
The official OpenAI package as the judge of what goes over the wire.

Its models tolerate unknown fields, so that a field which it does not know is looked for in every object.
"""

from functools import cache
from typing import Any, get_args

import msgspec
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter, ValidationError

ECHOED = frozenset({"$.session.id", "$.session.object", "$.session.expires_at"})
"""What the API sends in a session beyond the package's model of it."""


def models_of(union: Any) -> dict[str, type[BaseModel]]:
    """The models in one of the package's unions of events, by the ``type`` that each is for."""
    (members, *_annotations) = get_args(union)
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(members)}


CLIENT_MODELS = models_of(RealtimeClientEvent)
SERVER_MODELS = models_of(RealtimeServerEvent)


@cache
def adapter(model: type[BaseModel]) -> TypeAdapter[BaseModel]:
    """A validator, which takes long to make."""
    return TypeAdapter(model)


def extras(model: object, path: str = "$") -> list[str]:
    """The paths of all fields that the package does not know."""
    found = []
    if isinstance(model, BaseModel):
        found += [f"{path}.{name}" for name in (model.model_extra or {})]
        for name in type(model).model_fields:
            found += extras(getattr(model, name), f"{path}.{name}")
    elif isinstance(model, list):
        for index, entry in enumerate(model):
            found += extras(entry, f"{path}[{index}]")
    return found


def judge(models: dict[str, type[BaseModel]], payload: bytes) -> BaseModel:
    kind = msgspec.json.decode(payload)["type"]
    assert kind in models, f"the package has no event {kind}"
    try:
        event = adapter(models[kind]).validate_json(payload, strict=True)
    except ValidationError as refusal:
        raise AssertionError(f"the package refuses {kind}: {refusal}") from None
    unknown = [path for path in extras(event) if path not in ECHOED]
    assert not unknown, f"{kind} has fields that the package does not know: {unknown}"
    return event


def judge_client_event(payload: bytes) -> BaseModel:
    """A client event that the package knows, to the last field; raises AssertionError else."""
    return judge(CLIENT_MODELS, payload)


def judge_server_event(payload: bytes) -> BaseModel:
    """A server event that the package knows, to the last field; raises AssertionError else."""
    return judge(SERVER_MODELS, payload)
