"""Does the ONNX file do what the model does? Measured on real texts before anybody may have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.measures import NDCG
from core.evaluation.retrieval import rank
from core.messages import N_, Message
from core.reporting.onnx_graph import FILE, INPUTS, TokenRules
from core.types import TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN, QADataset

MOST_DISTANCE = 1e-4  # 1 - cosine; rounding of single precision stays below 1e-5
MOST_CHANGE = 0.001  # nDCG@10, on either side
MOST_QUESTIONS, MOST_ANSWERS = 200, 2000  # so that the check takes a minute and not an hour
_BATCH = 32

Encode = Callable[[Sequence[str], str], np.ndarray]  # (texts, prompt) -> unit vectors [n, d]


@dataclass(frozen=True)
class Fidelity:
    """How far the ONNX file is from the model it was made from.

    Attributes
    ----------
    texts : int
        Compared one by one.
    distance : float
        Largest 1 - cosine between the two vectors of one text.
    questions : int
        Validation questions (never test questions) searched with both.
    before, after : float
        nDCG@10 of the model and of the ONNX file on them.
    """

    texts: int
    distance: float
    questions: int
    before: float
    after: float

    @property
    def change(self) -> float:
        """NDCG@10 of the ONNX file minus that of the model."""
        return self.after - self.before

    @property
    def passed(self) -> bool:
        """Whether both figures lie within their bounds."""
        return bool(self.distance <= MOST_DISTANCE and abs(self.change) <= MOST_CHANGE)

    def message(self) -> Message:
        """Return the measurement as a sentence."""
        params: dict[str, str | int | float] = {
            "texts": self.texts,
            "distance": f"{self.distance:.1e}",
            "bound": f"{MOST_DISTANCE:.0e}",
            "questions": self.questions,
            "before": f"{self.before:.4f}",
            "after": f"{self.after:.4f}",
            "most": f"{MOST_CHANGE:g}",
        }
        if self.passed:
            text = N_(
                "Checked: the largest distance between the vectors of {texts} texts is {distance} "
                "(1 − cosine, bound {bound}); nDCG@10 on {questions} validation questions is "
                "{after}, with the model itself {before}."
            )
        else:
            text = N_(
                "Refused: the ONNX file does not do what the model does. The largest distance "
                "between the vectors of {texts} texts is {distance} (1 − cosine, bound {bound}); "
                "nDCG@10 on {questions} validation questions is {after}, with the model itself "
                "{before} (bound {most}). Use the model folder instead."
            )
        return Message(text, params)


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


def onnx_encoder(folder: Path, rules: TokenRules) -> Encode:
    """Return an encoder that runs the exported folder the way the snippet for it does."""
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
    session = onnxruntime.InferenceSession(
        str(folder / FILE), options, providers=["CPUExecutionProvider"]
    )

    def encode(texts: Sequence[str], prompt: str) -> np.ndarray:
        parts = []
        for start in range(0, len(texts), _BATCH):
            batch = [prompt + text for text in texts[start : start + _BATCH]]
            found = tokenizer.encode_batch(batch, add_special_tokens=rules.special)
            ids = np.array([one.ids for one in found], np.int64)
            mask = np.array([one.attention_mask for one in found], np.int64)
            parts.append(session.run(None, dict(zip(INPUTS, (ids, mask), strict=True)))[0])
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    return encode


def _ndcg(questions: np.ndarray, answers: np.ndarray, relevance: Any) -> float:
    values = (NDCG @ 10).of(relevance, rank(questions, answers, 10).top_answers)
    return float(values.mean()) if len(values) else 0.0
