"""Where an embeddings API is and how it is asked; never the key itself, only where the key is."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from core.errors import ExpertError
from core.experts.source import DOCUMENT, QUERY
from core.hashing import content_id

API_PREFIX = "api:"
# Set by whoever runs a shared server: the only hosts that texts and keys may be sent to.
HOSTS_VARIABLE = "API_HOSTS"
# A user names the variable, so it must be one that was made for this: a database password in
# another variable must not be sent to whatever host somebody types. Capital letters, because a
# key that is pasted here by mistake would be stored.
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,55}API_KEY|API_KEY")
_NAME = re.compile(r"[^\x00-\x1f,]{1,60}")


@dataclass(frozen=True)
class ApiConnection:
    """One OpenAI-compatible embeddings API and how it is used.

    Attributes
    ----------
    name : str
        What the user calls it; the expert's key is ``api:<name>``.
    base_url : str
        For example ``https://api.openai.com/v1``; ``/embeddings`` is added.
    model : str
        As the API calls it.
    key_variable : str
        Environment variable (or entry of the app's secrets) that holds the key; "" = none needed.
    dimensions : int or None
        Length of a vector to ask for; None leaves it to the model.
    query_prompt, document_prompt : str
        Text put before a question and an answer.
    longest : int or None
        Characters that are sent of a text; None = all.
    price : float or None
        For a million tokens, in the user's currency.
    requests_per_minute : int
        At most so many requests are sent.
    """

    name: str
    base_url: str
    model: str
    key_variable: str = ""
    dimensions: int | None = None
    query_prompt: str = ""
    document_prompt: str = ""
    longest: int | None = None
    price: float | None = None
    requests_per_minute: int = 300

    @property
    def key(self) -> str:
        """The expert's key."""
        return f"{API_PREFIX}{self.name}"

    @property
    def host(self) -> str:
        """Host, with the port where one is given: where the texts go."""
        return urlsplit(self.base_url).netloc

    @property
    def url(self) -> str:
        """Address that texts are sent to."""
        return f"{self.base_url}/embeddings"

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the vectors; who pays (the key) does not."""
        settings = (self.base_url, self.model, self.dimensions, self.longest)
        prompts = (self.query_prompt, self.document_prompt)
        return content_id(["api v1", *(str(setting) for setting in settings), *prompts])

    def prompt(self, role: str) -> str:
        """Return the prompt for ``query`` or ``document``."""
        return {QUERY: self.query_prompt, DOCUMENT: self.document_prompt}[role]

    def sent(self, text: str, role: str) -> str:
        """Return what is sent for a text: the prompt and as much of the text as is wanted."""
        return f"{self.prompt(role)}{text[: self.longest]}"


def checked(connection: ApiConnection, environment: Mapping[str, str]) -> ApiConnection:
    """Return a connection as it may be used: spaces gone, address in one spelling.

    Parameters
    ----------
    environment : mapping
        Of the server; ``API_HOSTS`` in it limits the hosts, separated by commas.

    Raises
    ------
    ExpertError
        If a field cannot be used; says which and why. The wrong variable name is not repeated:
        it may be a key that was pasted into the wrong field.
    """
    name = " ".join(connection.name.split())
    if not _NAME.fullmatch(name):
        raise ExpertError("A connection needs a name of 1 to 60 characters without commas.")
    if not connection.model.strip():
        raise ExpertError(
            "The connection {name} needs the name of a model, as the API calls it.", name=name
        )
    variable = connection.key_variable.strip()
    if variable and not _VARIABLE.fullmatch(variable):
        raise ExpertError(
            "The key of the API is never typed here: type the name of the environment variable "
            "that holds it, in capital letters and ending in API_KEY, for example {example}.",
            example="OPENAI_API_KEY",
        )
    for value, lowest in (
        (connection.dimensions, 1),
        (connection.longest, 20),
        (connection.requests_per_minute, 1),
        (connection.price, 0),
    ):
        if value is not None and not lowest <= value < 1_000_000:
            raise ExpertError(
                "{value} is out of range: this setting goes from {lowest} to {highest}.",
                value=value,
                lowest=lowest,
                highest=999_999,
            )
    address = _address(connection.base_url.strip())
    done = replace(
        connection,
        name=name,
        base_url=address,
        model=connection.model.strip(),
        key_variable=variable,
    )
    check_host(done, environment)
    return done


def check_host(connection: ApiConnection, environment: Mapping[str, str]) -> None:
    """Raise ExpertError if the server's owner does not allow the host."""
    allowed = {host.strip().lower() for host in environment.get(HOSTS_VARIABLE, "").split(",")}
    allowed.discard("")
    bare = urlsplit(connection.base_url).hostname or ""
    if allowed and not {bare, connection.host} & allowed:
        raise ExpertError(
            "Texts may not be sent to {host} from this server. Allowed: {allowed}. Whoever runs "
            "the server can add it to {variable}.",
            host=connection.host,
            allowed=", ".join(sorted(allowed)),
            variable=HOSTS_VARIABLE,
        )


def _address(url: str) -> str:
    """Return a base URL in one spelling, so that the same API is the same expert."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:\-]+", host):
        raise ExpertError(
            "This is no address of an API. Type it as its documentation gives it, for example "
            "{example}.",
            example="https://api.openai.com/v1",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ExpertError(
            "The address of {host} holds more than host and path. User names, passwords, keys "
            "and whatever follows ? or # would be stored: leave them out.",
            host=host,
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ExpertError(
            "The address of {host} begins with http://: everybody on the way could read texts "
            "and key. Use https://; only a server on this machine may do without.",
            host=host,
        )
    path = re.sub(r"/+$", "", re.sub(r"/+embeddings/*$", "", parts.path))
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def is_loopback(host: str) -> bool:
    """Return True for this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Patience:
    """How long to wait for an API.

    Attributes
    ----------
    attempts : int
        Requests for one batch before giving up.
    timeout : float in seconds
        Without a sign of life, and for a whole reply.
    first_pause, longest_pause : float in seconds
        The pause doubles with each failure; up to half of it is taken off at random, so that
        several workers do not come back at the same instant.
    longest_asked : float in seconds
        A server that asks for a longer pause (``Retry-After``) is not waited for.
    """

    attempts: int = 6
    timeout: float = 60.0
    first_pause: float = 1.0
    longest_pause: float = 30.0
    longest_asked: float = 300.0
