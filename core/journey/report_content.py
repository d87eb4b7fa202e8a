"""From runs and records to what a report says: pure, given everything it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.documents import from_json, to_json
from core.evaluation.cost import EncodingCost, Savings
from core.evaluation.geometry import ShapeChange
from core.evaluation.preference import VoteFacts
from core.journey.report_command import Repeat, repeat_command
from core.journey.report_facts import (
    agreement,
    data_facts,
    expert_facts,
    label_facts,
    title_of,
    tuning_facts,
)
from core.journey.report_movements import best_and_worst
from core.messages import N_, Message
from core.reporting.model_card import CardInput
from core.reporting.report_content import ArmRow, InUse, RegimeResults, ReportContent, Sending, Step
from core.tuning.config import TuningConfig
from core.types import TRAIN, Comparison, LabelRecipe, Override, QADataset

SOFTWARE = ("torch", "transformers", "sentence-transformers", "numpy", "scipy", "bm25s")


@dataclass(frozen=True, eq=False)
class ReportSources:
    """What a report is worked out from.

    Attributes
    ----------
    name : str
        What the user calls the project.
    created_at : str
        UTC, ISO 8601.
    import_report : mapping
        As :func:`core.journey.data.read_dataset` returns it.
    scoring : mapping or None
        As :func:`core.journey.experts.run_scoring` returns it.
    tuning_request : mapping
        ``config`` of the tuning run's request: recipe_name, recipe, overrides, tuning.
    tuning_result : mapping
        As :func:`core.journey.tuning.run_tuning` returns it, with ``label_id`` where known.
    weights : mapping of expert to float
        Weights that the recipe's rule gave; empty where unknown.
    runs : mapping of title (message id) to run id
    split_seed : int
    steps, sendings, votes, shape, speeds, savings, in_use
        As in :class:`core.reporting.report_content.ReportContent`.
    """

    name: str
    created_at: str
    dataset: QADataset
    import_report: Mapping[str, Any]
    scoring: Mapping[str, Any] | None
    tuning_request: Mapping[str, Any]
    tuning_result: Mapping[str, Any]
    comparison: Comparison
    weights: Mapping[str, float] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)
    split_seed: int = 0
    steps: tuple[Step, ...] = ()
    sendings: tuple[Sending, ...] = ()
    votes: tuple[VoteFacts, ...] = ()
    shape: tuple[ShapeChange, ...] = ()
    speeds: tuple[EncodingCost, ...] = ()
    savings: Savings | None = None
    in_use: InUse | None = None


def build_report_input(sources: ReportSources) -> ReportContent:
    """Return everything that a report says.

    Raises
    ------
    WorkspaceError
        If the recipe or the settings in the request cannot be read.
    """
    from core.evaluation.verdict import promotion_allowed

    request, comparison = sources.tuning_request, sources.comparison
    recipe = from_json(LabelRecipe, request["recipe"])
    config = from_json(TuningConfig, request["tuning"])
    overrides = in_force([from_json(Override, o) for o in request.get("overrides", ())])
    losses, wins, lost = best_and_worst(sources.dataset, comparison)
    repeat = repeat_of(sources.import_report, request, sources.split_seed)
    return ReportContent(
        name=sources.name,
        created_at=sources.created_at,
        data=data_facts(sources.dataset, sources.import_report),
        experts=expert_facts(recipe, sources.scoring, sources.weights),
        agreement=agreement(sources.scoring),
        labels=label_facts(request, recipe, overrides),
        tuning=tuning_facts(config, sources.tuning_result),
        regimes=regime_results(comparison),
        generality=comparison.generality,
        absent=_absent(comparison, sources.scoring),
        refusals=tuple(promotion_allowed(comparison)[1]),
        losses=losses,
        wins=wins,
        lost=lost,
        slices=comparison.slices,
        steps=sources.steps,
        sendings=sources.sendings,
        votes=sources.votes,
        shape=sources.shape,
        speeds=sources.speeds,
        savings=sources.savings,
        in_use=sources.in_use,
        configuration={
            "data": {"file": sources.import_report.get("file", ""), "seed": sources.split_seed},
            "recipe": to_json(recipe),
            "tuning": asdict(config),
        },
        hashes=hashes(sources.dataset, comparison, sources.tuning_result, sources.runs),
        software=_software(),
        command=repeat.command,
        command_files=repeat.files,
        command_notes=repeat.notes,
    )


def repeat_of(
    import_report: Mapping[str, Any], request: Mapping[str, Any], split_seed: int = 0
) -> Repeat:
    """Return how a run is repeated; ``request`` is the ``config`` of the tuning run's request."""
    return repeat_command(
        import_report,
        from_json(LabelRecipe, request["recipe"]),
        from_json(TuningConfig, request["tuning"]),
        overrides=in_force([from_json(Override, o) for o in request.get("overrides", ())]),
        split_seed=split_seed,
    )


