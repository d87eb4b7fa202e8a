"""Who may come in: one person on their own machine, whoever knows a passcode, or who signs in.

Everything here is a pure function of settings, claims and time; the door that asks is
:mod:`pages.parts.door`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import RightsError
from core.messages import N_n
from core.types.rights import ADMINISTRATOR, OWNER, Person, covers

ALONE, PASSCODE, SIGN_IN = "alone", "passcode", "sign-in"

# Names of settings, in the environment or in .streamlit/secrets.toml.
PASSCODE_SETTING = "PASSCODE"
PEOPLE_SETTING = "PEOPLE"
ADMINISTRATORS_SETTING = "ADMINISTRATORS"
HOURS_SETTING = "SESSION_HOURS"
ISSUERS_SETTING = "VERIFYING_ISSUERS"
EMBED_SETTING = "EMBED_SITES"  # sites that may show the search page of a pilot in a frame
SETTINGS = (
    *(PASSCODE_SETTING, PEOPLE_SETTING, ADMINISTRATORS_SETTING, HOURS_SETTING, ISSUERS_SETTING),
    EMBED_SETTING,
)
# Where texts and keys may go, and where the hub's token may write: asked by background jobs, too.
HOSTS_SETTING = "API_HOSTS"
REPOSITORIES_SETTING = "HF_REPOSITORIES"
# Where alerts of a pilot go, and the mail server that sends them.
ALERT_WEBHOOK_SETTING, ALERT_MAIL_SETTING = "ALERT_WEBHOOK", "ALERT_MAIL"
SMTP_SETTINGS = (
    *("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_FROM", "SMTP_SECURITY"),
)
WORKER_SETTINGS = (
    *(HOSTS_SETTING, REPOSITORIES_SETTING, ALERT_WEBHOOK_SETTING, ALERT_MAIL_SETTING),
    *SMTP_SETTINGS,
)
# Set by the door for this process and its workers: whether others than the machine's owner come in.
SHARED_VARIABLE = "SEARCH_TUNER_SHARED"

LEAST_PASSCODE = 12  # characters
# An origin, and nothing that could end a header: https://www.example.com, http://localhost:8000
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?", re.IGNORECASE)
_HASHED = "scrypt"
_COST = 2**14
_LEEWAY = 300  # seconds by which the clocks of two machines may differ


def is_shared(environment: Mapping[str, str]) -> bool:
    """Return whether this process serves others than whoever started it."""
    return bool(environment.get(SHARED_VARIABLE))


def entries_of(text: str) -> tuple[str, ...]:
    """Return the entries of a setting, separated by commas or spaces."""
    return tuple(text.replace(",", " ").split())


@dataclass(frozen=True)
class Access:
    """How this server lets people in.

    Attributes
    ----------
    mode : str
        ``alone``, ``passcode`` or ``sign-in``.
    client_ids : tuple of str
        What the identity provider calls this app: whom a token must be made for.
    people, administrators : tuple of str
        Addresses and ``@domains``; nobody else comes in.
    passcode : str
        In plain, or as :func:`hashed` gives it.
    hours : float
        After so long people sign in again.
    issuers : tuple of str
        Providers whose addresses are all verified though their tokens do not say so.
    embed_sites : tuple of str
        Origins whose pages may show the search page of a pilot in a frame.
    """

    mode: str = ALONE
    client_ids: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()
    passcode: str = ""
    hours: float = 12.0
    issuers: tuple[str, ...] = ()
    embed_sites: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, str], client_ids: tuple[str, ...] = ()) -> Access:
        """Read the settings; with an identity provider people sign in, and no passcode counts.

        Parameters
        ----------
        client_ids : tuple of str
            Empty where no provider is set up.
        """
        passcode = settings.get(PASSCODE_SETTING, "").strip()
        try:
            hours = float(settings.get(HOURS_SETTING) or cls.hours)
        except ValueError:
            hours = cls.hours
        return cls(
            SIGN_IN if client_ids else PASSCODE if passcode else ALONE,
            client_ids,
            entries_of(settings.get(PEOPLE_SETTING, "")),
            entries_of(settings.get(ADMINISTRATORS_SETTING, "")),
            passcode,
            hours if 0 < hours < 24 * 365 else cls.hours,
            entries_of(settings.get(ISSUERS_SETTING, "")),
            tuple(filter(_ORIGIN.fullmatch, entries_of(settings.get(EMBED_SETTING, "")))),
        )

    def signed_in(self, claims: Mapping[str, Any], now: float) -> Person:
        """Return who signed in.

        Parameters
        ----------
        claims : mapping
            Of the identity token, whose signature, issuer and nonce were checked.
        now : float
            Unix time.

        Raises
        ------
        RightsError
            If the token was made for another app or too long ago, the address is not verified, or
            nobody let that address in.
        """
        made_for = claims.get("aud")
        audience = {str(one) for one in made_for} if isinstance(made_for, list) else {str(made_for)}
        # Whoever lets another app's token in lets that app's owner in as anybody.
        if not audience & set(self.client_ids):
            raise RightsError("This sign-in was made for another app. Sign in again.")
        made_at = claims.get("auth_time") or claims.get("iat")
        if not isinstance(made_at, int | float) or made_at > now + _LEEWAY:
            raise RightsError("The sign-in does not say when it was made. Sign in again.")
        if now - made_at > self.hours * 3600:
            raise RightsError(
                N_n(
                    "You signed in more than {hours} hour ago. Sign in again to go on; "
                    "what you saved is there.",
                    "You signed in more than {hours} hours ago. Sign in again to go "
                    "on; what you saved is there.",
                    by="hours",
                ),
                hours=f"{self.hours:g}",
            )
        address = str(claims.get("email") or "").strip().casefold()
        verified = claims.get("email_verified") in (True, "true")
        if not address or not (verified or str(claims.get("iss")) in self.issuers):
            raise RightsError(
                "The identity provider does not say that the address {address} is verified. Verify "
                "it there, or ask whoever runs this server.",
                address=address[:120] or "–",
            )
        if any(covers(entry, address) for entry in self.administrators):
            return Person(address, signed_in=True, everywhere=ADMINISTRATOR)
        if not any(covers(entry, address) for entry in self.people):
            raise RightsError(
                "The address {address} may not come in. Whoever runs this server can add it.",
                address=address[:120],
            )
        return Person(address, signed_in=True)

    def knows_passcode(self, name: str) -> Person:
        """Return who came in by the passcode: those who share it trust each other."""
        return Person(name, everywhere=OWNER)

    def owner_of_the_machine(self, name: str) -> Person:
        """Return who works alone."""
        return Person(name, everywhere=ADMINISTRATOR)


def hashed(passcode: str, salt: bytes | None = None) -> str:
    """Return a passcode as it may be kept in a file; raises RightsError if it is too short."""
    if len(passcode) < LEAST_PASSCODE:
        raise RightsError(
            "A passcode needs at least {least} characters; this one has {count}.",
            least=LEAST_PASSCODE,
            count=len(passcode),
        )
    salt = secrets.token_bytes(16) if salt is None else salt
    digest = hashlib.scrypt(passcode.encode(), salt=salt, n=_COST, r=8, p=1)
    return f"{_HASHED}:{salt.hex()}:{digest.hex()}"


def is_passcode(typed: str, kept: str) -> bool:
    """Return whether a typed passcode is the one that is kept, in plain or hashed.

    Takes equally long whatever was typed, so that nothing can be learned from the time.
    """
    kind, _, rest = kept.partition(":")
    if kind != _HASHED:
        return len(kept) >= LEAST_PASSCODE and hmac.compare_digest(typed.encode(), kept.encode())
    salt, _, _ = rest.partition(":")
    try:
        again = hashed(typed.ljust(LEAST_PASSCODE), bytes.fromhex(salt))
    except ValueError:
        return False
    return hmac.compare_digest(again, kept) and len(typed) >= LEAST_PASSCODE


def is_usable_passcode(kept: str) -> bool:
    """Return whether a setting holds a passcode that is long enough, or one that was hashed."""
    return len(kept) >= LEAST_PASSCODE


def is_loopback(host: str) -> bool:
    """Return whether an address or name is this machine itself."""
    bare = host.strip("[]").casefold().rstrip(".")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare == "localhost" or bare.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


class Throttle:
    """How long to wait after wrong passcodes: twice as long each time, per address.

    Parameters
    ----------
    free : int
        Wrong ones in a row before anybody waits.
    longest : float
        Seconds.
    """

    def __init__(self, free: int = 4, longest: float = 300.0) -> None:
        self.free, self.longest = free, longest
        self._failures: dict[str, tuple[int, float]] = {}

    def wait(self, address: str, now: float) -> float:
        """Return the seconds until this address may try again; 0 = now."""
        count, last = self._failures.get(address, (0, 0.0))
        if count < self.free:
            return 0.0
        return max(0.0, last + min(self.longest, 2.0 ** (count - self.free + 1)) - now)

    def failed(self, address: str, now: float) -> None:
        """Remember a wrong passcode."""
        count, last = self._failures.get(address, (0, 0.0))
        # A day without trying clears it, and so many addresses are nobody's colleagues.
        if now - last > 86_400:
            count = 0
        if len(self._failures) > 10_000:
            oldest = min(self._failures, key=lambda known: self._failures[known][1])
            del self._failures[oldest]
        self._failures[address] = (count + 1, now)

    def succeeded(self, address: str) -> None:
        """Forget what went wrong before."""
        self._failures.pop(address, None)
