"""The official OpenAI package as the judge of what goes over the wire."""

from functools import cache

from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter


ECHOED = frozenset({"$.session.id", "$.session.object", "$.session.expires_at"})
"""What the API sends in a session beyond the package's model of it."""


@cache
def adapter(union: object) -> TypeAdapter:
    return TypeAdapter(union)


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


def judge(union: object, payload: bytes) -> BaseModel:
    event = adapter(union).validate_json(payload)
    unknown = [path for path in extras(event) if path not in ECHOED]
    assert not unknown, f"{event.type} has fields that the package does not know: {unknown}"
    return event


def judge_client_event(payload: bytes) -> BaseModel:
    """A client event that the package knows, to the last field; raises else."""
    return judge(RealtimeClientEvent, payload)


def judge_server_event(payload: bytes) -> BaseModel:
    """A server event that the package knows, to the last field; raises else."""
    return judge(RealtimeServerEvent, payload)
