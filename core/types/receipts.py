"""What was erased, what was kept and why: the receipt of a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.messages import N_, Message

DATASETS, VECTORS, RUNS, EXPORTS = "datasets", "vectors", "runs", "exports"
SCORES, RUN_FILES, PROBES, RECORDS = "scores", "run files", "probes", "records"
ERASED_TITLES: Mapping[str, str] = {
    DATASETS: N_("Versions of the data"),
    VECTORS: N_("Vectors of texts"),
    RUNS: N_("Runs with their models"),
    EXPORTS: N_("Reports and exports"),
    SCORES: N_("Uploaded scores"),
    RUN_FILES: N_("Uploaded result lists"),
    PROBES: N_("Short measurements"),
    RECORDS: N_("Records (choices, ratings, votes, notes)"),
}


@dataclass(frozen=True)
class Erased:
    """One kind of thing that was removed.

    Attributes
    ----------
    kind : str
        Key of :data:`ERASED_TITLES`.
    count : int
        Folders, files, vectors or rows.
    size : int
        Bytes on disk; 0 where it is not known.
    names : tuple of str
        Ids of folders and files; empty for vectors and rows.
    """

    kind: str
    count: int
    size: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErasureReceipt:
    """What a deletion removed.

    Attributes
    ----------
    what : str
        Name of the project, or how many texts.
    who, at : str
        Name, and time in UTC (ISO 8601).
    removed : tuple of Erased
    kept : tuple of Message
        What is still there and why.
    not_reached : tuple of Message
        Copies that the app cannot reach.
    """

    what: str
    who: str
    at: str
    removed: tuple[Erased, ...]
    kept: tuple[Message, ...] = ()
    not_reached: tuple[Message, ...] = ()
