"""From runs and records to what a report says: pure, given everything it is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.documents import to_json
from core.evaluation.data_sufficiency import sufficiency
from core.evaluation.hybrid import HYBRID_TITLES
from core.evaluation.label_preview import LabelPreview
from core.evaluation.movements import QuestionChange, wins_and_losses
from core.evaluation.of_hundred import of_hundred
from core.evaluation.verdict import (
    BASE,
    REGIME_TEXTS,
    TUNED,
    intervals,
    present_regimes,
    promotion_allowed,
    regime_positions,
    way_text,
)
from core.evaluation.what_counts import counted_lines
from core.labels.bias import NOTABLE, ExpertBias, GroupBias
from core.labels.groups import ATTRIBUTES, groupings
from core.labels.overrides import in_force
from core.labels.quality import histogram
from core.labels.rules import RULES, mean, weighted_mean
from core.messages import N_, Message
from core.reporting.repeat_command import repeat_command, split_seed
from core.reporting.report_content import (
    BiasCell,
    BiasMap,
    DataFacts,
    ExpertFacts,
    LabelFacts,
    LearnedLabels,
    ModelOrigin,
    Movement,
    RegimeResults,
    ReportContent,
    SystemRow,
    TuningFacts,
)
from core.types import TRAIN, WRITTEN_BY, Comparison, QADataset, SystemResult
from core.types.open_account import OPEN_ACCOUNTS, OpenAccount, open_told
from core.types.scoring import ScoringResult
from core.types.tuning import TuneRequest, TuningResult
from core.types.tuning_config import settings

LABEL_BINS = 25
KINDS = (N_("Right answers"), N_("Other pairs"))
MOST_GROUPS = 5  # of the picture of bias: what can be read on half a page
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
        As :func:`core.data.file_preview.read_dataset` returns it.
    personal_data : tuple of (title, rows)
        Kinds of personal data found in the upload; titles are message ids.
    scoring : ScoringResult
        Empty where it is not known.
    request, result
        What the tuning run was told, and what came out.
    origin : callable
        What is known of a model or an expert, by its key.
    comparison : Comparison or None
        None where the tuned model was never compared.
    weights : mapping of expert to float
        Weights that the recipe's rule gave; empty where unknown.
    runs : mapping of title (message id) to run id
    judges : tuple of Message
        Whether each language model may count more than people, and why.
    preview : LabelPreview or None
        The labels that were learned from, on a sample of pairs; None where scores are gone.
    """

    name: str
    created_at: str
    dataset: QADataset
    import_report: Mapping[str, Any]
    personal_data: tuple[tuple[str, int], ...]
    scoring: ScoringResult
    request: TuneRequest
    result: TuningResult
    origin: Callable[[str], ModelOrigin]
    comparison: Comparison | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)
    judges: tuple[Message, ...] = ()
    preview: LabelPreview | None = None


def report_content(sources: ReportSources) -> ReportContent:
    """Return what follows from the results; what the journey cost and who decided is left empty."""
    request, dataset, comparison = sources.request, sources.dataset, sources.comparison
    losses, wins, lost = _best_and_worst(dataset, comparison) if comparison else ((), (), 0)
    return ReportContent(
        name=sources.name,
        created_at=sources.created_at,
        data=_data_facts(sources),
        experts=_expert_facts(sources),
        agreement=(*_agreement(sources), *sources.judges),
        labels=_label_facts(request, sources.preview),
        tuning=_tuning_facts(sources),
        regimes=regime_results(comparison) if comparison else (),
        generality=comparison.generality if comparison else (),
        absent=_absent(sources),
        way=way_text(comparison) if comparison else None,
        counted=counted_lines(comparison.counted) if comparison else (),
        refusals=tuple(promotion_allowed(comparison)[1]) if comparison else (),
        losses=losses,
        wins=wins,
        lost=lost,
        slices=comparison.slices if comparison else (),
        configuration={
            "data": {
                "file": sources.import_report.get("file", ""),
                "seed": split_seed(sources.import_report),
            },
            "recipe": to_json(request.recipe),
            "tuning": to_json(request.tuning),
        },
        hashes=hashes(dataset, comparison, sources.result.label_id, sources.runs),
        software=_software(),
        repeat=repeat_command(sources.import_report, request),
    )


