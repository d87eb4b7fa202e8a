"""Keys of APIs: from the environment or the app's secrets, handed to the worker, kept nowhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from core.types.scoring import ApiConnection


def keys_for_worker(connections: Sequence[ApiConnection]) -> dict[str, str]:
    """Return the keys that only the app's secrets hold; those of the environment are inherited."""
    variables = {c.key_variable for c in connections if c.key_variable}
    secrets = {name: _secret(name) for name in variables if not os.environ.get(name)}
    return {name: key for name, key in secrets.items() if key}


def key_environment(connections: Sequence[ApiConnection]) -> dict[str, str]:
    """Return this process's environment with the keys that the app's secrets hold."""
    return {**os.environ, **keys_for_worker(connections)}


def has_key(connection: ApiConnection) -> bool:
    """Return True if the key of a connection is set, or it needs none."""
    variable = connection.key_variable
    return not variable or bool(key_environment([connection]).get(variable, "").strip())


def _secret(name: str) -> str:
    try:
        return str(st.secrets[name]) if name in st.secrets else ""
    except StreamlitSecretNotFoundError:
        return ""
