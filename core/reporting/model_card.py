"""The README.md of a tuned model: metadata for the model hub, and words for people.

It holds counts and figures only, never a text of the user.
Metadata as of https://huggingface.co/docs/hub/model-cards and its model-index.
"""

from __future__ import annotations

import json
from typing import Any

from core.evaluation.measures import METRICS
from core.evaluation.verdict import REGIME_TEXTS
from core.messages import Message
from core.reporting.model_export import archive_name
from core.reporting.report_content import RegimeResults, ReportContent, TuningFacts
from core.reporting.wording import Wording
from core.types import TRAIN
from core.types.expert_entry import DOCUMENT

LIBRARY = "sentence-transformers"
TAGS = (LIBRARY, "sentence-similarity", "feature-extraction", "question-answering-search")
_EXAMPLES = (["How can I send something back?"], ["You can return items within 30 days."])


def model_card(report: ReportContent, language: str, *, onnx: Message | None = None) -> str:
    """Return the text of README.md: YAML front matter, then Markdown.

    Parameters
    ----------
    report : ReportContent
        Without regimes where the model was never compared.
    onnx : Message or None
        What the check of the ONNX file measured, None where none is handed over.
    """
    import yaml

    base = report.tuning.base
    name = archive_name(base.key)
    asked = report.labels.recipe.experts
    questions, answers = (json.dumps(texts) for texts in _EXAMPLES)
    template = Wording(language).template("model_card.md.jinja", html=False)
    text = template.render(
        r=report,
        onnx=onnx,
        name=name,
        training=report.data.split.get(TRAIN, (0, 0))[0],
        experts=[e.origin.title for e in report.experts if e.origin.key in asked],
        prompts=_prompts(report.tuning),
        example_questions=questions,
        example_answers=answers,
    )
    front = yaml.safe_dump(
        metadata(report, name, onnx=onnx is not None), sort_keys=False, allow_unicode=True
    )
    return f"---\n{front}---\n\n{text}"


def _prompts(tuning: TuningFacts) -> dict[str, str]:
    """Return the texts put before questions and answers, by role, where there are any."""
    prompts = dict(tuning.base.prompts)
    if tuning.reader is not None:
        prompts[DOCUMENT] = tuning.reader.prompts.get(DOCUMENT, "")
    return {role: prompt for role, prompt in prompts.items() if prompt}


def metadata(report: ReportContent, name: str, *, onnx: bool = False) -> dict[str, Any]:
    """Return the front matter as a document of plain types."""
    base = report.tuning.base
    document: dict[str, Any] = {
        "library_name": LIBRARY,
        "pipeline_tag": "sentence-similarity",
        "license": base.licence.lower() or "other",
        "language": list(base.languages) or ["multilingual"],
        "tags": [*TAGS, "onnx"] if onnx else list(TAGS),
    }
    if base.repo:
        document |= {"base_model": base.repo, "base_model_relation": "finetune"}
    results = [_measured(regime) for regime in report.regimes]
    if any(measured["metrics"] for measured in results):
        document["model-index"] = [{"name": name, "results": results}]
    return document


def _measured(regime: RegimeResults) -> dict[str, Any]:
    tuned = next((system for system in regime.systems if system.kind == "tuned"), None)
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
