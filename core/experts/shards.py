"""A large corpus in shards: Parquet in, vectors in the cache and in Parquet files out.

A shard is a stretch of rows, named by what is in it and by the model. Its vectors go into the
workspace's cache first, then its file appears by a rename: a run that was killed, or a second one
on the same corpus, repeats no shard whose file is there. What another run or project has encoded
before is taken from the cache.

On one machine the shards are done one after the other; on a Ray cluster by an actor per device
(``map_batches`` of Ray Data). Only names and counts travel there: actors read the texts from the
shared folder and write the vectors to it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ExpertError, Stopped
from core.experts.catalogue import find_entry
from core.experts.encoders import Encoder, load_encoder, text_keys
from core.hashing import content_id
from core.messages import N_, Message
from core.types import Reporter
from core.workspace.files import TEMPORARY_PREFIX
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

SHARD_TEXTS = 50_000  # as many as a segment of the cache has that is never merged again
CHUNK_TEXTS = 2048  # after so many somebody may ask to stop
TEXT_COLUMN = "text"


@dataclass(frozen=True)
class Shard:
    """Rows ``start`` to ``stop`` of a Parquet file."""

    file: str
    start: int
    stop: int


@dataclass(frozen=True)
class ShardDone:
    """What became of a shard.

    Attributes
    ----------
    path : str
        Its Parquet file.
    texts, encoded : int
        How many texts it has, and how many of them no model had read before.
    seconds : float
        Encoding alone; 0 where nothing was encoded.
    file, start : str, int
        Where its texts lie: see :class:`Shard`.
    """

    path: str
    texts: int
    encoded: int
    seconds: float
    file: str = ""
    start: int = 0

    @property
    def place(self) -> tuple[str, int]:
        """Where its texts begin."""
        return self.file, self.start


@dataclass(frozen=True)
class CorpusTask:
    """What is to be encoded, by what, and where it goes; plain values, so that it can travel.

    Attributes
    ----------
    model : str
        Key of an expert that makes vectors.
    role : str
        ``document`` or ``query``: decides the prompt.
    column : str
        Column of the texts.
    out : str
        Folder of the Parquet files with vectors.
    models, vectors : str
        Folders of the workspace.
    device : str or None
        None takes the fastest there is.
    """

    model: str
    role: str
    column: str
    out: str
    models: str
    vectors: str
    device: str | None = None


def corpus_files(place: Path) -> tuple[Path, ...]:
    """Return the Parquet files of a corpus: the file itself, or those of a folder in their order.

    Raises
    ------
    ExpertError
        If there are none.
    """
    files = tuple(sorted(place.glob("*.parquet"))) if place.is_dir() else (place,)
    if not files or not all(file.is_file() for file in files):
        raise ExpertError(
            "There is no Parquet file at {place}. Name a file, or a folder of files that end in "
            ".parquet, with a column of texts.",
            place=str(place),
        )
    return files


def column_of_texts(files: Sequence[Path], asked: str = "") -> str:
    """Return the column of the texts: the one asked for, ``text``, or the only one with words.

    Raises
    ------
    ExpertError
        If a file lacks it, or several columns might be meant.
    """
    import pyarrow as pa

    with _opened(files[0]) as file:
        schema = file.schema_arrow
    words = [
        f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
    ]
    column = asked or (TEXT_COLUMN if TEXT_COLUMN in words else "")
    if not column and len(words) == 1:
        column = words[0]
    for path in files:
        with _opened(path) as file:
            missing = column not in file.schema_arrow.names
        if missing:
            raise ExpertError(
                "The file {file} has no column {column} of texts. Columns with texts: {columns}. "
                "Name one with --column.",
                file=path.name,
                column=column or "–",
                columns=", ".join(words) or "–",
            )
    return column


def shards_of(files: Sequence[Path], texts: int = SHARD_TEXTS) -> list[Shard]:
    """Return the shards of a corpus, each of at most so many texts, none across two files."""
    shards = []
    for path in files:
        with _opened(path) as file:
            rows = file.metadata.num_rows
        shards += [
            Shard(str(path.resolve()), start, min(start + texts, rows))
            for start in range(0, rows, texts)
        ]
    return shards


class ShardEncoder:
    """Does one shard after the other with one model in memory; an actor on a cluster.

    Parameters
    ----------
    task : CorpusTask
    should_stop : callable
        Asked between two chunks.
    """

    def __init__(self, task: CorpusTask, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._task, self._should_stop = task, should_stop
        models = ModelStore(Path(task.models))
        self._encoder: Encoder = load_encoder(find_entry(task.model), models, task.device)
        self._cache = VectorCache(Path(task.vectors))
        # As the cache was when this run began: to look for new segments before every shard would
        # sort the keys of the whole corpus each time.
        self._known = self._cache.index(self._encoder.fingerprint)

    def do(self, shard: Shard) -> ShardDone:
        """Encode what is missing of a shard and write its file, unless that is there.

        Raises
        ------
        Stopped
            Between two chunks; nothing of this shard is kept then.
        ExpertError
            If its texts cannot be read.
        """
        texts = _texts(shard, self._task.column)
        encoder, role = self._encoder, self._task.role
        keys = text_keys(texts, encoder.prompt(role))
        name = content_id([encoder.fingerprint, role, keys])
        path = Path(self._task.out) / f"vectors-{Path(shard.file).stem}-{shard.start:012d}-{name}"
        path = path.with_name(f"{path.name}.parquet")
        if path.is_file():
            return ShardDone(str(path), len(texts), 0, 0.0, shard.file, shard.start)
        vectors, found = self._known.look_up(keys)
        missing = np.flatnonzero(~found)
        # Equal texts of a shard once, the first of each.
        _, first = np.unique(keys[missing], axis=0, return_index=True)
        rows, began = missing[np.sort(first)], time.monotonic()
        fresh = self._encoded([texts[row] for row in rows])
        seconds = time.monotonic() - began if len(rows) else 0.0
        self._cache.put(encoder.fingerprint, keys[rows], fresh)
        if not vectors.shape[1]:
            vectors = np.zeros((len(texts), fresh.shape[1]), np.float32)
        place = {keys[row].tobytes(): number for number, row in enumerate(rows)}
        for row in missing:
            vectors[row] = fresh[place[keys[row].tobytes()]]
        _write(path, shard, keys, vectors)
        return ShardDone(str(path), len(texts), len(rows), seconds, shard.file, shard.start)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the shards of a batch, as ``map_batches`` wants it."""
        stretches = zip(batch["file"], batch["start"], batch["stop"], strict=True)
        done = [self.do(Shard(str(f), int(start), int(stop))) for f, start, stop in stretches]
        return {
            "path": np.array([one.path for one in done]),
            "texts": np.array([one.texts for one in done]),
            "encoded": np.array([one.encoded for one in done]),
            "seconds": np.array([one.seconds for one in done]),
            "file": np.array([one.file for one in done]),
            "start": np.array([one.start for one in done]),
        }

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        parts = []
        for start in range(0, len(texts), CHUNK_TEXTS):
            if self._should_stop():
                raise Stopped
            parts.append(self._encoder.encode(texts[start : start + CHUNK_TEXTS], self._task.role))
        if not parts:
            return np.zeros((0, self._encoder.dimension), np.float32)
        return np.concatenate(parts)


