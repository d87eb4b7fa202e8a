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


INT8, DISTILLED = "int8", "model2vec"  # the smaller forms of a model


@dataclass(frozen=True)
class SmallForm:
    """A smaller form of a tuned model, measured beside the model itself.

    Attributes
    ----------
    key : str
        ``int8`` or ``model2vec``.
    megabytes, full_megabytes : float
        On disk, of the form and of the model.
    questions : int
        Held-out questions of the project, searched with both; 0 where it failed.
    before, after : float
        nDCG@10 of the model and of the form on them.
    low, high : float
        95% interval of after minus before, clustered by answer group.
    query_ms, full_query_ms : float
        Median of single questions, of the form and of the model on the same processor.
    failure : Message or None
        Why there is none.
    """

    key: str
    megabytes: float = 0.0
    full_megabytes: float = 0.0
    questions: int = 0
    before: float = 0.0
    after: float = 0.0
    low: float = 0.0
    high: float = 0.0
    query_ms: float = 0.0
    full_query_ms: float = 0.0
    failure: Message | None = None

    @property
    def loses(self) -> bool:
        """Whether it shows that the form finds less than the model."""
        return self.high < 0

    def message(self) -> Message:
        """Return the measurement as a sentence."""
        if self.failure is not None:
            return self.failure
        params: dict[str, str | int | float] = {
            "before": f"{self.before:.3f}",
            "after": f"{self.after:.3f}",
            "low": f"{self.low:+.3f}",
            "high": f"{self.high:+.3f}",
            "questions": self.questions,
            "size": f"{self.megabytes:.0f}",
            "full": f"{self.full_megabytes:.0f}",
            "ms": f"{self.query_ms:.1f}",
            "full_ms": f"{self.full_query_ms:.1f}",
        }
        if self.loses:
            text = N_(
                "It finds less: nDCG@10 {after} instead of {before} on {questions} held-out "
                "questions ({low} to {high}); {size} instead of {full} MB, {ms} instead of "
                "{full_ms} ms for a question."
            )
        else:
            text = N_(
                "No loss that shows: nDCG@10 {after} beside {before} on {questions} held-out "
                "questions ({low} to {high}); {size} instead of {full} MB, {ms} instead of "
                "{full_ms} ms for a question."
            )
        return Message(text, params)


@dataclass(frozen=True)
class SmallFormsRequest:
    """Whose smaller forms are made, and on which data they are measured."""

    dataset_id: str
    tune_run: str


@dataclass(frozen=True)
class SmallFormsResult:
    """What came out; the forms lie in the run folder."""

    tune_run: str
    forms: tuple[SmallForm, ...]
