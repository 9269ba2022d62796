"""
Where secrets come from.

Responsible for reading them, and for saying in one line what is wrong with one without showing it.

Must not know: what a secret opens.

Comes from: files and the environment. Goes to: ``ops/config.py``, as values that print as ``BearerKey(...)``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from turngate.errors import ConfigError
from turngate.net import BearerKey
from turngate.net.upstream import bearer_header

CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd says that the credentials of a service are."""
MAX_KEY_BYTES: Final = 4096
"""More than any key has; the file may have been confused with another."""


UPSTREAM_KEY: Final = "upstream key"


def key_from_file(path: str, what: str = UPSTREAM_KEY) -> BearerKey:
    """
    The key that is all a file holds, but for white space around it; ``what`` names it for whoever has to look.

    Raises:
        ConfigError: there is no such key.
    """
    try:
        with Path(path).open("rb") as source:
            content = source.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the {what} from {path}: {error.strerror}") from None
    if len(content) > MAX_KEY_BYTES:
        raise ConfigError(f"{path} holds more than an {what}; give a file with that and nothing else")
    # whatever is not ASCII becomes a character that no key may have
    return _checked(content.decode("ascii", "replace").strip(), path, what)


def key_from_environment(variable: str, environment: Mapping[str, str]) -> BearerKey | None:
    """
    The key in a variable; ``None`` where it is empty or absent.

    Raises:
        ConfigError: it holds something else than a key.
    """
    key = environment.get(variable, "").strip()
    return _checked(key, variable) if key else None


def key_from(reference: str, environment: Mapping[str, str], what: str = UPSTREAM_KEY) -> BearerKey:
    """
    The key that a setting refers to, for no key stands in a setting itself.

    Args:
        reference: a file, ``env:NAME`` for a variable, or ``credential:NAME`` for one that systemd hands over.
        environment: the process's environment.
        what: what it is, for the operator.

    Raises:
        ConfigError: there is no such key.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        key = key_from_environment(name, environment)
        if key is None:
            raise ConfigError(f"{reference} refers to a variable that is empty or absent")
        return key
    if kind == "credential":
        directory = environment.get(CREDENTIALS)
        if not directory:
            raise ConfigError(f"{reference} needs a service of systemd with LoadCredential={name}:FILE")
        if not name or "/" in name:
            raise ConfigError(f"{reference} is no credential's name")
        return key_from_file(f"{directory}/{name}", what)
    return key_from_file(reference, what)


def _checked(key: str, where: str, what: str = UPSTREAM_KEY) -> BearerKey:
    if not key:
        raise ConfigError(f"{where} is empty; it should hold the {what}")
    if bearer_header(key) is None:
        raise ConfigError(f"{where} does not hold an {what}: one word of visible ASCII characters")
    return BearerKey(key)
