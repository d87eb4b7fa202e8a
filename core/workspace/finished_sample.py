"""A finished project that ships with the app: results, vectors, and weights as what was learned.

A ZIP file:

    sample.json                  what it is, see :class:`FinishedSample`
    runs/<kind>/…                the run folders, without weights
    vectors/<fingerprint>/…      what experts read: ``segment`` with float16 vectors, ``matrices-*``
    (of the tuned model's folder what the base model's has, too, such as the words of its tokenizer,
    is not packed but copied from there; its names stand in sample.json)
    weights.safetensors          ``<name>.u`` [out, r] and ``<name>.v`` [r, in] of every weight that
                                 a run with adapters (LoRA) changed: base + u·v is the tuned weight

Weights of 90 MB become 1 MB that way, and a fine-tuned model is made again within a second from the
base model that is on every machine.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from core.documents import from_json, to_json
from core.errors import WorkspaceError
from core.types.recipes import LabelRecipe
from core.workspace.files import read_tensors, write_bytes, write_tensors
from core.workspace.vectors import VectorCache

FORMAT = 1
_SAMPLE, _WEIGHTS, _MODEL, _TUNE = "sample.json", "weights.safetensors", "model", "tune"
_SEGMENT = "segment.safetensors"
_TENSORS = "model.safetensors"
_LARGE = ("tokenizer.json",)  # of a model's folder; the others are a few hundred bytes each


@dataclass(frozen=True)
class FinishedSample:
    """What a pack holds.

    Attributes
    ----------
    dataset_id : str
        Of the sample's data as they were read when the pack was made.
    experts : tuple of str
        Catalogue keys of those that scored.
    recipe_name, recipe
        The labels in use.
    base_model : str
        Catalogue key.
    project_id : str
        Of the project that was packed.
    runs : mapping of kind to run id
        As they were called there: ``score``, ``tune`` and ``compare``.
    of_base : tuple of str
        Files of the tuned model, inside its folder, that are those of the base model.
    """

    format: int
    dataset_id: str
    experts: tuple[str, ...]
    recipe_name: str
    recipe: LabelRecipe
    base_model: str
    project_id: str
    runs: Mapping[str, str]
    of_base: tuple[str, ...] = ()


def read_sample(pack: Path) -> FinishedSample:
    """Return what a pack holds; raises WorkspaceError if it is damaged or of another version."""
    try:
        with zipfile.ZipFile(pack) as file:
            sample = from_json(FinishedSample, json.loads(file.read(_SAMPLE)))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise _unreadable(pack, error) from error
    if sample.format != FORMAT:
        raise _unreadable(pack, ValueError(f"format {sample.format}"))
    return sample


def _unreadable(pack: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        "The finished sample {file} cannot be read: {reason}. Reinstall the app, or start the "
        "sample from its data.",
        file=pack.name,
        reason=str(error),
    )


def unpack(
    pack: Path,
    runs: Path,
    vectors: VectorCache,
    base: Path,
    names: Mapping[str, str],
) -> None:
    """Put run folders, vectors and the tuned model of a pack into a workspace.

    Parameters
    ----------
    runs : Path
        The runs folder of the workspace; nothing in it is overwritten.
    base : Path
        Folder of the base model.
    names : mapping of str to str
        Ids of the packed project and its runs, and what they are called here.

    Raises
    ------
    WorkspaceError
        If the pack is damaged, or the disk refuses; what was put there goes again.
    """
    sample = read_sample(pack)
    folders = {kind: runs / names[run] for kind, run in sample.runs.items()}
    try:
        with zipfile.ZipFile(pack) as file:
            for name in file.namelist():
                parts = PurePosixPath(name).parts
                if parts[0] == "runs" and parts[1] in folders and ".." not in parts:
                    content = _renamed(file.read(name), parts[-1], names)
                    _place(folders[parts[1]].joinpath(*parts[2:]), content)
                elif parts[0] == "vectors":
                    _put(vectors, parts[1], parts[2], _tensors(file.read(name)))
            model = folders[_TUNE] / _MODEL
            for inside in set(sample.of_base) & set(_LARGE):  # no path that a file names
                _place(model / inside, (base / inside).read_bytes())
            write_tensors(
                model / _TENSORS, with_learned(_base(base), _tensors(file.read(_WEIGHTS)))
            )
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
        raise _unreadable(pack, error) from error


def _base(folder: Path) -> dict[str, np.ndarray]:
    return read_tensors(folder / _TENSORS)


def _place(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)


def _renamed(content: bytes, name: str, names: Mapping[str, str]) -> bytes:
    if not name.endswith((".json", ".jsonl")):
        return content
    for before, now in names.items():
        content = content.replace(before.encode(), now.encode())
    return content


def _tensors(content: bytes) -> dict[str, np.ndarray]:
    from safetensors.numpy import load

    arrays: dict[str, np.ndarray] = load(content)
    return arrays


def _put(
    vectors: VectorCache, fingerprint: str, name: str, arrays: Mapping[str, np.ndarray]
) -> None:
    if name == _SEGMENT:
        vectors.put(fingerprint, arrays["keys"], arrays["vectors"].astype(np.float32))
    else:
        vectors.put_matrices(fingerprint, name.removesuffix(".safetensors"), arrays)


def with_learned(
    base: Mapping[str, np.ndarray], learned: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return base + u·v of every weight that has factors, and the other weights as they are.

    Places of words, which are whole numbers, are no weights: a tuned model is saved without them.
    """
    made = {name: weight for name, weight in base.items() if weight.dtype.kind == "f"}
    for name in {key.rpartition(".")[0] for key in learned}:
        u, v = (learned[f"{name}.{side}"].astype(np.float32) for side in "uv")
        made[name] = base[name] + u @ v
    return made


