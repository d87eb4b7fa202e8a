"""Erasing for good: a project with all that nothing else uses, or single texts wherever they lie.

Which version of the data, run file or run belongs to whom is read from what the records and the
requests of runs name; a folder that another project names stays, and the receipt says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError
from core.hashing import text_key
from core.messages import N_, Message
from core.types import QADataset
from core.workspace.database import now
from core.workspace.files import read_json
from core.workspace.workspace import Workspace

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
    RECORDS: N_("Records (choices, ratings, votes, notes, searches of a pilot)"),
}
_SHARED = N_("Versions of the data that other projects use: {names}.")
_SHARED_FILES = N_("Uploaded result lists that other projects use: {names}.")
_AUDIT = N_(
    "The audit trail of the project: who did what when. It holds no questions and no answers."
)
_MODELS = N_("Models from packages and the hub, which hold nothing of the data.")
_BACKUPS = N_("Backups of the workspace that were made before: delete or renew them.")
_COPIES = N_("What was downloaded, sent to an API or uploaded to a model hub.")
_SERVER = N_("Copies that the database server keeps itself (its write-ahead log and backups).")


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


@dataclass
class Belongings:
    """What a project has in the workspace.

    Attributes
    ----------
    datasets, run_files : set of str
        Ids and keys that its records and runs name.
    runs, probes : set of str
        Names of folders.
    """

    datasets: set[str] = field(default_factory=set)
    run_files: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    probes: set[str] = field(default_factory=set)


def belongings(workspace: Workspace, project_id: str) -> Belongings:
    """Return what a project has, or shares with others."""
    layout = workspace.layout
    own = Belongings(runs={run.id for run in workspace.records.runs(project_id)})
    datasets = _names(layout.datasets)
    run_files = {Path(name).stem for name in _names(layout.run_files)}
    named = set(_strings(workspace.records.rows_of(project_id)))
    for folder in (layout.runs, layout.probes):
        for name in _names(folder):
            request = _request(folder / name)
            if request.get("project_id") == project_id or name in own.runs:
                (own.runs if folder == layout.runs else own.probes).add(name)
                named |= set(_strings(request))
    own.datasets, own.run_files = named & datasets, named & run_files
    for dataset in tuple(own.datasets):  # the version before logs were added
        own.datasets |= set(_strings(_meta(layout.datasets / dataset))) & datasets
    return own


def erase_project(
    workspace: Workspace, project_id: str, who: str, prompts: Sequence[str] = ("",)
) -> ErasureReceipt:
    """Remove a project with everything that no other project uses.

    Parameters
    ----------
    prompts : sequence of str
        Prompts with which texts may have been read: vectors are found by prompt and text.

    Raises
    ------
    WorkspaceError
        If there is no such project, or the disk refuses; what is left can be erased again.
    """
    project = workspace.records.project(project_id)
    others = [other.id for other in workspace.records.projects() if other.id != project_id]
    own, theirs = belongings(workspace, project_id), Belongings()
    for other in others:
        found = belongings(workspace, other)
        theirs.datasets |= found.datasets
        theirs.run_files |= found.run_files
    layout = workspace.layout
    gone = own.datasets - theirs.datasets
    result_lists = {f"{key}.run" for key in own.run_files - theirs.run_files}
    removed = [
        *_erase_versions(workspace, gone, own.runs, own.probes, prompts),
        _erase(layout.run_files, result_lists, RUN_FILES),
        Erased(RECORDS, workspace.records.erase_project(project_id, who)),
    ]
    kept = [Message(_AUDIT), Message(_MODELS)]
    for text, names in (
        (_SHARED, own.datasets & theirs.datasets),
        (_SHARED_FILES, own.run_files & theirs.run_files),
    ):
        if names:
            kept.append(Message(text, {"names": ", ".join(sorted(names))}))
    return _receipt(workspace, project_id, project.name, who, removed, kept)


def erase_texts(
    workspace: Workspace,
    project_id: str,
    before: QADataset,
    after: QADataset,
    who: str,
    prompts: Sequence[str] = ("",),
    masked: Iterable[str] = (),
) -> ErasureReceipt:
    """Remove what still holds the texts that ``after`` has no more; ``after`` is in use already.

    Versions of the data that hold one of them go, with the runs (scores, models, comparisons,
    reports) that were made of them: models can remember texts.

    Parameters
    ----------
    masked : iterable of str
        The same texts with personal data masked: so the searches of a pilot are kept.
    """
    gone_texts = {*before.questions, *before.answers} - {*after.questions, *after.answers}
    layout, own = workspace.layout, belongings(workspace, project_id)
    shared: set[str] = set()
    for other in workspace.records.projects():
        if other.id != project_id:
            shared |= belongings(workspace, other.id).datasets
    holding = {
        dataset
        for dataset in own.datasets - {after.id}
        if gone_texts & set(_texts(workspace, dataset))
        or _report_holds(workspace, dataset, gone_texts)
    }
    runs = {name for name in own.runs if holding & set(_strings(_request(layout.runs / name)))}
    runs |= {  # a comparison names its tuning run, and a delivered model its folds
        name for name in own.runs if runs & set(_strings(_request(layout.runs / name)))
    }
    removed = [
        *_erase_versions(workspace, holding - shared, runs, own.probes, prompts),
        Erased(RECORDS, workspace.records.erase_texts(project_id, {*gone_texts, *masked}, runs)),
    ]
    kept = [Message(_AUDIT)]
    if holding & shared:
        kept.append(Message(_SHARED, {"names": ", ".join(sorted(holding & shared))}))
    return _receipt(workspace, project_id, str(len(gone_texts)), who, removed, kept)


def _receipt(
    workspace: Workspace,
    project_id: str,
    what: str,
    who: str,
    removed: Iterable[Erased],
    kept: Iterable[Message],
) -> ErasureReceipt:
    """Return the receipt of a deletion, after a note of it in the audit trail."""
    not_reached = [Message(_BACKUPS), Message(_COPIES)]
    if not workspace.records.is_file:
        not_reached.append(Message(_SERVER))
    found = tuple(one for one in removed if one.count)
    workspace.records.note(project_id, "erased", who, {one.kind: one.count for one in found})
    return ErasureReceipt(what, who, now(), found, tuple(kept), tuple(not_reached))


def _erase_versions(
    workspace: Workspace,
    datasets: set[str],
    runs: set[str],
    probes: set[str],
    prompts: Sequence[str],
) -> list[Erased]:
    """Delete runs with what was made of them, and versions of the data with scores and vectors."""
    layout = workspace.layout
    vectors = _erase_vectors(workspace, datasets, prompts)  # found by the texts, so before these
    return [
        _erase(layout.runs, runs, RUNS),
        _erase(layout.exports, runs, EXPORTS),
        _erase(layout.probes, probes, PROBES),
        _erase(layout.scores, datasets, SCORES),
        _erase(layout.datasets, datasets, DATASETS),
        vectors,
    ]


def _erase(root: Path, names: Iterable[str], kind: str) -> Erased:
    """Delete folders or files below a folder, if they are there."""
    count, size, gone = 0, 0, []
    for name in sorted(names):
        path = root / Path(name).name
        if not path.exists():
            continue
        size += sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) or (
            path.stat().st_size if path.is_file() else 0
        )
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:
            continue  # somebody else was faster
        except OSError as error:
            raise WorkspaceError(
                "{path} cannot be deleted: {reason}. Make the workspace writable and delete again; "
                "what was deleted so far stays deleted.",
                path=str(path),
                reason=error.strerror or str(error),
            ) from error
        count += 1
        gone.append(path.name)
    return Erased(kind, count, size, tuple(gone))


def _erase_vectors(workspace: Workspace, gone: set[str], prompts: Sequence[str]) -> Erased:
    """Delete the vectors of texts that only these versions of the data hold."""
    texts: set[str] = set()
    for dataset in gone:
        texts |= set(_texts(workspace, dataset))
    for name in _names(workspace.layout.datasets) - gone if texts else ():
        texts -= set(_texts(workspace, name))
    keys = {text_key(text, prompt) for text in texts for prompt in {"", *prompts}}
    return Erased(VECTORS, workspace.vectors.erase(keys) if keys else 0)


def _texts(workspace: Workspace, dataset_id: str) -> tuple[str, ...]:
    """Return questions and answers of a version of the data; none where it cannot be read."""
    import pyarrow.parquet as parquet

    texts: list[str] = []
    for table in ("question", "answer"):
        path = workspace.layout.datasets / dataset_id / f"{table}.parquet"
        try:
            texts += parquet.read_table(path, columns=["text"])["text"].to_pylist()
        except (OSError, ValueError, KeyError):
            continue
    return tuple(texts)


def _report_holds(workspace: Workspace, dataset_id: str, texts: set[str]) -> bool:
    return bool(texts & set(_strings(_meta(workspace.layout.datasets / dataset_id))))


def _meta(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / "meta.json")
    except WorkspaceError:
        return {}


def _request(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / "request.json")
    except WorkspaceError:
        return {}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _strings(document: Any) -> Iterable[str]:
    """Yield every text of a JSON document; keys too, since ids may be keys."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for key, value in document.items():
            yield str(key)
            yield from _strings(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from _strings(value)
