"""Asymmetric search: a large model reads the answers, once; the small one reads the questions.

Answers are read when an index is made, questions while somebody waits. So the answers may have the
better vectors of a large model, if the small one learns to put its questions among them. It starts
there by a projection: the rotation that brings the vectors of the small model nearest to those of
the large one on the same texts. Both models then are one sentence-transformers folder with two
routes (``encode_query``, ``encode_document``); only the route of the questions learns.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.experts.encoding import load_model
from core.tuning.student import whole_folder


def fit_rotation(small: np.ndarray, large: np.ndarray) -> np.ndarray:
    r"""Return the projection from small to large vectors that changes no angle more than it must.

    :math:`\arg\min_W \|XW - Y\|_F` over matrices with orthonormal rows (columns, where the large
    model has the shorter vectors): :math:`W = UV^\top` of :math:`X^\top Y = U \Sigma V^\top`
    (Schönemann 1966, the orthogonal Procrustes problem). A free least-squares projection fits the
    given texts better and others worse: see docs/method.md.

    Parameters
    ----------
    small : float array [n, d_s]
    large : float array [n, d_l]
        Vectors of the same texts in the same order.

    Returns
    -------
    float32 array [d_s, d_l]
    """
    left, _, right = np.linalg.svd(small.T.astype(np.float64) @ large, full_matrices=False)
    return (left @ right).astype(np.float32)


def write_two_models(
    questions: Path,
    answers: Path,
    projection: np.ndarray,
    prompts: Mapping[str, str],
    folder: Path,
) -> None:
    """Join two model folders to one that reads questions by the first, answers by the second.

    Parameters
    ----------
    projection : float array [d_s, d_l]
        Brings the vectors of the first model into the space of the second.
    prompts : mapping of ``query`` and ``document`` to text
    folder : Path
        Replaced where it exists; the folder above must be there.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Router

    small: Any = load_model(questions, "cpu")
    large: Any = load_model(answers, "cpu")
    dense = Dense(
        projection.shape[0],
        projection.shape[1],
        bias=False,
        activation_function=torch.nn.Identity(),
        init_weight=torch.from_numpy(np.ascontiguousarray(projection.T)),
    )
    routes = Router.for_query_document(
        query_modules=[*small.children(), dense, Normalize()],
        document_modules=list(large.children()),
    )
    model = SentenceTransformer(
        modules=[routes], device="cpu", prompts={**prompts}, similarity_fn_name="cosine"
    )
    with whole_folder(folder):
        model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
