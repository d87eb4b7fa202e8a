"""Which servers may be reached, with which key, and at which addresses.

Whoever runs the server lists them in ``API_HOSTS``: ``OPENAI_API_KEY@api.openai.com`` gives a key
to a host, a bare ``models.example.com`` lets texts go there without a key. A key goes to the hosts
it was listed with and nowhere else. Without a list anything public is allowed to the one person who
works alone, and nothing on a server that others share.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit

from core.errors import ExpertError
from core.types.access import HOSTS_SETTING, entries_of, is_loopback, is_shared

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx2 import BaseTransport

# Addresses of a name, as texts; a parameter so that tests need no name server.
Resolve = Callable[[str, int], list[str]]


class Destination(Protocol):
    """Where something is sent: a connection of an expert, a webhook."""

    @property
    def base_url(self) -> str:
        """Its address."""

    @property
    def host(self) -> str:
        """Host, with the port where one is given."""

    @property
    def key_variable(self) -> str:
        """Environment variable that holds its key; "" = none needed."""


def web_address(text: str) -> SplitResult | None:
    """Return the parts of an http(s) address, None where it is none with a plain host."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    is_plain = parts.scheme in ("http", "https") and re.fullmatch(r"[\w.:\-]+", host)
    return parts if is_plain else None


@dataclass(frozen=True)
class AllowedHosts:
    """The list of ``API_HOSTS``.

    Attributes
    ----------
    entries : tuple of (key variable, host)
        The variable is "" where texts may go without a key. Hosts may name a port.
    """

    entries: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> AllowedHosts:
        """Read the list; hosts in lower case."""
        words = entries_of(environment.get(HOSTS_SETTING, ""))
        parted = (word.rpartition("@") for word in words)
        return cls(tuple((variable, host.lower()) for variable, _, host in parted))

    def names(self, connection: Destination) -> bool:
        """Return whether the host is listed, with whatever key."""
        return any(host in _spellings(connection) for _, host in self.entries)

    def gives_key(self, connection: Destination) -> bool:
        """Return whether the connection's key was listed with its host."""
        return any(
            variable == connection.key_variable and host in _spellings(connection)
            for variable, host in self.entries
        )


def _spellings(connection: Destination) -> set[str]:
    return {urlsplit(connection.base_url).hostname or "", connection.host.lower()}


def check_host(connection: Destination, environment: Mapping[str, str]) -> None:
    """Raise ExpertError if texts, or this key, may not go to the host."""
    allowed = AllowedHosts.of(environment)
    if not allowed.entries:
        if is_shared(environment):
            raise ExpertError(
                "This server is shared, and nobody has said where texts may be sent. Whoever runs "
                "it can list the host in {variable}, for example {example}.",
                variable=HOSTS_SETTING,
                example=f"{connection.key_variable or 'OPENAI_API_KEY'}@{connection.host}",
            )
        return
    if not allowed.names(connection):
        raise ExpertError(
            "Texts may not be sent to {host} from this server. Allowed: {allowed}. Whoever runs "
            "the server can add it to {variable}.",
            host=connection.host,
            allowed=", ".join(sorted({host for _, host in allowed.entries})),
            variable=HOSTS_SETTING,
        )
    if connection.key_variable and not allowed.gives_key(connection):
        raise ExpertError(
            "The key {key} was not set up for {host}, so it is not sent there. Whoever runs the "
            "server can add {entry} to {variable}.",
            key=connection.key_variable,
            host=connection.host,
            entry=f"{connection.key_variable}@{connection.host}",
            variable=HOSTS_SETTING,
        )


def address_of(
    host: str, port: int, *, listed: bool, shared: bool, resolve: Resolve | None = None
) -> str:
    """Return the address to connect to; the one that was checked, so no name can change between.

    Parameters
    ----------
    listed : bool
        Whether whoever runs the server listed this host: then it may be inside the company.
    shared : bool
        Whether others than the machine's owner use this app.

    Raises
    ------
    ExpertError
        If any address of the host is this machine, one of its networks, or otherwise not public,
        and that was not allowed.
    OSError
        If the name is not known.
    """
    found = (resolve or _resolve)(host, port)
    own = is_loopback(host) and (listed or not shared)
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_loopback:
            allowed = own or listed
        elif address.is_link_local or address.is_multicast or address.is_unspecified:
            # Where clouds hand out credentials: only whoever wrote the very address meant it.
            allowed = listed and host.strip("[]") == text
        else:
            allowed = listed or address.is_global
        if not allowed:
            raise ExpertError(
                "{host} is an address inside this network ({address}), so nothing was sent. "
                "Whoever runs the server can allow it by listing the host in {variable}.",
                host=host,
                address=str(address),
                variable=HOSTS_SETTING,
            )
    if not found:
        raise OSError(f"no address of {host}")
    return found[0]


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def checked_transport(
    connection: Destination, environment: Mapping[str, str], verify: SSLContext
) -> BaseTransport:
    """Return a transport that connects to checked addresses only.

    The certificate is still checked against the host's name. A proxy that the environment names
    looks up the name itself and is trusted to.
    """
    import httpcore2
    import httpx2
    from httpcore2._backends.sync import SyncBackend

    listed = AllowedHosts.of(environment).names(connection)
    shared = is_shared(environment)

    class Checked(httpcore2.NetworkBackend):
        """Looks a name up once, and connects to the address that was looked at."""

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore2.NetworkStream:
            try:
                address = address_of(host, port, listed=listed, shared=shared)
            except OSError as error:
                raise httpcore2.ConnectError(str(error)) from error
            return SyncBackend().connect_tcp(address, port, timeout, local_address, socket_options)

    transport = httpx2.HTTPTransport(verify=verify)
    # httpx2 has no parameter for it; its pool has.
    transport._pool = httpcore2.ConnectionPool(ssl_context=verify, network_backend=Checked())
    return transport


def check_address_written(connection: Destination, environment: Mapping[str, str]) -> None:
    """Raise ExpertError if a connection names an address that may not be reached.

    For requests through a proxy, which looks names up itself: addresses need no looking up.
    """
    host = urlsplit(connection.base_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    listed = AllowedHosts.of(environment).names(connection)
    address_of(host, 0, listed=listed, shared=is_shared(environment), resolve=lambda *_: [host])


def proxies_of(host: str) -> dict[str, str]:
    """Return the proxies that the environment names for a host; none for this machine."""
    from urllib.request import getproxies, proxy_bypass

    if is_loopback(host) or proxy_bypass(host):
        return {}
    return {scheme: url for scheme, url in getproxies().items() if scheme in ("http", "https")}