def hashes(
    dataset: QADataset,
    comparison: Comparison | None,
    label_id: str,
    runs: Mapping[str, str],
) -> tuple[tuple[str, str], ...]:
    """Return title and value of every content hash and run id, in the order of the journey."""
    rows = [
        (N_("Uploaded file (sha256)"), dataset.source_sha256),
        (N_("Data, grouped and split"), dataset.id),
        (N_("Labels"), label_id),
        (N_("Comparison"), comparison.id if comparison else ""),
        *runs.items(),
        *(
            (system.title, system.fingerprint)
            for system in (comparison.systems if comparison else ())
        ),
    ]
    return tuple((title, value) for title, value in rows if value)


def regime_results(comparison: Comparison) -> tuple[RegimeResults, ...]:
    """Return all systems and differences per regime that has held-out questions."""
    results = []
    for regime in present_regimes(comparison):
        rows = regime_positions(comparison, regime)
        spread = intervals(comparison, regime)
        systems = tuple(
            SystemRow(
                system.name,
                system.title,
                system.kind,
                {metric: spread[system.name, metric] for metric in system.metrics},
            )
            for system in comparison.systems
        )
        results.append(
            RegimeResults(
                key=regime,
                title=REGIME_TEXTS[regime].title,
                meaning=REGIME_TEXTS[regime].meaning,
                questions=len(rows),
                groups=len(np.unique(comparison.groups[rows])),
                differences=tuple(d for d in comparison.differences if d.regime == regime),
                systems=systems,
                hundred=of_hundred(comparison, regime),
            )
        )
    return tuple(results)


def _best_and_worst(
    dataset: QADataset, comparison: Comparison
) -> tuple[tuple[Movement, ...], tuple[Movement, ...], int]:
    """Return all losses, the worst first, all wins, the best first, and the lost right answers.

    Nothing of any where base or tuned is absent.
    """
    base, tuned = comparison.system(BASE), comparison.system(TUNED)
    if base is None or tuned is None:
        return (), (), 0
    changes = wins_and_losses(comparison)
    losses = [change for change in changes if change.lost or change.change < 0]
    wins = sorted((c for c in changes if c.change > 0), key=lambda c: (-c.change, c.position))

    def movement(change: QuestionChange) -> Movement:
        right = dataset.right_answers(change.question)
        first = int(tuned.top_answers[change.position][0])
        return Movement(
            regime=change.regime,
            question=dataset.questions[change.question],
            answer=dataset.answers[best_placed(right, (tuned, base), change.position)],
            before_rank=change.before_rank,
            after_rank=change.after_rank,
            change=change.change,
            first_now="" if first < 0 or first in right else dataset.answers[first],
            lost=change.lost,
            question_id=dataset.question_ids[change.question],
        )

    lost = sum(change.lost for change in changes)
    return tuple(map(movement, losses)), tuple(map(movement, wins)), lost


def best_placed(right: np.ndarray, systems: Sequence[SystemResult], position: int) -> int:
    """Return the right answer that the first system places best, else the next one, else any."""
    for system in systems:
        top = system.top_answers[position]
        hits = top[np.isin(top, right)]
        if hits.size:
            return int(hits[0])
    return int(right[0])