def encode_shards_here(
    task: CorpusTask, shards: Sequence[Shard], report: Reporter
) -> Iterator[ShardDone]:
    """Do the shards in this process, one after the other."""
    encoder = ShardEncoder(task, report.should_stop)
    yield from _told((encoder.do(shard) for shard in shards), shards, report)


def encode_shards_on_ray(
    task: CorpusTask,
    shards: Sequence[Shard],
    report: Reporter,
    address: str,
    cpus: int,
    code: Path,
) -> Iterator[ShardDone]:
    """Do the shards on a Ray cluster, with an actor for each graphics card, or for some cores.

    Parameters
    ----------
    address : str
        ``HEAD:6379``, or ``auto`` on a machine of the cluster.
    cpus : int
        Cores of an actor where the cluster has no graphics cards.
    code : Path
        Folder of this program on the machines of the cluster.

    Raises
    ------
    ExpertError
        If Ray is not installed or does not answer.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ExpertError(
            "Encoding on a cluster needs Ray, which is not installed: {reason}. Install it with "
            "pip install -r requirements-ray.txt, or leave --ray out.",
            reason=str(error),
        ) from error
    told = {"PYTHONPATH": str(code), "OMP_NUM_THREADS": str(cpus)}
    try:
        ray.init(address=address, runtime_env={"env_vars": told}, logging_level=logging.WARNING)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ExpertError(
            "The cluster at {address} does not answer: {reason}. Give the address that ray start "
            "printed (HEAD:6379), and the token in RAY_AUTH_TOKEN if the cluster has one.",
            address=address,
            reason=str(error).splitlines()[0][:300],
        ) from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        has = ray.cluster_resources()
        cards = int(has.get("GPU", 0))
        actors = cards or max(1, int(has.get("CPU", 1)) // cpus)
        rows = [{"file": one.file, "start": one.start, "stop": one.stop} for one in shards]
        done = (
            # One block for a shard, so that a free actor always finds the next one.
            ray.data.from_items(rows, override_num_blocks=max(1, len(rows)))
            .map_batches(
                ShardEncoder,
                fn_constructor_args=(task,),
                batch_size=1,
                compute=ray.data.ActorPoolStrategy(size=min(actors, max(1, len(rows)))),
                num_gpus=1 if cards else None,
                num_cpus=None if cards else cpus,
            )
            .iter_rows()
        )
        yield from _told((ShardDone(**row) for row in done), shards, report)
    finally:
        ray.shutdown()


_TOLD = N_("{done} of {total} texts done, {encoded} of them read now")


def _told(
    done: Iterator[ShardDone], shards: Sequence[Shard], report: Reporter
) -> Iterator[ShardDone]:
    """Pass finished shards on and say how far all are."""
    total, texts, encoded = sum(one.stop - one.start for one in shards), 0, 0
    for one in done:
        texts, encoded = texts + one.texts, encoded + one.encoded
        values: dict[str, str | int | float] = {"done": texts, "total": total, "encoded": encoded}
        report.progress(texts / max(total, 1), Message(_TOLD, values))
        yield one


def _opened(path: Path) -> ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise ExpertError(
            "The file {file} cannot be read as Parquet: {reason}. Save it as Parquet again.",
            file=str(path),
            reason=str(error).splitlines()[0][:300],
        ) from error


def _texts(shard: Shard, column: str) -> list[str]:
    """Return the texts of a shard; reads the row groups that it lies in, no others."""
    with _opened(Path(shard.file)) as file:
        starts = np.cumsum(
            [0, *(file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))]
        )
        groups = [
            group
            for group in range(file.num_row_groups)
            if starts[group] < shard.stop and starts[group + 1] > shard.start
        ]
        table = file.read_row_groups(groups, columns=[column])
    begin = shard.start - int(starts[groups[0]])
    found = table.column(0).slice(begin, shard.stop - shard.start).to_pylist()
    return ["" if text is None else str(text) for text in found]


def _write(path: Path, shard: Shard, keys: np.ndarray, vectors: np.ndarray) -> None:
    """Write the vectors of a shard; the file appears whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    table = pa.table(
        {
            "row": pa.array(np.arange(shard.start, shard.stop, dtype=np.int64)),
            "key": pa.array([key.tobytes() for key in keys], pa.binary(keys.shape[1])),
            "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{path.name}")
    # Numbers of vectors hardly compress, and a dictionary of them is larger than they are.
    pq.write_table(table, temporary, compression="none", use_dictionary=False)
    temporary.replace(path)
