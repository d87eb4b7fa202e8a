"""The terms sheet of an expert: where texts go, its licence, and whether its scores may teach.

What is said about a provider is a hint where to look, no reading of its terms: a person reads them
and confirms the sheet before texts are sent, by name and date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.hashing import document_id
from core.messages import N_, Message
from core.types.expert_entry import PEOPLE, UPLOADED, Availability, CatalogueEntry
from core.types.scoring import ServerConnection

ALLOWED, FORBIDDEN, UNKNOWN = "allowed", "restricted", "unknown"
TEACHING_TITLES: Mapping[str, str] = {
    ALLOWED: N_("Its licence does not restrict what is done with its outputs"),
    FORBIDDEN: N_("Its terms are said to restrict models that are trained on its outputs"),
    UNKNOWN: N_("Not known: read its terms"),
}
# Licences under which outputs are free.
_FREE = frozenset({"apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause", "cc0-1.0", "cc-by-4.0"})

_COMPETING = N_(
    "As far as is generally known, its terms forbid to use outputs for developing models that "
    "compete with its own; the present terms were not checked: read them. Whether a small search "
    "model for your own data competes is for your lawyers to say."
)
_UNREAD = N_("Nothing is known here about the terms of this server. Read them before you confirm.")
_OWN_SERVER = N_(
    "The server is on this machine or network: the licence of the model behind it counts."
)
_FREE_TEXT = N_("{licence} lets you use the model and what it says, for business, too.")
_NO_LICENCE = N_("The model folder says no licence. Ask whoever made it before its scores teach.")
_OTHER_LICENCE = N_("{licence}: read what it says about business use and about derived models.")
_OWN = N_("Scores that people of yours made or uploaded: their source's terms count.")

# Ends of host names, with where to read. From general knowledge; only of Google's a copy was looked
# up (https://ai.google.dev/gemini-api/terms-archive/terms_02_05_25, use restrictions). It does not
# speak for other services under googleapis.com.
_PROVIDERS: Mapping[str, tuple[str, str, str]] = {
    "api.openai.com": (FORBIDDEN, _COMPETING, "https://openai.com/policies/services-agreement/"),
    "openai.azure.com": (FORBIDDEN, _COMPETING, "https://www.microsoft.com/licensing/terms"),
    "generativelanguage.googleapis.com": (
        FORBIDDEN,
        _COMPETING,
        "https://ai.google.dev/gemini-api/terms",
    ),
}
_HERE = N_("Your texts stay on this machine.")
_SENT = N_("Your texts are sent to {host}.")


@dataclass(frozen=True)
class TermsSheet:
    """What is known about using an expert.

    Attributes
    ----------
    goes_to : Message
        Where texts go.
    licence : str
        "" where none is known.
    teaching : str
        ``allowed``, ``restricted`` or ``unknown``: whether its outputs may train a model.
    reason : Message
    source : str
        Where to read its terms; "" where that is not known.
    needs_confirmation : bool
        Whether a person has to confirm the sheet before use: where texts leave the machine.
    """

    key: str
    title: str
    goes_to: Message
    licence: str
    teaching: str
    reason: Message
    source: str = ""
    needs_confirmation: bool = False

    @property
    def id(self) -> str:
        """Hash of what the sheet says: a confirmation holds for this text alone."""
        return document_id(
            {
                "key": self.key,
                "goes_to": self.goes_to.to_json(),
                "licence": self.licence,
                "teaching": self.teaching,
                "reason": self.reason.to_json(),
            }
        )


def terms_of(
    entry: CatalogueEntry, availability: Availability, connection: ServerConnection | None = None
) -> TermsSheet:
    """Return the terms sheet of an expert."""
    if connection is not None:
        host = connection.host
        name = host.rpartition("@")[2].partition(":")[0].lower()
        known = next((v for end, v in _PROVIDERS.items() if f".{name}".endswith(f".{end}")), None)
        teaching, told, source = known or (UNKNOWN, _UNREAD, "")
        if name in {"localhost", "127.0.0.1", "::1"}:
            teaching, told, source = UNKNOWN, _OWN_SERVER, ""
        return TermsSheet(
            *(entry.key, entry.title, Message(_SENT, {"host": host}), ""),
            *(teaching, Message(told), source),
            needs_confirmation=True,
        )
    here, licence = Message(_HERE), entry.licence
    if availability.where in (PEOPLE, UPLOADED):
        return TermsSheet(entry.key, entry.title, here, "", UNKNOWN, Message(_OWN))
    if licence.lower() in _FREE:
        reason = Message(_FREE_TEXT, {"licence": licence})
        return TermsSheet(entry.key, entry.title, here, licence, ALLOWED, reason)
    reason = Message(_OTHER_LICENCE, {"licence": licence}) if licence else Message(_NO_LICENCE)
    return TermsSheet(entry.key, entry.title, here, licence, UNKNOWN, reason)