def _data_facts(sources: ReportSources) -> DataFacts:
    dataset, report = sources.dataset, sources.import_report
    marks = dataset.attributes.get(WRITTEN_BY, ())
    summary: Mapping[str, Any] = report.get("summary", {})
    return DataFacts(
        file=str(report.get("file", "")),
        format=str(report.get("format", "")),
        rows_read=summary.get("rows_read"),
        rows_taken=summary.get("rows_taken"),
        rows_set_aside=summary.get("rows_set_aside"),
        questions=len(dataset.judged_rows),
        answers=len(dataset.answers),
        groups=len(np.unique(dataset.question_group[dataset.judged_rows])),
        split=_split(sources),
        personal_data=sources.personal_data,
        warnings=tuple(Message.from_json(warning) for warning in report.get("warnings", ())),
        allowed=sufficiency(dataset, teacher=sources.scoring.has_teacher),
        open_questions=len(dataset.open_rows),
        open_asked=float(dataset.question_weight[dataset.open_rows].sum()),
        open_told=tuple(
            told
            for account in report.get(OPEN_ACCOUNTS, ())
            for told in open_told(OpenAccount.from_json(account))
        ),
        written=Counter(mark.rpartition(": ")[0] for mark in marks if mark),
    )


def _split(sources: ReportSources) -> Mapping[str, tuple[int, int]]:
    """Return questions and groups per split; what a cross-fitted verdict delivers learned all."""
    dataset = sources.dataset
    if not sources.request.from_cross_fit:
        return dataset.split_counts()
    rows = dataset.judged_rows
    return {TRAIN: (len(rows), len(np.unique(dataset.question_group[rows])))}


def _expert_facts(sources: ReportSources) -> tuple[ExpertFacts, ...]:
    """Return the scored experts, those of the recipe first."""
    recipe = sources.request.recipe
    rule = RULES.get(recipe.rule)
    # The middle, the highest or the lowest opinion has no weights to speak of.
    weighed = rule is not None and rule.combine in (mean, weighted_mean) and recipe.blend < 1
    figures = {figure.expert: figure for figure in sources.scoring.figures}
    facts = []
    for key in dict.fromkeys((*recipe.experts, *figures)):
        figure = figures.get(key)
        facts.append(
            ExpertFacts(
                origin=sources.origin(key),
                ndcg=figure.ndcg if figure else None,
                weight=sources.weights.get(key) if weighed and key in recipe.experts else None,
                seconds=figure.seconds if figure else 0.0,
                fingerprint=figure.fingerprint if figure else "",
            )
        )
    return tuple(facts)


def _agreement(sources: ReportSources) -> tuple[Message, ...]:
    """Return which experts are most and least alike, nothing for fewer than three."""
    figures = sources.scoring.figures
    if len(figures) < 3:
        return ()
    titles = [sources.origin(figure.expert).title for figure in figures]
    table = np.array(sources.scoring.agreement, np.float64)
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


def _label_facts(request: TuneRequest, preview: LabelPreview | None) -> LabelFacts:
    recipe, rule = request.recipe, RULES.get(request.recipe.rule)
    return LabelFacts(
        recipe_name=request.recipe_name,
        rule_title=rule.title if rule else recipe.rule,
        rule_meaning=rule.meaning if rule else "",
        recipe=recipe,
        overrides=tuple(reversed(in_force(request.overrides))),  # the newest first
        recentred=tuple(ATTRIBUTES[key].title for key in recipe.recentre if key in ATTRIBUTES),
        spread=label_spread(preview) if preview else None,
        bias=bias_map(preview) if preview else None,
    )


def label_spread(preview: LabelPreview) -> LearnedLabels:
    """Return where the labels that are learned from lie, known right answers included."""
    labels, right = preview.combined, preview.sample.hard_label > 0
    shape = histogram(labels, preview.sample.hard_label, LABEL_BINS)

    def middle(pairs: np.ndarray) -> float:
        known = labels[pairs & ~np.isnan(labels)]
        return float(known.mean()) if len(known) else 0.0

    return LearnedLabels(
        right=tuple(shape.right.tolist()),
        other=tuple(shape.other.tolist()),
        right_mean=middle(right),
        other_mean=middle(~right),
        right_pairs=int(right.sum()),
        other_pairs=int((~right).sum()),
        overlap=shape.overlap,
    )


