"""Models from the model hub: which there are, and how one gets into the model store.

Sizes, dimensions, prompts and licences are those of the model cards. A revision is None where it
is resolved at the first download and recorded with the model.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelUnavailableError, first_line
from core.experts.encoders import EmbeddingModel
from core.experts.models import ModelExpert
from core.hashing import file_sha256
from core.messages import N_, Message
from core.types.expert_entry import ANY_LANGUAGE, DOCUMENT, DOWNLOADED, ON_HUB, QUERY, Availability
from core.workspace.modelstore import ModelStore

ANSWER_SECONDS = 5.0  # the hub must answer the first question in that time
_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]
_NOT_NEEDED = ["onnx/*", "openvino/*", "*/onnx/*", "original/*", "coreml/*"]


@dataclass(frozen=True)
class HubRepository:
    """A repository on the model hub; used when the hub can be reached.

    Attributes
    ----------
    repository : str
    revision : str or None
        Commit; None is resolved at the first download and recorded.
    weights_sha256 : str or None
        Checked after the download where it is known.
    """

    repository: str
    revision: str | None = None
    weights_sha256: str | None = None

    def availability(self, model: ModelExpert, models: ModelStore | None) -> Availability:
        """Say whether the model was downloaded before."""
        if models is not None and models.is_valid(model.key):
            return downloaded()
        text = N_("Downloaded at first use from the model hub ({repo}, about {size} MB).")
        message = Message(text, {"repo": self.repository, "size": model.size_mb})
        return Availability(False, ON_HUB, message)

    def present(self, model: ModelExpert, models: ModelStore) -> Path | None:
        """Return the folder if the model was downloaded before."""
        return models.folder_for(model.key) if models.is_valid(model.key) else None

    def fetch(self, model: ModelExpert, models: ModelStore) -> Path:
        """Return the folder of the model, downloading it the first time.

        Raises
        ------
        ModelUnavailableError
            If the hub does not answer within a few seconds, does not have the model or revision, or
            the model has no safetensors weights or needs code of its own.
        """
        if models.is_valid(model.key):
            return models.folder_for(model.key)
        revision = self.revision or self._current_revision(model)

        def build(target: Path) -> dict[str, Any]:
            from huggingface_hub import snapshot_download

            try:
                snapshot_download(
                    self.repository,
                    revision=revision,
                    local_dir=target,
                    allow_patterns=_FILES,
                    ignore_patterns=_NOT_NEEDED,
                    endpoint=_endpoint(),
                    etag_timeout=ANSWER_SECONDS,
                    token=None,
                )
            except Exception as error:
                raise self._unreachable(model, error) from error
            weights = model.read(target).weights
            sums = {p.relative_to(target).as_posix(): file_sha256(p) for p in weights}
            if self.weights_sha256 is not None and self.weights_sha256 not in sums.values():
                raise ModelUnavailableError(
                    "The weights of {repo} on the model hub are not those this version was tested "
                    "with: sha256 {found}, expected {expected}. Choose another model.",
                    repo=self.repository,
                    found=", ".join(sums.values()),
                    expected=self.weights_sha256,
                )
            return {"repo": self.repository, "revision": revision, "sha256": sums}

        return models.install(model.key, build)

    def _current_revision(self, model: ModelExpert) -> str:
        """Ask the hub for the newest commit; the first request, so it must fail fast."""
        from huggingface_hub import HfApi

        try:
            info = HfApi(endpoint=_endpoint()).model_info(self.repository, timeout=ANSWER_SECONDS)
        except Exception as error:
            raise self._unreachable(model, error) from error
        assert info.sha is not None
        return info.sha

    def _unreachable(self, model: ModelExpert, error: Exception) -> ModelUnavailableError:
        reason = first_line(error, 200)
        return ModelUnavailableError(
            "The model {title} could not be fetched from the model hub ({repo}: {reason}). Connect "
            "to the internet, set HF_ENDPOINT to a mirror, copy the model to a folder and choose "
            "that, or use one of the models that came with the app.",
            title=model.title,
            repo=self.repository,
            reason=reason,
        )


def downloaded() -> Availability:
    """Return that a model lies in the model store."""
    return Availability(True, DOWNLOADED, Message(N_("On this machine, downloaded before.")))


def _endpoint() -> str | None:
    # Read here, because the library reads it only once, when it is imported.
    return os.environ.get("HF_ENDPOINT") or None


_ANY = (ANY_LANGUAGE,)
E5_PROMPTS = {QUERY: "query: ", DOCUMENT: "passage: "}
_BGE_PROMPTS = {QUERY: "Represent this sentence for searching relevant passages: "}
_RURI_PROMPTS = {QUERY: "検索クエリ: ", DOCUMENT: "検索文書: "}

HUB = (
    EmbeddingModel(
        key="all-MiniLM-L12-v2",
        meaning=N_("English model, a little larger and slower than all-MiniLM-L6-v2."),
        dimension=384,
        max_length=128,
        size_mb=133,
        relative_speed=0.5,
        files=HubRepository("sentence-transformers/all-MiniLM-L12-v2"),
    ),
    EmbeddingModel(
        key="all-mpnet-base-v2",
        meaning=N_("Strong general English model, a good teacher for a smaller one."),
        dimension=768,
        max_length=384,
        size_mb=438,
        relative_speed=0.12,
        files=HubRepository("sentence-transformers/all-mpnet-base-v2"),
    ),
    EmbeddingModel(
        key="multilingual-e5-small",
        meaning=N_("Small model for about 100 languages, in full precision."),
        languages=_ANY,
        dimension=384,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=471,
        relative_speed=0.4,
        files=HubRepository("intfloat/multilingual-e5-small"),
    ),
    EmbeddingModel(
        key="multilingual-e5-base",
        meaning=N_("Medium-sized model for about 100 languages."),
        languages=_ANY,
        dimension=768,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=1112,
        relative_speed=0.1,
        files=HubRepository("intfloat/multilingual-e5-base"),
    ),
    EmbeddingModel(
        key="bge-small-en-v1.5",
        meaning=N_("Small English model made for search."),
        dimension=384,
        max_length=512,
        prompts=_BGE_PROMPTS,
        licence="MIT",
        size_mb=133,
        relative_speed=0.45,
        files=HubRepository("BAAI/bge-small-en-v1.5"),
    ),
    EmbeddingModel(
        key="bge-base-en-v1.5",
        meaning=N_("Medium-sized English model made for search."),
        dimension=768,
        max_length=512,
        prompts=_BGE_PROMPTS,
        licence="MIT",
        size_mb=438,
        relative_speed=0.12,
        files=HubRepository("BAAI/bge-base-en-v1.5"),
    ),
    EmbeddingModel(
        key="gte-small",
        meaning=N_("Small general English model."),
        dimension=384,
        max_length=512,
        licence="MIT",
        size_mb=67,
        relative_speed=0.45,
        files=HubRepository("thenlper/gte-small"),
    ),
    EmbeddingModel(
        key="paraphrase-multilingual-MiniLM-L12-v2",
        meaning=N_("Finds sentences that say the same, in about 50 languages."),
        languages=_ANY,
        dimension=384,
        max_length=128,
        size_mb=471,
        relative_speed=0.45,
        files=HubRepository("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"),
    ),
    EmbeddingModel(
        key="bge-m3",
        meaning=N_("Large model for about 100 languages and long texts; a GPU is advised."),
        languages=_ANY,
        dimension=1024,
        max_length=8192,
        licence="MIT",
        size_mb=2271,
        relative_speed=0.03,
        files=HubRepository("BAAI/bge-m3"),
    ),
    EmbeddingModel(
        key="ruri-v3-30m",
        title="Ruri v3 30m",
        meaning=N_("Small Japanese model made for search."),
        languages=("ja",),
        dimension=256,
        max_length=8192,
        prompts=_RURI_PROMPTS,
        size_mb=147,
        relative_speed=0.5,
        files=HubRepository("cl-nagoya/ruri-v3-30m"),
    ),
    EmbeddingModel(
        key="ruri-v3-310m",
        title="Ruri v3 310m",
        meaning=N_("Strong Japanese model made for search; a GPU is advised."),
        languages=("ja",),
        dimension=768,
        max_length=8192,
        prompts=_RURI_PROMPTS,
        size_mb=1260,
        relative_speed=0.05,
        files=HubRepository("cl-nagoya/ruri-v3-310m"),
    ),
    EmbeddingModel(
        key="static-similarity-mrl-multilingual-v1",
        meaning=N_(
            "Very fast model for about 50 languages that averages the meaning of single words "
            "and does not see their order."
        ),
        languages=_ANY,
        dimension=1024,
        size_mb=433,
        relative_speed=30.0,
        files=HubRepository("sentence-transformers/static-similarity-mrl-multilingual-v1"),
    ),
)
