"""A model folder of the user as an expert, cross-encoders included."""

from __future__ import annotations

from pathlib import Path

from core.experts.cross_encoder import CrossEncoderExpert
from core.experts.encoders import EmbeddingModel
from core.experts.folders import check_folder, is_cross_encoder, own_folder
from core.experts.models import ModelExpert, OwnFolder
from core.messages import N_

FOLDER_PREFIX = "local:"


def expert_in_folder(path: Path) -> ModelExpert:
    """Return the expert of a sentence-transformers folder; its key is ``local:<path>``.

    Raises
    ------
    ModelUnavailableError
        If the folder is no such folder, has no safetensors weights or needs code of its own.
    """
    path = own_folder(str(path))
    check_folder(path)
    kind: type[ModelExpert] = EmbeddingModel
    meaning = N_("A model folder of yours.")
    if is_cross_encoder(path):
        kind = CrossEncoderExpert
        meaning = N_(
            "A model folder of yours that reads question and answer together (cross-encoder); it "
            "scores the most likely pairs only."
        )
    folder = kind.read(path)
    return kind(
        key=f"{FOLDER_PREFIX}{folder.path}",
        title=folder.path.name,
        meaning=meaning,
        languages=(),
        dimension=folder.dimension,
        max_length=folder.max_length,
        prompts=folder.prompts,
        licence="",
        commercial_use=False,
        size_mb=round(sum(file.stat().st_size for file in folder.weights) / 1e6),
        files=OwnFolder(folder.path),
    )