def bare_card(
    dataset: QADataset, request: Mapping[str, Any], result: Mapping[str, Any]
) -> CardInput:
    """Return what is known of a tuned model that was never compared.

    Parameters
    ----------
    request, result : mapping
        ``config`` of the tuning run's request, and its result.
    """
    recipe = from_json(LabelRecipe, request["recipe"])
    labels = label_facts(request, recipe, ())
    return CardInput(
        tuning=tuning_facts(from_json(TuningConfig, request["tuning"]), result),
        questions=len(dataset.questions),
        answers=len(dataset.answers),
        training=len(dataset.rows(TRAIN)),
        experts=tuple(title_of(key) for key in recipe.experts),
        rule_title=labels.rule_title,
        rule_meaning=labels.rule_meaning,
    )


def hashes(
    dataset: QADataset,
    comparison: Comparison,
    tuning_result: Mapping[str, Any],
    runs: Mapping[str, str],
) -> tuple[tuple[str, str], ...]:
    """Return title and value of every content hash and run id, in the order of the journey."""
    rows = [
        (N_("Uploaded file (sha256)"), dataset.source_sha256),
        (N_("Data, grouped and split"), dataset.id),
        (N_("Labels"), str(tuning_result.get("label_id", ""))),
        (N_("Comparison"), comparison.id),
        *runs.items(),
        *((arm.title, arm.fingerprint) for arm in comparison.arms),
    ]
    return tuple((title, value) for title, value in rows if value)


def _absent(
    comparison: Comparison, scoring: Mapping[str, Any] | None
) -> tuple[tuple[str, Message], ...]:
    """Return what could not be compared, and experts that could not even score."""
    failures = {
        key: Message.from_json(reason)
        for key, reason in (scoring or {}).get("failures", {}).items()
    }
    return tuple((title_of(key), why) for key, why in {**failures, **comparison.absent}.items())


def in_force(overrides: Sequence[Override]) -> tuple[Override, ...]:
    """Return the overrides that were not replaced or withdrawn, newest first."""
    from core.labels import overrides as by_hand

    return tuple(reversed(by_hand.in_force(overrides)))


def regime_results(comparison: Comparison) -> tuple[RegimeResults, ...]:
    """Return all arms and differences per regime that has held-out questions."""
    from core.evaluation.verdict import REGIME_TEXTS, intervals, present_regimes, regime_positions

    results = []
    for regime in present_regimes(comparison):
        rows = regime_positions(comparison, regime)
        spread = intervals(comparison, regime)
        text = REGIME_TEXTS[regime]
        results.append(
            RegimeResults(
                key=regime,
                title=text.title,
                meaning=text.meaning,
                questions=len(rows),
                groups=len(np.unique(comparison.groups[rows])),
                differences=tuple(d for d in comparison.differences if d.regime == regime),
                arms=tuple(
                    ArmRow(
                        arm.name,
                        arm.title,
                        arm.kind,
                        {metric: spread[arm.name, metric] for metric in arm.metrics},
                    )
                    for arm in comparison.arms
                ),
            )
        )
    return tuple(results)


def _software() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in SOFTWARE:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)