def bias_map(preview: LabelPreview) -> BiasMap | None:
    """Return the worst of all ways to group the texts: where labels differ most beyond chance.

    Where nothing is beyond chance, the grouping with the largest difference is shown all the same:
    an empty picture would not say how small it is.
    """
    if not preview.names:
        return None
    known = groupings(preview.dataset)
    found = [
        _biased(preview.bias(groups), preview.expert_bias(groups)) for groups in known.values()
    ]
    maps = [(table, place) for tables in found for place, table in enumerate(tables)]
    worst = max(maps, key=lambda one: one[0].unevenness, default=None)
    if worst is None:
        return None
    table, place = worst
    order = np.argsort(-table.largest, kind="stable")[:MOST_GROUPS]
    rows = tuple(
        (
            table.names[group],
            tuple(
                BiasCell(None if np.isnan(value) else float(value), bool(flag))
                for value, flag in zip(
                    table.difference[:, group], table.flagged[:, group], strict=True
                )
            ),
        )
        for group in order
    )
    return BiasMap(table.attribute, KINDS[place], tuple(preview.names), rows, len(known))


@dataclass(frozen=True, eq=False)
class _Unevenness:
    """Labels of one kind of pair by the G groups of one attribute.

    Attributes
    ----------
    difference : float array [1 + K, G]
        Group minus all others: experts together, then each of them.
    flagged : bool array [1 + K, G]
    """

    attribute: str
    names: tuple[str, ...]
    difference: np.ndarray
    flagged: np.ndarray

    @property
    def largest(self) -> np.ndarray:
        """Largest difference of each group, those beyond chance before all others."""
        size = np.abs(np.nan_to_num(self.difference))
        return np.asarray((size + self.flagged).max(axis=0))

    @property
    def unevenness(self) -> tuple[float, float]:
        """What makes one attribute worse than another: experts together first, then each."""
        size = np.abs(np.nan_to_num(self.difference))
        beyond = np.where(self.flagged, size, 0.0)
        return float(beyond[0].max() + beyond.max()), float(size.max())


def _biased(together: GroupBias, each: ExpertBias) -> tuple[_Unevenness, ...]:
    """Return a table for right pairs and one for other pairs.

    An expert is flagged where it differs from the others beyond chance and its own labels lean
    the same way: of two experts the even one also lies apart from the biased one.
    """
    tables = []
    for place, kind in enumerate((together.right, together.other)):
        own = each.difference[:, place]
        leans = (each.sign[:, place] * np.nan_to_num(own)) >= NOTABLE
        tables.append(
            _Unevenness(
                together.grouping.attribute.title,
                together.grouping.names,
                np.vstack([kind.difference, own]),
                np.vstack([kind.sign != 0, leans]),
            )
        )
    return tuple(tables)


def _tuning_facts(sources: ReportSources) -> TuningFacts:
    config, result = sources.request.tuning, sources.result
    return TuningFacts(
        base=sources.origin(config.base_model),
        reader=sources.origin(config.answer_model) if config.answer_model else None,
        by_base=config.by_base,
        settings=tuple(
            (setting.metadata["title"], _shown(getattr(config, setting.name)))
            for setting in settings()
            if setting.name != "base_model"  # named above the settings already
        ),
        device=f"{result.device.name} ({result.device.kind}, {result.device.precision})",
        seconds=result.seconds,
        steps=result.steps,
        curve=tuple((point.step, point.score) for point in result.curve),
        best_step=result.best_step,
        best_score=result.best_score,
        base_score=result.base_score,
        stopped_early=result.stopped_early,
        cancelled=result.cancelled,
        mixes=tuple(sorted(result.alpha_sweep, key=lambda mix: mix.alpha)),
        alpha=result.alpha,
    )


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _absent(sources: ReportSources) -> tuple[tuple[str, Message], ...]:
    """Return what could not be compared, and experts that could not even score."""
    absent = {
        **sources.scoring.failures,
        **(sources.comparison.absent if sources.comparison else {}),
    }
    titles = {key: HYBRID_TITLES.get(key) or sources.origin(key).title for key in absent}
    return tuple((titles[key], reason) for key, reason in absent.items())


def _software() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version

    versions = []
    for name in SOFTWARE:
        try:
            versions.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(versions)
