"""What the installed Deepgram SDK sends and reads, taken from its own code."""

import inspect
import json
import warnings
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK imports the older half of its WebSocket library
    from deepgram.agent.v1.socket_client import V1SocketClient, V1SocketClientResponse


def models(annotation: Any) -> list[type[BaseModel]]:
    """All pydantic models that an annotation allows."""
    if inspect.isclass(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in models(part)]


def field_paths(model: type[BaseModel], at: str = "", above: tuple[type[BaseModel], ...] = ()) -> set[str]:
    """The paths of all fields that hold no further model, at whatever depth, by their names on the wire."""
    paths: set[str] = set()
    for name, field in model.model_fields.items():
        path = f"{at}.{field.alias or name}" if at else field.alias or name
        below = [inner for inner in models(field.annotation) if inner not in above]
        paths.update(*([field_paths(inner, path, (*above, model)) for inner in below] or [[path]]))
    return paths - {"type"}


def literal_type(model: type[BaseModel]) -> str:
    """The one value of a message model's ``type``."""
    (literal,) = get_args(model.model_fields["type"].annotation)
    return str(literal)


def server_models() -> list[type[BaseModel]]:
    """The models of all messages that the SDK reads."""
    return models(V1SocketClientResponse)


def client_models() -> list[type[BaseModel]]:
    """The models of all messages that the SDK sends."""
    senders = [method for name, method in vars(V1SocketClient).items() if name.startswith("send_")]
    return [model for sender in senders for model in models(get_type_hints(sender).get("message"))]


class Capture:
    """Stands for the SDK's WebSocket, and keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, text: str) -> None:
        self.sent.append(text)


def as_sent(message: BaseModel) -> bytes:
    """The bytes of a message model, as the SDK's client puts them on the wire."""
    capture = Capture()
    client = V1SocketClient(websocket=capture)  # type: ignore[arg-type]  # only send() is used
    client._send_model(message)
    (text,) = capture.sent
    json.loads(text)
    return text.encode()
