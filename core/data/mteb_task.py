"""A retrieval task of mteb as data to be measured on, downloaded on demand."""

from __future__ import annotations

from importlib.util import find_spec

from core.data.beir import evaluation_dataset
from core.data.reading.archives import BeirFiles
from core.errors import DataError
from core.types import QADataset

_SUBSET = "default"  # of an mteb task


def mteb_is_installed() -> bool:
    """Return whether the package can be imported, without importing it."""
    return find_spec("mteb") is not None


def load_mteb_task(name: str) -> QADataset:
    """Download a retrieval task and return its test split.

    Raises
    ------
    DataError
        If the package is not installed, the task is unknown, not about retrieval, wants to run
        foreign code, or cannot be downloaded.
    """
    if not mteb_is_installed():
        raise DataError(
            "The task {name} needs the package mteb, which is not installed. Install it with pip "
            "install -r requirements-mteb.txt, or upload the same data as a BEIR zip.",
            name=name,
        )
    import mteb

    try:
        task = mteb.get_task(name)
    except Exception as error:  # an unknown name; the kinds of error differ between versions
        raise DataError(
            "mteb knows no task {name} ({reason}). Names are case-sensitive, for example SciFact.",
            name=name,
            reason=str(error)[:200],
        ) from error
    if task.metadata.type != "Retrieval":
        raise DataError(
            "{name} is a task of the kind {kind}; only Retrieval tasks can be measured here.",
            name=name,
            kind=str(task.metadata.type),
        )
    if task.metadata.dataset.get("trust_remote_code"):
        raise DataError(
            "{name} would run foreign code on this machine to load its data, which is never done "
            "here. Choose another task.",
            name=name,
        )
    try:
        task.load_data()
        subsets = task.dataset or {}
        splits = subsets.get(_SUBSET) or next(iter(subsets.values()))
        data = splits.get("test") or next(iter(splits.values()))
        files = BeirFiles(
            corpus={str(row["id"]): _text(row) for row in data["corpus"]},
            queries={str(row["id"]): str(row["text"]) for row in data["queries"]},
            qrels={
                "": [
                    (str(query), str(document), float(grade))
                    for query, judged in data["relevant_docs"].items()
                    for document, grade in judged.items()
                ]
            },
        )
    except Exception as error:  # no network, no disk, a changed layout: the remedy is the same
        raise DataError(
            "The data of {name} cannot be had ({reason}). The model hub may not be reachable from "
            "this machine; upload the same data as a BEIR zip instead.",
            name=name,
            reason=f"{type(error).__name__}: {error}"[:200],
        ) from error
    return evaluation_dataset(files, name)


def _text(row: dict[str, str]) -> str:
    return f"{row.get('title') or ''} {row['text']}".strip()
