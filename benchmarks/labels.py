"""Speed of the Labels page at the size of a large pilot: ``python benchmarks/labels.py``.

2,000 questions × 5,000 answers (10 million pairs), 8 embedding experts. Their vectors are made up
(one direction per answer group plus noise that differs by expert), because only speed is measured;
everything else is the product's own code: scoring through the embedding cache, the sample of pairs,
the fit, and what one move of a slider recomputes and draws.

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.support.machine import machine, peak_mb
from core.evaluation.label_preview import LabelPreview
from core.experts.bundled import UniversalSentenceModel
from core.experts.catalogue import catalogue
from core.experts.encoders import EmbeddingModel
from core.experts.expert_scores import score_dataset
from core.experts.source import ScoringContext
from core.hashing import content_id
from core.labels.groups import groupings
from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.reporting.charts.bias_charts import bias_chart
from core.reporting.charts.label_charts import label_histogram, score_histograms
from core.types import SPLITS, Calibration, ExpertScores, LabelRecipe, QADataset
from core.types.expert_entry import EMBEDDING
from core.workspace.workspace import Workspace

QUESTIONS, ANSWERS, GROUPS, EXPERTS, DIMENSION = 2000, 5000, 1000, 8, 384
CATEGORIES = ("billing", "delivery", "returns", "account", "products")


def large_dataset() -> QADataset:
    """Two wordings of each of 1,000 answered questions, and 4,000 answers nobody asked for yet."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(GROUPS), QUESTIONS // GROUPS).astype(np.int32)
    words = ["order", "parcel", "refund", "invoice", "size", "colour", "voucher", "store"]

    def text(kind: str, number: int) -> str:
        return f"{kind} {number} {' '.join(rng.choice(words, rng.integers(3, 30)))}"

    return QADataset(
        name="benchmark",
        questions=tuple(text("question", i) for i in range(QUESTIONS)),
        answers=tuple(text("answer", i) for i in range(ANSWERS)),
        question_ids=tuple(f"q{i}" for i in range(QUESTIONS)),
        answer_ids=tuple(f"a{i}" for i in range(ANSWERS)),
        right_question=np.arange(QUESTIONS, dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(QUESTIONS, np.float32),
        question_group=group,
        answer_group=np.arange(ANSWERS, dtype=np.int32),
        split=rng.choice(SPLITS, QUESTIONS, p=(0.5, 0.1, 0.1, 0.15, 0.15)).astype("U18"),
        question_row=np.arange(2, QUESTIONS + 2, dtype=np.int32),
        attributes={"category": tuple(CATEGORIES[one % len(CATEGORIES)] for one in group)},
    )


@dataclass
class CountingEncoder:
    """Stands in for a model: made-up unit vectors, and a count of the texts it was given."""

    fingerprint: str
    noise: float
    meaning: dict[str, np.ndarray]
    prompts: dict[str, str]
    seen: list[str] = field(default_factory=list)
    dimension: int = DIMENSION
    max_length: int | None = None
    device: str = "cpu"

    def prompt(self, role: str) -> str:
        """Return what the catalogue puts before a text."""
        return self.prompts.get(role, "")

    def encode(self, texts: Sequence[str], role: str, report: object = None) -> np.ndarray:
        """Return unit vectors of the texts, and count them."""
        self.seen.extend(self.prompt(role) + text for text in texts)
        rng = np.random.default_rng(len(self.seen))
        vectors = np.stack([self.meaning[text] for text in texts])
        vectors = vectors + self.noise * rng.normal(size=vectors.shape)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def encoders(dataset: QADataset) -> dict[str, CountingEncoder]:
    """Return stand-ins for the first eight embedding models of the catalogue."""
    rng = np.random.default_rng(1)
    groups = rng.normal(size=(ANSWERS, DIMENSION)).astype(np.float32)
    meaning = dict(zip(dataset.answers, groups, strict=True))
    meaning |= dict(zip(dataset.questions, groups[dataset.question_group], strict=True))
    entries = [entry for entry in catalogue().values() if entry.family == EMBEDDING][:EXPERTS]
    assert len(entries) == EXPERTS
    return {
        entry.key: CountingEncoder(
            content_id([entry.key]), 1.5 + 0.3 * place, meaning, dict(entry.prompts)
        )
        for place, entry in enumerate(entries)
    }


def score(
    workspace: Workspace, dataset: QADataset, made: dict[str, CountingEncoder]
) -> tuple[list[ExpertScores], float]:
    """Score through the product's own path; also return texts encoded per distinct text.

    Of all experts the figure that is furthest from one.
    """
    for encoder in made.values():
        encoder.seen.clear()
    with ExitStack() as stack:
        for kind in (EmbeddingModel, UniversalSentenceModel):
            for name, answer in (
                ("encoder", lambda expert, *_: made[expert.key]),
                ("fingerprint", lambda expert, *_: made[expert.key].fingerprint),
            ):
                stack.enter_context(patch.object(kind, name, answer))
        context = ScoringContext(workspace.models, workspace.vectors)
        result = score_dataset(dataset, list(made), context)
    assert len(result.scores) == EXPERTS, dict(result.failures)
    ratios = []
    for encoder in made.values():
        texts = (("query", dataset.questions), ("document", dataset.answers))
        distinct = {encoder.prompt(role) + text for role, many in texts for text in many}
        ratios.append(len(encoder.seen) / len(distinct))
    return list(result.scores), max(ratios, key=lambda ratio: abs(ratio - 1))


def slider_moves(experts: tuple[str, ...]) -> list[LabelRecipe]:
    """Return ten recipes, each one slider away from the default one."""
    start = LabelRecipe(experts)
    return [
        *(replace(start, blend=share) for share in (0.2, 0.35, 0.8)),
        *(replace(start, gain=gain) for gain in (1.5, 2.5)),
        replace(start, temperature=0.7),
        *(
            replace(start, calibrations={experts[0]: Calibration(gamma=gamma)})
            for gamma in (1.4, 2.2)
        ),
        replace(start, calibrations={experts[1]: Calibration(low=5.0, high=97.0)}),
        replace(start, rule="weighted_mean", weights={experts[2]: 0.4}),
    ]


def draw(preview: LabelPreview) -> list[str]:
    """Recompute and draw what the Labels page shows; returns the charts as they are sent."""
    preview.quality()
    charts = [
        label_histogram(preview.sample, preview.combined, str),
        score_histograms(preview.sample, preview.calibrated, preview.combined, preview.names, str),
    ]
    return [chart.figure.to_json() for chart in charts]


def draw_bias(preview: LabelPreview) -> str:
    """Recompute and draw the Bias tab by category."""
    grouping = groupings(preview.dataset)["category"]
    bias = preview.bias(grouping, replicates=100)
    preview.expert_bias(grouping)
    return bias_chart(bias, str).figure.to_json()


def milliseconds(action: object) -> float:
    """Return how long a function without arguments takes."""
    began = time.perf_counter()
    action()  # type: ignore[operator]
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Measure, print the table, then the JSON line."""
    dataset = large_dataset()
    made = encoders(dataset)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder))
        scores, encoded = score(workspace, dataset, made)
        scores, again = score(workspace, dataset, made)
        began = time.perf_counter()
        sample = sample_for_inspection(dataset, scores, seed=0)
        model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(made)))
        opened = time.perf_counter() - began
        preview = LabelPreview(model, sample)
        payloads = [*draw(preview), draw_bias(preview)]  # also warms up imports
        times = []
        for recipe in slider_moves(tuple(made)):

            def move(recipe: LabelRecipe = recipe) -> None:
                payloads.extend(draw(LabelPreview(model.with_recipe(recipe), sample)))

            times.append(milliseconds(move))
        bias_times = [
            milliseconds(lambda: draw_bias(LabelPreview(model, sample))) for _ in range(5)
        ]
    found = {
        "slider_ms": round(statistics.median(times), 1),
        "payload_kb": round(max(map(len, payloads)) / 1024, 1),
        "peak_rss_mb": round(peak_mb()),
        "encoded_per_distinct_text": encoded,
        "encoded_per_distinct_text_second_run": again,
    }
    print(f"{QUESTIONS:,} questions × {ANSWERS:,} answers, {EXPERTS} experts (made-up vectors)")
    print(f"{len(sample):,} pairs looked at; {machine()}\n")
    rows = [
        ("slider move, median of 10", f"{found['slider_ms']} ms", "< 300 ms"),
        ("slider move, slowest", f"{max(times):.1f} ms", ""),
        ("Bias tab, median of 5", f"{statistics.median(bias_times):.1f} ms", "< 300 ms"),
        ("largest chart", f"{found['payload_kb']} kB", "< 200 kB"),
        ("peak memory", f"{found['peak_rss_mb']} MB", "< 1,536 MB"),
        ("texts encoded per distinct text, first run", f"{encoded}", "1.0"),
        ("texts encoded per distinct text, second run", f"{again}", "0.0"),
        ("opening the page the first time", f"{opened:.2f} s", ""),
    ]
    print(f"{'':46}{'measured':>12}   target")
    for name, value, target in rows:
        print(f"{name:46}{value:>12}   {target}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
