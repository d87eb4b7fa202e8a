"""Keys of APIs: from the environment or the app's secrets, handed to the worker, kept nowhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

from core.types.scoring import ServerConnection
from pages.parts.sign_in import server_secrets


def keys_for_worker(connections: Sequence[ServerConnection]) -> dict[str, str]:
    """Return the keys that only the app's secrets hold; those of the environment are inherited."""
    variables = {c.key_variable for c in connections if c.key_variable}
    secrets = server_secrets()
    missing = [name for name in variables if not os.environ.get(name)]
    return {name: str(secrets[name]) for name in missing if secrets.get(name)}


def key_environment(connections: Sequence[ServerConnection]) -> dict[str, str]:
    """Return this process's environment with the keys that the app's secrets hold."""
    return {**os.environ, **keys_for_worker(connections)}


def has_key(connection: ServerConnection) -> bool:
    """Return True if the key of a connection is set, or it needs none."""
    variable = connection.key_variable
    return not variable or bool(key_environment([connection]).get(variable, "").strip())
