"""The ONNX export of a tuned model: what is asked for, how the file is read, how true it is."""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import N_, Message

MOST_DISTANCE = 1e-4  # 1 - cosine; rounding of single precision stays below 1e-5
MOST_CHANGE = 0.001  # nDCG@10, on either side


@dataclass(frozen=True)
class TokenRules:
    """How texts become the inputs of the file.

    Attributes
    ----------
    max_length : int or None
        Tokens read of a text; None = all.
    special : bool
        Whether the tokenizer adds its begin and end signs.
    pad : int
        Id that fills up short texts; the mask hides it.
    """

    max_length: int | None
    special: bool
    pad: int


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


@dataclass(frozen=True)
class ExportRequest:
    """Which tuned model to convert, and on whose texts to check it."""

    dataset_id: str | None
    tune_run: str


@dataclass(frozen=True)
class ExportResult:
    """What came out; the ONNX file lies in the run folder if it passed its check.

    Attributes
    ----------
    dimension : int
        Length of a vector.
    """

    tune_run: str
    fidelity: Fidelity
    rules: TokenRules
    dimension: int