def learned_factors(
    base: Mapping[str, np.ndarray], tuned: Mapping[str, np.ndarray], rank: int
) -> dict[str, np.ndarray]:
    """Return u and v, float16, of every weight that differs: what :func:`with_learned` takes.

    Raises
    ------
    WorkspaceError
        If a difference has more than ``rank`` directions: the run did not learn adapters.
    """
    factors = {}
    for name, after in tuned.items():
        change = np.asarray(after, np.float32) - np.asarray(base[name], np.float32)
        if not change.any():
            continue
        u, s, v = np.linalg.svd(change, full_matrices=False)
        if change.ndim != 2 or s[rank:].sum() > 0.01 * s.sum():
            raise WorkspaceError("The weight {name} holds more than adapters.", name=name)
        root = np.sqrt(s[:rank])
        factors[f"{name}.u"] = (u[:, :rank] * root).astype(np.float16)
        factors[f"{name}.v"] = (root[:, None] * v[:rank]).astype(np.float16)
    return factors


def pack_up(
    sample: FinishedSample,
    runs: Path,
    vectors: Path,
    fingerprints: tuple[str, ...],
    learned: Mapping[str, np.ndarray],
    base: Path,
    target: Path,
) -> None:
    """Write a pack; what :func:`unpack` reads.

    Parameters
    ----------
    runs, vectors : Path
        Folders of the workspace.
    fingerprints : tuple of str
        Of the experts whose vectors are packed.
    learned : mapping
        As of :func:`learned_factors`.
    base : Path
        Folder of the base model: large files that it has, too, are not packed.
    """
    from safetensors.numpy import save

    model = runs / sample.runs[_TUNE] / _MODEL
    shared = tuple(name for name in _LARGE if say_the_same(model / name, base / name))
    sample = replace(sample, of_base=shared)
    left_out = {model / name for name in shared}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        _add(file, _SAMPLE, json.dumps(to_json(sample), ensure_ascii=False, indent=1).encode())
        for kind, run in sample.runs.items():
            for path in sorted((runs / run).rglob("*")):
                if path in left_out or path.name in {"run.lock", _TENSORS, "log.txt"}:
                    continue
                if path.is_file():
                    inside = path.relative_to(runs / run).as_posix()
                    _add(file, f"runs/{kind}/{inside}", path.read_bytes())
        for fingerprint in fingerprints:
            _add_vectors(file, vectors / fingerprint, f"vectors/{fingerprint}")
        _add(file, _WEIGHTS, save(dict(learned)))


def say_the_same(packed: Path, of_base: Path) -> bool:
    """Return whether two JSON documents say the same, whatever their layout; numbers to 9 digits.

    A tokenizer that was read and written again has other spaces, and other last digits.
    """
    try:
        one, other = (
            json.loads(path.read_bytes(), parse_float=lambda digits: f"{float(digits):.9g}")
            for path in (packed, of_base)
        )
    except (OSError, ValueError):
        return False
    return bool(one == other)


def _add_vectors(file: zipfile.ZipFile, folder: Path, inside: str) -> None:
    from safetensors.numpy import save

    segments = [read_tensors(path) for path in sorted(folder.glob("segment-*.safetensors"))]
    if segments:
        keys, vectors = (
            np.concatenate([s[part] for s in segments]) for part in ("keys", "vectors")
        )
        _, once = np.unique(keys, axis=0, return_index=True)
        table = {"keys": keys[once], "vectors": vectors[once].astype(np.float16)}
        _add(file, f"{inside}/{_SEGMENT}", save(table))
    for path in sorted(folder.glob("matrices-*.safetensors")):
        _add(file, f"{inside}/{path.name.removeprefix('matrices-')}", path.read_bytes())


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name)  # without a time: the same content is the same file
    entry.compress_type = zipfile.ZIP_DEFLATED
    with file.open(entry, "w", force_zip64=False) as inside:
        shutil.copyfileobj(io.BytesIO(content), inside)
