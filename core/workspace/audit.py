"""The audit trail as a chain: every entry is sealed with the seal before it, so changes show.

A seal is the SHA-256 of the entry and of the seal before. Whoever can write the database can also
write a whole chain anew; that shows to everybody who noted down a seal of the old one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages import N_, Message

# What stands in place of a detail that was erased on request: its digest is still sealed.
ERASED: Mapping[str, Any] = {"erased": True}


@dataclass(frozen=True)
class AuditEntry:
    """One thing that somebody did.

    Attributes
    ----------
    number : int
        In the order of writing, over all projects; numbers may be left out.
    at : str
        UTC, ISO 8601.
    detail : mapping
        JSON document.
    """

    number: int
    project_id: str
    at: str
    who: str
    what: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Seal:
    """The seal of an entry.

    Attributes
    ----------
    detail_sha256 : str
        Of the entry's detail, so that the rest can be checked once that was erased.
    """

    number: int
    seal: str
    detail_sha256: str


def _canonical(document: Any) -> str:
    # Escaped, because a text from a broken file may hold what no encoding takes.
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def sealed(entry: AuditEntry, before: str, detail_sha256: str = "") -> Seal:
    """Return the seal of an entry that follows the seal ``before``, "" for the first.

    Parameters
    ----------
    detail_sha256 : str
        Of a detail that was erased since; "" takes that of the detail itself.
    """
    # Through JSON, as the database gives it back: tuples become lists, keys become texts.
    detail = json.loads(json.dumps(dict(entry.detail)))
    digest = detail_sha256 or hashlib.sha256(_canonical(detail).encode()).hexdigest()
    parts = [before, entry.number, entry.project_id, entry.at, entry.who, entry.what, digest]
    return Seal(entry.number, hashlib.sha256(_canonical(parts).encode()).hexdigest(), digest)


@dataclass(frozen=True)
class AuditCheck:
    """What came of checking a trail.

    Attributes
    ----------
    entries, erased : int
        Checked in all, and those whose details were erased on request.
    faults : tuple of Message
        Empty = nothing was changed, taken out or put in since it was sealed.
    last : str
        The newest seal.
    """

    entries: int
    erased: int
    faults: tuple[Message, ...]
    last: str


def check_trail(
    entries: Sequence[AuditEntry], seals: Sequence[Seal], noted: str = ""
) -> AuditCheck:
    """Compare entries with their seals, both in any order.

    Parameters
    ----------
    noted : str
        A seal that was noted down earlier and must still be there.
    """
    faults: list[Message] = []
    rows, before, erased = {entry.number: entry for entry in entries}, "", 0
    in_order = sorted(seals, key=lambda seal: seal.number)
    for seal in in_order:
        entry = rows.pop(seal.number, None)
        if entry is None:
            text = N_("Entry {number} was taken out.")
        else:
            is_erased = dict(entry.detail) == dict(ERASED)
            erased += is_erased
            again = sealed(entry, before, seal.detail_sha256 if is_erased else "")
            text = "" if again == seal else N_("Entry {number} or its seal was changed.")
        if text:
            faults.append(Message(text, {"number": seal.number}))
        before = seal.seal
    for number in sorted(rows):
        faults.append(Message(N_("Entry {number} has no seal."), {"number": number}))
    if noted and noted not in {seal.seal for seal in seals}:
        text = N_("The seal {seal} is not in this trail: it was shortened or written anew.")
        faults.append(Message(text, {"seal": noted[:64]}))
    return AuditCheck(len(entries), erased, tuple(faults), before)


@dataclass(frozen=True)
class AuditExport:
    """A trail for handing out: entries with their seals, oldest first."""

    entries: tuple[tuple[AuditEntry, str], ...]

    @property
    def seal(self) -> str:
        """The newest seal, "" where there is none."""
        return self.entries[-1][1] if self.entries else ""

    def jsonl(self) -> bytes:
        """Return one JSON object a line."""
        lines = [
            json.dumps(vars(entry) | {"detail": dict(entry.detail), "seal": seal})
            for entry, seal in self.entries
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def csv(self) -> bytes:
        """Return a table for spreadsheets."""
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(("number", "project_id", "at", "who", "what", "detail", "seal"))
        for entry, seal in self.entries:
            detail = _canonical(dict(entry.detail))
            row = (entry.number, entry.project_id, entry.at, entry.who, entry.what, detail, seal)
            table.writerow([_cell(value) for value in row])
        return text.getvalue().encode("utf-8-sig", "replace")


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
