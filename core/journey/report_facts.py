"""What a report says about data, experts, labels and tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.documents import from_json
from core.errors import AppError
from core.experts.catalogue import catalogue, find_entry
from core.experts.source import ExpertSource
from core.journey.data import split_counts
from core.messages import N_, Message
from core.reporting.report_content import (
    AlphaPoint,
    DataFacts,
    ExpertFacts,
    LabelFacts,
    TuningFacts,
)
from core.tuning.config import TuningConfig, settings
from core.types import Interval, LabelRecipe, Override, QADataset
from core.types.expert_entry import ANY_LANGUAGE


def data_facts(dataset: QADataset, report: Mapping[str, Any]) -> DataFacts:
    """Return what was uploaded; ``report`` is that of the import."""
    from core.data.checks import PERSONAL_DATA

    summary: Mapping[str, Any] = report.get("summary", {})
    personal: Mapping[str, Any] = summary.get("personal_data", {})
    return DataFacts(
        file=str(report.get("file", "")),
        format=str(report.get("format", "")),
        rows_read=summary.get("rows_read"),
        rows_taken=summary.get("rows_taken"),
        rows_set_aside=summary.get("rows_set_aside"),
        questions=len(dataset.questions),
        answers=len(dataset.answers),
        groups=len(np.unique(dataset.question_group)),
        split=split_counts(dataset),
        personal_data=tuple(
            (PERSONAL_DATA[key].title, int(found["count"]))
            for key, found in personal.items()
            if key in PERSONAL_DATA and found["count"]
        ),
        warnings=tuple(Message.from_json(w) for w in report.get("warnings", ())),
    )


def expert_facts(
    recipe: LabelRecipe, scoring: Mapping[str, Any] | None, weights: Mapping[str, float]
) -> tuple[ExpertFacts, ...]:
    """Return the scored experts, those of the recipe first."""
    from core.labels.rules import RULES, mean, weighted_mean

    rule = RULES.get(recipe.rule)
    # The middle, the highest or the lowest opinion has no weights to speak of.
    weighed = rule is not None and rule.combine in (mean, weighted_mean) and recipe.blend < 1
    figures = {f["expert"]: f for f in (scoring or {}).get("figures", ())}
    keys = dict.fromkeys((*recipe.experts, *figures))
    facts = []
    for key in keys:
        entry, found = _entry(key), figures.get(key, {})
        facts.append(
            ExpertFacts(
                key=key,
                title=title_of(key),
                licence=entry.licence if entry else "",
                commercial_use=entry.commercial_use if entry else False,
                ndcg=from_json(Interval, found["ndcg"]) if found.get("ndcg") else None,
                weight=weights.get(key) if weighed and key in recipe.experts else None,
                seconds=float(found.get("seconds", 0.0)),
                fingerprint=str(found.get("fingerprint", "")),
            )
        )
    return tuple(facts)


def agreement(scoring: Mapping[str, Any] | None) -> tuple[Message, ...]:
    """Return which experts are most and least alike, nothing for fewer than three."""
    if scoring is None or len(scoring["figures"]) < 3:
        return ()
    titles = [title_of(f["expert"]) for f in scoring["figures"]]
    table = np.array(scoring["agreement"], np.float64)
    pairs = [
        (table[i, j], titles[i], titles[j])
        for i in range(len(titles))
        for j in range(i + 1, len(titles))
        if np.isfinite(table[i, j])
    ]
    if not pairs:
        return ()
    text = N_(
        "Most alike are {first} and {second} (rank correlation {value}); least alike are {third} "
        "and {fourth} ({other}). Experts that agree almost always add little to each other."
    )
    (most, first, second), (least, third, fourth) = max(pairs), min(pairs)
    params: dict[str, str | int | float] = {
        "first": first,
        "second": second,
        "value": f"{most:.2f}",
        "third": third,
        "fourth": fourth,
        "other": f"{least:.2f}",
    }
    return (Message(text, params),)


def label_facts(
    request: Mapping[str, Any], recipe: LabelRecipe, overrides: tuple[Override, ...]
) -> LabelFacts:
    """Return how labels were made; ``request`` is that of the tuning run."""
    from core.labels.groups import ATTRIBUTES
    from core.labels.rules import RULES

    rule = RULES.get(recipe.rule)
    return LabelFacts(
        recipe_name=str(request.get("recipe_name", "")),
        rule_title=rule.title if rule else recipe.rule,
        rule_meaning=rule.meaning if rule else "",
        recipe=recipe,
        overrides=overrides,
        recentred=tuple(ATTRIBUTES[key].title for key in recipe.recentre if key in ATTRIBUTES),
    )


def tuning_facts(config: TuningConfig, result: Mapping[str, Any]) -> TuningFacts:
    """Return how the model was tuned."""
    entry, device = _entry(config.base_model), result["device"]
    return TuningFacts(
        base_key=config.base_model,
        base_title=title_of(config.base_model),
        base_licence=entry.licence if entry else "",
        base_repo=_repository(entry) if entry else None,
        base_note=entry.meaning if entry else "",
        prompts=entry.prompts if entry else {},
        languages=tuple(x for x in entry.languages if x != ANY_LANGUAGE) if entry else (),
        commercial_use=entry.commercial_use if entry else False,
        settings=tuple(
            (setting.metadata["title"], _shown(getattr(config, setting.name)))
            for setting in settings()
            if setting.name != "base_model"  # named above the settings already
        ),
        device=f"{device['name']} ({device['kind']}, {device['precision']})",
        seconds=float(result["seconds"]),
        steps=int(result["steps"]),
        curve=tuple((int(p["step"]), float(p["score"])) for p in result["curve"]),
        best_step=int(result["best_step"]),
        best_score=result["best_score"],
        base_score=result["base_score"],
        stopped_early=bool(result["stopped_early"]),
        cancelled=bool(result["cancelled"]),
        alphas=_alphas(result),
    )


def _alphas(result: Mapping[str, Any]) -> tuple[AlphaPoint, ...]:
    """Return the mixes that a run measured, from base to tuned."""
    kept = float(result.get("alpha", 1.0))
    points = sorted(result.get("alpha_sweep", ()), key=lambda one: float(one["alpha"]))
    return tuple(
        AlphaPoint(one["alpha"], one["score"], one.get("generality"), one["alpha"] == kept)
        for one in points
        if one.get("score") is not None
    )


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _entry(key: str) -> ExpertSource | None:
    try:
        return find_entry(key)
    except AppError:
        return None  # a folder of the user that is gone since: the report says less about it


def title_of(key: str) -> str:
    """Return what the user calls an expert; its key where it is not known."""
    entry = _entry(key)
    return entry.title if entry else key


def _repository(entry: ExpertSource) -> str | None:
    """Return the hub repository of a model, or of the model whose weights it holds rounded."""
    origins = (e for e in catalogue().values() if entry.key.startswith(f"{e.key}-"))
    return entry.repository or next((e.repository for e in origins if e.repository), None)
