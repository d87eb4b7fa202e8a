"""A sentence-transformers model as one ONNX file (token ids in, unit vectors out), and its check.

The file holds everything after the tokenizer: transformer (or word vectors), pooling, further
layers, scaling to length 1. So whoever runs it needs a tokenizer and nothing else, and cannot pool
in another way than the model was measured with.

It is not laid out as sentence-transformers' own ``backend="onnx"`` expects (token vectors, pooled
afterwards): that one needs optimum, which does not go together with present transformers.

Whether it does what the model does is measured on real texts before anybody may have it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ExportError, Stopped
from core.evaluation.measures import NDCG
from core.evaluation.search import rank
from core.experts.onnx_graph import (
    INPUTS,
    missing_packages as missing_packages,
    write_onnx as write_onnx,
)
from core.messages import N_, Message
from core.types import TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN, QADataset, Reporter
from core.types.exporting import Fidelity, TokenRules

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FILE = "sentence_embedding.onnx"
MOST_QUESTIONS, MOST_ANSWERS = 200, 2000  # so that the check takes a minute and not an hour
_BATCH = 32
_SEED = 0  # of the texts that are checked

Encode = Callable[[Sequence[str], str], np.ndarray]  # (texts, prompt) -> unit vectors [n, d]


def convert_and_check(
    model: SentenceTransformer,
    encode: Encode,
    dataset: QADataset,
    prompts: tuple[str, str],
    target: Path,
    report: Reporter,
) -> tuple[Fidelity, TokenRules, int]:
    """Write ONNX file and tokenizer; returns fidelity, token rules and dimension.

    Where the check fails, the file is deleted again.

    Parameters
    ----------
    encode : callable
        What the model itself makes of texts.
    prompts : (str, str)
        Of questions and of answers.
    target : Path
        Folder that is there.

    Raises
    ------
    ExportError
        If the model cannot be converted at all.
    Stopped
        If somebody asked to stop.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    rules = token_rules(model)
    go_on(report, 0.2, Message(N_("Converting it to ONNX")))
    write_onnx(model, target / FILE)
    save_tokenizer(model, target / "tokenizer.json")
    go_on(report, 0.5, Message(N_("Comparing the ONNX file with the model")))
    exported = onnx_encoder(target, rules)
    fidelity = measure_fidelity(dataset, encode, exported, prompts, seed=_SEED)
    if not fidelity.passed:
        (target / FILE).unlink()
        report.warning(fidelity.message())
    return fidelity, rules, int(model.get_embedding_dimension() or 0)


def go_on(report: Reporter, fraction: float, what: Message) -> None:
    """Say what comes next, or end here where somebody asked to stop."""
    if report.should_stop():
        raise Stopped
    report.progress(fraction, what)


def token_rules(model: SentenceTransformer) -> TokenRules:
    """Return how the tokenizer of a model has to be set up."""
    if _is_static(model):
        return TokenRules(None, False, 0)
    tokenizer: Any = model.tokenizer
    return TokenRules(int(model.max_seq_length or 512), True, int(tokenizer.pad_token_id or 0))


def save_tokenizer(model: SentenceTransformer, target: Path) -> None:
    """Write tokenizer.json, which the package ``tokenizers`` reads without transformers.

    Raises
    ------
    ExportError
        If the model has a tokenizer that cannot be written so.
    """
    tokenizer: Any = model[0].tokenizer if _is_static(model) else model.tokenizer
    fast = tokenizer if _is_static(model) else getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ExportError(
            "The tokenizer of this model ({kind}) cannot be used without transformers, so there "
            "is no ONNX export of it. Use the model folder with sentence-transformers instead.",
            kind=type(tokenizer).__name__,
        )
    fast.save(str(target))


def _is_static(model: SentenceTransformer) -> bool:
    return type(model[0]).__name__ == "StaticEmbedding"


def checked_rows(dataset: QADataset, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return question rows and answer rows of the check, ascending; right answers always kept.

    Validation questions; training questions where there are none, never test questions.
    """
    rng = np.random.default_rng(seed)
    rows = dataset.rows(VALIDATION_KNOWN, VALIDATION_UNSEEN)
    rows = rows if len(rows) else dataset.rows(TRAIN)
    rows = rows[np.isin(rows, dataset.right_question)]
    questions = np.sort(rng.permutation(rows)[:MOST_QUESTIONS])
    right = dataset.right_answer[np.isin(dataset.right_question, questions)]
    others = np.setdiff1d(np.arange(len(dataset.answers)), right)
    spare = max(0, MOST_ANSWERS - len(np.unique(right)))
    return questions, np.union1d(right, rng.permutation(others)[:spare]).astype(np.int64)


def measure_fidelity(
    dataset: QADataset,
    model: Encode,
    exported: Encode,
    prompts: tuple[str, str],
    *,
    seed: int,
) -> Fidelity:
    """Encode the same texts both ways and compare vectors and rankings.

    Parameters
    ----------
    model, exported : callable
        ``(texts, prompt) -> float32 array [n, d]``, unit length.
    prompts : (str, str)
        Of questions and of answers.
    """
    rows, columns = checked_rows(dataset, seed)
    questions = [dataset.questions[row] for row in rows]
    answers = [dataset.answers[column] for column in columns]
    sides = [
        (encode(questions, prompts[0]), encode(answers, prompts[1])) for encode in (model, exported)
    ]
    relevance = dataset.relevance[rows][:, columns]
    scores = [_ndcg(left, right, relevance) for left, right in sides]
    both = [np.concatenate(side).astype(np.float64) for side in sides]
    known = np.linalg.norm(both[0], axis=1) > 0  # a text without a known token has no direction
    cosine = (both[0] * both[1]).sum(axis=1)[known]
    return Fidelity(
        texts=len(rows) + len(columns),
        distance=float(max(0.0, (1 - cosine).max())) if cosine.size else 0.0,
        questions=len(rows),
        before=scores[0],
        after=scores[1],
    )


def onnx_encoder(folder: Path, rules: TokenRules, threads: int = 0) -> Encode:
    """Return an encoder that runs the exported folder the way the snippet for it does.

    Parameters
    ----------
    threads : int
        That compute one batch together; 0 = as many as ONNX Runtime likes. The encoder may be
        called by several threads at once.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if rules.max_length is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(rules.max_length)
    tokenizer.enable_padding(pad_id=rules.pad)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: warnings about the hardware worry people
    # Threads that wait sleep instead of spinning: others on the machine need the processor, too.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(folder / FILE), options, providers=["CPUExecutionProvider"]
    )

    def encode(texts: Sequence[str], prompt: str) -> np.ndarray:
        parts = []
        for start in range(0, len(texts), _BATCH):
            batch = [prompt + text for text in texts[start : start + _BATCH]]
            encodings = tokenizer.encode_batch(batch, add_special_tokens=rules.special)
            ids = np.array([encoding.ids for encoding in encodings], np.int64)
            mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
            parts.append(session.run(None, dict(zip(INPUTS, (ids, mask), strict=True)))[0])
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    return encode


def _ndcg(questions: np.ndarray, answers: np.ndarray, relevance: Any) -> float:
    values = (NDCG @ 10).of(relevance, rank(questions, answers, 10).top_answers)
    return float(values.mean()) if len(values) else 0.0
