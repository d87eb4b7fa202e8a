"""Encode the texts of a corpus with one model, into the workspace's cache and Parquet files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import ExpertError
from core.experts.catalogue import find_entry
from core.experts.shards import (
    SHARD_TEXTS as SHARD_TEXTS,
    CorpusTask,
    column_of_texts,
    corpus_files,
    encode_shards_here,
    encode_shards_on_ray,
    shards_of,
)
from core.jobs.launchers import REPOSITORY
from core.jobs.ray_cluster import CODE_VARIABLE
from core.progress import Reporter
from core.workspace.files import write_json
from core.workspace.workspace import Workspace

LIST = "corpus.json"  # in the folder of the vectors: the files that count, in order


def code_on_cluster(environment: Mapping[str, str]) -> Path:
    """Return where this program lies on the machines of the cluster: as told, or as here."""
    return Path(environment.get(CODE_VARIABLE, "").strip() or REPOSITORY)


@dataclass(frozen=True)
class CorpusOptions:
    """How a corpus is encoded.

    Attributes
    ----------
    role : str
        ``document`` or ``query``.
    column : str
        "" = the column ``text``, or the only one with texts.
    shard : int
        Texts of a shard: what a kill may cost.
    ray : str
        Address of a Ray cluster (``HEAD:6379``, ``auto``); "" = this machine.
    cpus : int
        Cores of an actor, where the cluster has no graphics cards.
    code : Path
        Folder of this program on the machines of the cluster.
    """

    role: str = "document"
    column: str = ""
    shard: int = SHARD_TEXTS
    ray: str = ""
    cpus: int = 1
    code: Path = REPOSITORY


@dataclass(frozen=True)
class CorpusEncoded:
    """What became of a corpus.

    Attributes
    ----------
    folder : Path
        Of the Parquet files with vectors.
    shards, shards_kept : int
        How many there are, and of how many the file was there before.
    texts, encoded : int
        All texts, and those that were read now.
    seconds, encoding_seconds : float
        By the clock, and summed over all devices.
    """

    folder: Path
    shards: int
    shards_kept: int
    texts: int
    encoded: int
    seconds: float
    encoding_seconds: float


def encode_corpus(
    workspace: Workspace,
    place: Path,
    model: str,
    out: Path,
    options: CorpusOptions,
    report: Reporter,
) -> CorpusEncoded:
    """Encode a Parquet file, or a folder of them; goes on where an earlier run was killed.

    Parameters
    ----------
    model : str
        Key of an expert that makes vectors, for example ``all-MiniLM-L6-v2``.
    out : Path
        Folder for the Parquet files with vectors; made where it is missing.

    Raises
    ------
    ExpertError
        If file, column, model or cluster do not allow it; says what to do.
    Stopped
        If the reporter was asked to stop; finished shards are kept.
    """
    if options.shard < 1 or options.cpus < 1:
        raise ExpertError(
            "A shard of {shard} texts on {cpus} cores was asked for; both are whole numbers from "
            "1 on.",
            shard=options.shard,
            cpus=options.cpus,
        )
    files = corpus_files(place)
    column = column_of_texts(files, options.column)
    shards = shards_of(files, options.shard)
    find_entry(model).folder(workspace.models, report)  # fetched once, before all actors want it
    out = out.resolve()
    before = {path.name for path in out.glob("vectors-*.parquet")} if out.is_dir() else set()
    task = CorpusTask(
        model=model,
        role=options.role,
        column=column,
        out=str(out),
        models=str(workspace.layout.models.resolve()),
        vectors=str(workspace.layout.vectors.resolve()),
    )
    began = time.monotonic()
    finished = list(
        encode_shards_on_ray(task, shards, report, options.ray, options.cpus, options.code)
        if options.ray
        else encode_shards_here(task, shards, report)
    )
    # Files of shards whose texts have changed since stay where they are; what counts is the list.
    order = {(one.file, one.start): number for number, one in enumerate(shards)}
    listed = {
        "model": model,
        "role": options.role,
        "texts": sum(one.texts for one in finished),
        "files": [Path(one.path).name for one in sorted(finished, key=lambda o: order[o.place])],
    }
    write_json(out / LIST, listed)
    return CorpusEncoded(
        folder=out,
        shards=len(finished),
        shards_kept=sum(Path(one.path).name in before for one in finished),
        texts=sum(one.texts for one in finished),
        encoded=sum(one.encoded for one in finished),
        seconds=time.monotonic() - began,
        encoding_seconds=sum(one.seconds for one in finished),
    )
