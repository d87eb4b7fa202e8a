"""The README.md of a tuned model: metadata for the model hub, and words for people.

It holds counts and figures only, never a text of the user.
Metadata as of https://huggingface.co/docs/hub/model-cards and its model-index.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.evaluation.measures import METRICS
from core.evaluation.verdict import REGIME_TEXTS
from core.messages import Message
from core.reporting.model_export import archive_name
from core.reporting.report_content import RegimeResults, ReportContent, TuningFacts
from core.reporting.wording import Wording
from core.types import TRAIN, Generality

LIBRARY = "sentence-transformers"
TAGS = (LIBRARY, "sentence-similarity", "feature-extraction", "question-answering-search")
_EXAMPLES = (["How can I send something back?"], ["You can return items within 30 days."])


@dataclass(frozen=True)
class CardInput:
    """What a model card says; everything after ``tuning`` may be empty.

    Attributes
    ----------
    questions, answers, training : int
        Size of the data, and questions learned from.
    experts : tuple of str
        Titles.
    rule_title, rule_meaning : str
        Message ids.
    """

    tuning: TuningFacts
    questions: int
    answers: int
    training: int
    experts: tuple[str, ...]
    rule_title: str
    rule_meaning: str
    regimes: tuple[RegimeResults, ...] = ()
    generality: tuple[Generality, ...] = ()
    refusals: tuple[Message, ...] = ()

    @classmethod
    def of(cls, report: ReportContent) -> CardInput:
        """Return the part of a report that goes into a card."""
        return cls(
            tuning=report.tuning,
            questions=report.data.questions,
            answers=report.data.answers,
            training=report.data.split.get(TRAIN, (0, 0))[0],
            experts=tuple(e.title for e in report.experts if e.key in report.labels.recipe.experts),
            rule_title=report.labels.rule_title,
            rule_meaning=report.labels.rule_meaning,
            regimes=report.regimes,
            generality=report.generality,
            refusals=report.refusals,
        )


def model_card(card: CardInput, language: str, *, onnx: Message | None = None) -> str:
    """Return the text of README.md: YAML front matter, then Markdown.

    Parameters
    ----------
    onnx : Message or None
        What the check of the ONNX file measured, None where none is handed over.
    """
    import yaml

    name = archive_name(card.tuning.base_key)
    questions, answers = (json.dumps(texts) for texts in _EXAMPLES)
    text = (
        Wording(language)
        .template("model_card.md.jinja", html=False)
        .render(
            c=card,
            onnx=onnx,
            title=name,
            folder=name,
            prompts=[(role, prompt) for role, prompt in card.tuning.prompts.items() if prompt],
            example_questions=questions,
            example_answers=answers,
        )
    )
    front = yaml.safe_dump(
        metadata(card, name, onnx=onnx is not None), sort_keys=False, allow_unicode=True
    )
    return f"---\n{front}---\n\n{text}"


def metadata(card: CardInput, name: str, *, onnx: bool = False) -> dict[str, Any]:
    """Return the front matter as a document of plain types."""
    tuning = card.tuning
    document: dict[str, Any] = {
        "library_name": LIBRARY,
        "pipeline_tag": "sentence-similarity",
        "license": tuning.base_licence.lower() or "other",
        "language": list(tuning.languages) or ["multilingual"],
        "tags": [*TAGS, "onnx"] if onnx else list(TAGS),
    }
    if tuning.base_repo:
        document |= {"base_model": tuning.base_repo, "base_model_relation": "finetune"}
    results = [_result(regime) for regime in card.regimes]
    if any(result["metrics"] for result in results):
        document["model-index"] = [{"name": name, "results": results}]
    return document


def _result(regime: RegimeResults) -> dict[str, Any]:
    tuned = next((arm for arm in regime.arms if arm.kind == "tuned"), None)
    title = REGIME_TEXTS[regime.key].title
    return {
        "task": {"type": "information-retrieval", "name": "Information Retrieval"},
        "dataset": {
            "type": f"held-out-{regime.key}",
            "name": f"{title} ({regime.questions} held-out questions, not published)",
        },
        "metrics": [
            {
                "type": metric,
                "name": METRICS[metric].title_in(str),
                "value": round(interval.value, 4),
                "args": {"interval_95": [round(interval.low, 4), round(interval.high, 4)]},
            }
            for metric, interval in (tuned.metrics.items() if tuned else ())
            if metric in METRICS
        ],
    }
