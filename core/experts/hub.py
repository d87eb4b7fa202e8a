"""Fetch a model from the hub into the model store, or say quickly and clearly why not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from core.errors import ModelUnavailableError
from core.experts.entry import CatalogueEntry
from core.experts.folders import reader_of
from core.hashing import file_sha256
from core.workspace.modelstore import ModelStore

ANSWER_SECONDS = 5.0  # the hub must answer the first question in that time
_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]
_NOT_NEEDED = ["onnx/*", "openvino/*", "*/onnx/*", "original/*", "coreml/*"]


def downloaded_folder(entry: CatalogueEntry, store: ModelStore) -> Path:
    """Return the folder of a hub model, downloading it the first time.

    Raises
    ------
    ModelUnavailableError
        If the hub does not answer within a few seconds, does not have the model or revision, or
        the model has no safetensors weights or needs code of its own.
    """
    hub = entry.hub
    assert hub is not None
    if store.is_valid(entry.key):
        return store.folder_for(entry.key)
    revision = hub.revision or _current_revision(entry)

    def build(target: Path) -> dict[str, Any]:
        from huggingface_hub import snapshot_download

        try:
            snapshot_download(
                hub.repo,
                revision=revision,
                local_dir=target,
                allow_patterns=_FILES,
                ignore_patterns=_NOT_NEEDED,
                endpoint=_endpoint(),
                etag_timeout=ANSWER_SECONDS,
                token=None,
            )
        except Exception as error:
            raise _unreachable(entry, error) from error
        folder = reader_of(entry.family)(target)
        found = {p.relative_to(target).as_posix(): file_sha256(p) for p in folder.weights}
        if hub.weights_sha256 is not None and hub.weights_sha256 not in found.values():
            raise ModelUnavailableError(
                "The weights of {repo} on the model hub are not those this version was tested "
                "with: sha256 {found}, expected {expected}. Choose another model.",
                repo=hub.repo,
                found=", ".join(found.values()),
                expected=hub.weights_sha256,
            )
        return {"repo": hub.repo, "revision": revision, "sha256": found}

    return store.install(entry.key, build)


def _endpoint() -> str | None:
    # Read here, because the library reads it only once, when it is imported.
    return os.environ.get("HF_ENDPOINT") or None


def _current_revision(entry: CatalogueEntry) -> str:
    """Ask the hub for the newest commit; the first request, so it must fail fast."""
    assert entry.hub is not None
    from huggingface_hub import HfApi

    try:
        info = HfApi(endpoint=_endpoint()).model_info(entry.hub.repo, timeout=ANSWER_SECONDS)
    except Exception as error:
        raise _unreachable(entry, error) from error
    assert info.sha is not None
    return info.sha


def _unreachable(entry: CatalogueEntry, error: Exception) -> ModelUnavailableError:
    assert entry.hub is not None
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return ModelUnavailableError(
        "The model {title} could not be fetched from the model hub ({repo}: {reason}). Connect to "
        "the internet, set HF_ENDPOINT to a mirror, copy the model to a folder and choose that, "
        "or use one of the models that came with the app.",
        title=entry.title,
        repo=entry.hub.repo,
        reason=reason,
    )
