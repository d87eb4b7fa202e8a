"""Read what a sentence-transformers folder says about itself, and refuse the unsafe ones.

Weights must be safetensors: loading a pickle (``pytorch_model.bin``) runs code that it contains.
Folders that bring Python code of their own (``auto_map``, foreign modules) are refused as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelUnavailableError
from core.types.expert_entry import DOCUMENT, QUERY

_CLASSES = (
    "Transformer|Pooling|Normalize|Dense|StaticEmbedding|CLIPModel|WordWeights|WordEmbeddings|CNN|"
    "LSTM|BoW|Dropout|LayerNorm|WeightedLayerPooling|Router|LogitScore|MLMTransformer|"
    "SparseAutoEncoder|SparseStaticEmbedding|SpladePooling|MultiVectorMask|TokenPooling"
)
_LIBRARY = re.compile(
    r"sentence_transformers\.(?:(?:sparse_encoder\.)?models|"
    r"(?:base|cross_encoder|multi_vector_encoder|sentence_transformer|sparse_encoder)\.modules)"
    rf"(?:\.[a-z_]{{1,30}}|\.[A-Z][A-Za-z]{{1,30}})?\.(?:{_CLASSES})"
)
_LONGEST_JSON = 10_000_000  # bytes; what a model says about itself has less than one
_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt"}
# Names that models give to the two roles, the usual one first.
_ROLE_NAMES = {
    QUERY: ("query", "search_query"),
    DOCUMENT: ("document", "passage", "corpus", "search_document"),
}


@dataclass(frozen=True)
class ModelFolder:
    """A folder that plain sentence-transformers can load.

    Attributes
    ----------
    path : Path
    weights : tuple of Path
        Its safetensors files.
    prompts : mapping of role to text
    dimension : int or None
        None where the folder does not say (it ends in a module that changes it).
    max_length : int or None
        Tokens read of a text; None = all.
    """

    path: Path
    weights: tuple[Path, ...]
    prompts: Mapping[str, str]
    dimension: int | None
    max_length: int | None

    def files(self) -> list[Path]:
        """Return every file that decides what the model computes, in a stable order."""
        kinds = {".safetensors", ".json", ".txt", ".model"}
        files = (p for p in self.path.rglob("*") if p.suffix in kinds and p.is_file())
        # store.json lists the other files; hidden folders hold notes of the downloader.
        return sorted(p for p in files if p.name != "store.json" and not _hidden(p, self.path))


def read_folder(path: Path) -> ModelFolder:
    """Read a sentence-transformers folder without loading it.

    Raises
    ------
    ModelUnavailableError
        If it is not such a folder, has no safetensors weights or brings code of its own.
    """
    if is_cross_encoder(path):
        raise ModelUnavailableError(
            "The model in {folder} reads question and answer together (cross-encoder) and makes "
            "no vectors. It can score as an expert, but it can neither search nor be fine-tuned.",
            folder=str(path),
        )
    modules = _modules(path) if path.is_dir() else []
    if not modules:
        raise ModelUnavailableError(
            "The folder {folder} is not a sentence-transformers model: it has no readable "
            "modules.json. Choose the folder that SentenceTransformer.save() wrote.",
            folder=str(path),
        )
    weights = _safe_weights(path, modules)
    stated = _json(path / "config_sentence_transformers.json")
    prompts = stated.get("prompts") if isinstance(stated, dict) else None
    return ModelFolder(
        path=path,
        weights=weights,
        prompts=_role_prompts(prompts if isinstance(prompts, dict) else {}),
        dimension=_dimension(path, modules),
        max_length=_max_length(path, modules),
    )


def _role_prompts(stated: Mapping[str, Any]) -> dict[str, str]:
    """Return the text put before a ``query`` and a ``document``, "" where there is none.

    The one place that decides it, for scoring, tuning and export alike. An empty text does not
    count as stated: sentence-transformers adds an empty ``document`` to every model it loads, and
    a prompt that the model calls ``passage`` would never be used behind it.
    """
    return {
        role: next((str(stated[name]) for name in names if stated.get(name)), "")
        for role, names in _ROLE_NAMES.items()
    }


def own_folder(typed: str) -> Path:
    """Return the folder that somebody typed the path of, without links and ``~`` in it.

    Raises
    ------
    ModelUnavailableError
        If no file system could have such a path.
    """
    try:
        path = Path(typed).expanduser().resolve()
        path.is_dir()  # raises where a part of it is too long
    except (OSError, ValueError, RuntimeError) as error:
        shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in typed[:200])
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ModelUnavailableError(
            "The path {path} cannot be used: {reason}. Copy the path of the folder from your file "
            "manager.",
            path=shown,
            reason=reason or type(error).__name__,
        ) from error
    return path


def check_folder(path: Path) -> None:
    """Raise ModelUnavailableError if a folder holds no model that can be used as an expert."""
    try:
        read_cross_encoder(path) if is_cross_encoder(path) else read_folder(path)
    except OSError as error:
        raise ModelUnavailableError(
            "The folder {folder} cannot be read: {reason}. Give the app the right to read it.",
            folder=str(path),
            reason=error.strerror or str(error),
        ) from error


def is_cross_encoder(path: Path) -> bool:
    """Return True if a folder says that it holds a model that reads two texts together."""
    stated = _json(path / "config_sentence_transformers.json")
    if isinstance(stated, dict) and "model_type" in stated:
        return bool(stated["model_type"] == "CrossEncoder")
    stated = _json(path / "config.json")
    kinds = stated.get("architectures") if isinstance(stated, dict) else None
    classifies = isinstance(kinds, list) and str(kinds[:1]).endswith("ForSequenceClassification']")
    return classifies and not (path / "modules.json").exists()


def read_cross_encoder(path: Path) -> ModelFolder:
    """Read the folder of a cross-encoder without loading it.

    Raises
    ------
    ModelUnavailableError
        If it is no cross-encoder, gives more than one number per pair, has no safetensors weights
        or brings code of its own.
    """
    if not path.is_dir() or not is_cross_encoder(path):
        raise ModelUnavailableError(
            "The folder {folder} holds no cross-encoder. Choose the folder that "
            "CrossEncoder.save() wrote.",
            folder=str(path),
        )
    modules = _modules(path)
    weights = _safe_weights(path, modules)
    stated = _json(path / "config.json")
    stated = stated if isinstance(stated, dict) else {}
    labels, count = stated.get("id2label"), stated.get("num_labels", 1)
    count = len(labels) if isinstance(labels, dict) and labels else count
    if count != 1:
        raise ModelUnavailableError(
            "The model in {folder} gives {count} numbers per pair; an expert must give one. "
            "Choose a cross-encoder made for search (a reranker).",
            folder=str(path),
            count=str(count)[:20],
        )
    length = _length(_stated(path / "tokenizer_config.json").get("model_max_length"))
    length = length or _length(stated.get("max_position_embeddings"))
    return ModelFolder(path, weights, {}, None, length)


def _safe_weights(path: Path, modules: list[dict[str, Any]]) -> tuple[Path, ...]:
    """Return the safetensors files; raise ModelUnavailableError where code could be run."""
    outside = [module for module in modules if not _is_inside(path, module)]
    if outside:
        raise ModelUnavailableError(
            "The model in {folder} names a part outside of its folder ({part}), which is not read. "
            "Save the model again with SentenceTransformer.save().",
            folder=str(path),
            part=str(outside[0].get("path"))[:100],
        )
    weights = tuple(
        sorted(p for p in path.rglob("*.safetensors") if p.is_file() and not _hidden(p, path))
    )
    pickles = sorted(p.name for p in path.rglob("*") if p.suffix in _PICKLES)
    # Beside safetensors, too: what one library leaves alone, another one opens.
    bins = [p for p in path.rglob("pytorch_model*.bin") if not _hidden(p, path)]
    if not weights or bins:
        raise ModelUnavailableError(
            "The folder {folder} lacks safetensors weights, or holds weights of another kind too "
            "(found: {found}). Such files can contain code. Save the model again with "
            "SentenceTransformer.save(), or delete them where safetensors lie beside them.",
            folder=str(path),
            found=", ".join(pickles) or "-",
        )
    foreign = [str(m.get("type")) for m in modules if not _known(m)]
    configs = [p for p in path.rglob("*config*.json") if not _hidden(p, path)]
    custom = foreign or [p.name for p in configs if _brings_code(p)]
    if custom:
        raise ModelUnavailableError(
            "The model in {folder} needs Python code of its own ({code}), which is not run here. "
            "Choose a model that loads with trust_remote_code=False.",
            folder=str(path),
            code=", ".join(custom),
        )
    return weights


def _modules(path: Path) -> list[dict[str, Any]]:
    """Return the parts of a model in order, each with ``type`` and ``path``; [] where unreadable.

    Those that a router names come after it: it loads them by their type as well.
    """
    stated = _json(path / "modules.json")
    if not isinstance(stated, list) or not all(isinstance(part, dict) for part in stated):
        return []
    parts: list[dict[str, Any]] = []
    for part in stated:
        parts.append(part)
        if str(part.get("type")).rsplit(".", 1)[-1] == "Router":
            parts += _routed(path, str(part.get("path", "")))
    return parts


def _routed(path: Path, place: str) -> list[dict[str, Any]]:
    try:
        own = _stated(path / place / "router_config.json") or _stated(path / place / "config.json")
    except ValueError:  # null characters
        return []
    types = own.get("types")
    named = types if isinstance(types, dict) else {}
    before = f"{place}/" if place else ""
    return [{"type": kind, "path": f"{before}{name}"} for name, kind in named.items()]


def _json(path: Path) -> Any:
    """Return the content of a JSON file, None if it is absent, unreadable or far too large."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_JSON + 1)
        return json.loads(content) if len(content) <= _LONGEST_JSON else None
    except (OSError, ValueError, RecursionError):
        return None


def _stated(path: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file, empty if there is none."""
    stated = _json(path)
    return stated if isinstance(stated, dict) else {}


def _length(stated: object) -> int | None:
    """Return how many tokens of a text are read, None where the number means no limit."""
    if not isinstance(stated, int | float) or isinstance(stated, bool):
        return None
    return int(stated) if 0 < stated < 1e6 else None


def _is_inside(path: Path, module: Mapping[str, Any]) -> bool:
    try:
        return (path / str(module.get("path", ""))).resolve().is_relative_to(path.resolve())
    except (OSError, ValueError, RuntimeError):  # null characters, links in a circle, too long
        return False


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _known(module: Mapping[str, Any]) -> bool:
    """Tell whether a module is one of the library's own classes, wherever its versions keep them.

    A name that only begins like the library could name any function of it, or a package of another
    that was laid into its folder.
    """
    return _LIBRARY.fullmatch(str(module.get("type"))) is not None


def _brings_code(path: Path) -> bool:
    stated = _json(path)
    return isinstance(stated, dict) and bool(stated.get("auto_map"))


def _dimension(path: Path, modules: list[dict[str, Any]]) -> int | None:
    dimension = None
    for module in modules:
        stated = _json(path / str(module.get("path", "")) / "config.json")
        kind = str(module["type"]).rsplit(".", 1)[-1]
        if kind == "StaticEmbedding":
            dimension = _table_width(path / str(module.get("path", "")) / "model.safetensors")
        if not isinstance(stated, dict):
            continue
        if kind == "Pooling":
            dimension = stated.get("embedding_dimension", stated.get("word_embedding_dimension"))
        if kind == "Dense":
            dimension = stated.get("out_features")
    return dimension if isinstance(dimension, int) else None


def _table_width(path: Path) -> int | None:
    """Return the length of the word vectors in a file, read from its head alone."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            # sentence-transformers writes the first name, model2vec the second
            names = [n for n in ("embedding.weight", "embeddings") if n in file.keys()]  # noqa: SIM118
            return int(file.get_slice(names[0]).get_shape()[1]) if names else None
    except (OSError, SafetensorError, IndexError):
        return None


def _max_length(path: Path, modules: list[dict[str, Any]]) -> int | None:
    if not str(modules[0]["type"]).endswith(".Transformer"):
        return None
    folder = path / str(modules[0].get("path", ""))
    # sentence-transformers up to 5 wrote the first file, from 6 on the tokenizer's own is used.
    stated = _stated(folder / "sentence_bert_config.json").get("max_seq_length")
    return _length(stated or _stated(folder / "tokenizer_config.json").get("model_max_length"))
