"""Labels as people look at them: a recipe on a sample, recipes side by side, pairs to review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from core.experts.catalogue import expert_title
from core.hashing import content_id
from core.labels.bias import ExpertBias, FavourMap, GroupBias, bias_map, expert_bias, group_bias
from core.labels.groups import TextGroups
from core.labels.model import LabelModel
from core.labels.overrides import conflicts, standing
from core.labels.pair_sample import PairSample
from core.labels.quality import (
    LabelSpread,
    PairQuality,
    ReliabilityCurve,
    label_spread,
    pair_quality,
    reliability_curve,
)
from core.labels.review import PairFindings, Voice, find_suspects, reason, voices
from core.labels.rules import RULES
from core.messages import N_, Message
from core.types import Interval, Override, QADataset, Rows
from core.types.judgements import QuestionNote
from core.types.recipes import SavedRecipe

MOST = 300  # pairs of an endless list; a person reviews no more in one go
_SEED = 0
_REPLICATES = 100  # of the figures of compared recipes


@dataclass(frozen=True, eq=False)
class Candidates:
    """The likely answers of one question, the highest label first.

    Attributes
    ----------
    answers : int32 array [n]
    labels : float32 array [n] in [0, 1]
    scores : float32 array [K, n] in [0, 1]
        What each expert of the recipe says, calibrated; NaN = no opinion.
    """

    answers: Rows
    labels: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class LabelPreview:
    """One recipe applied to one sample of pairs: what the Labels page looks at.

    Attributes
    ----------
    model : LabelModel
        With the recipe and all overrides.
    sample : PairSample
        Pairs of training and validation questions; the test questions are not among them.
    """

    model: LabelModel
    sample: PairSample

    @property
    def dataset(self) -> QADataset:
        """The project's data."""
        return self.model.dataset

    @cached_property
    def names(self) -> list[str]:
        """Titles of the experts of the recipe."""
        return [expert_title(key) for key in self.model.recipe.experts]

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What decides on everything here: content hashes of labels and pairs, and the order."""
        pairs = [self.sample.question_rows, self.sample.answer_rows, self.sample.raw]
        return (self.model.id, self.model.recipe.experts, content_id(pairs))

    @cached_property
    def calibrated(self) -> np.ndarray:
        """Calibrated scores float32 [K, n]."""
        return self.model.expert_pairs(self.sample)

    @cached_property
    def combined(self) -> np.ndarray:
        """Soft labels float32 [n], overrides included."""
        return self.model.of_sample(self.sample, self.calibrated)[0]

    @cached_property
    def before_cuts(self) -> np.ndarray:
        """Soft labels float32 [n] before gain and threshold cut them, overrides left out."""
        recipe = replace(self.model.recipe, gain=1.0, threshold=0.5, temperature=1.0)
        model = self.model.with_overrides(()).with_recipe(recipe)
        return model.of_sample(self.sample, self.calibrated)[0]

    @property
    def spread(self) -> LabelSpread:
        """Where the labels lie, in four figures that follow every control."""
        return label_spread(self.combined, self.sample.hard_label)

    @cached_property
    def alone(self) -> np.ndarray:
        """What the experts say together before known answers, curve and overrides, float32 [n]."""
        assert len(self.model.weights) == len(self.names)  # found here once, shared by the copy
        bare = replace(self.model.recipe, blend=0.0, gain=1.0, threshold=0.5, temperature=1.0)
        model = self.model.with_overrides(()).with_recipe(bare)
        return model.of_sample(self.sample, self.calibrated)[0]

    @cached_property
    def findings(self) -> PairFindings:
        """Disagreement and suspected wrong hard labels."""
        return find_suspects(self.sample, self.calibrated, self.model.weights)

    def quality(self, replicates: int = 0) -> PairQuality:
        """Return how well the experts together, alone, tell right pairs from others."""
        return pair_quality(self.alone, self.sample, seed=_SEED, replicates=replicates)

    def reliability(self, replicates: int) -> ReliabilityCurve:
        """Return whether what the experts say together means what it says."""
        return reliability_curve(self.alone, self.sample, seed=_SEED, replicates=replicates)

    def bias(self, grouping: TextGroups, replicates: int = 0) -> GroupBias:
        """Return which groups get other labels than the rest from the experts together."""
        return group_bias(
            self.alone, self.sample, self.dataset, grouping, seed=_SEED, replicates=replicates
        )

    def expert_bias(self, grouping: TextGroups) -> ExpertBias:
        """Return which expert treats which group unlike the other experts do."""
        return expert_bias(self.calibrated, self.sample, self.dataset, grouping)

    def bias_map(self, grouping: TextGroups) -> FavourMap:
        """Return who favours which group: the experts together, and each of them."""
        return bias_map(self.bias(grouping), self.expert_bias(grouping))

    def pairs_of_cell(self, found: FavourMap, row: int, group: int, count: int) -> np.ndarray:
        """Return positions of pairs behind a cell of the map, those that pull most first.

        Pairs of the kind that the cell tells of: the highest labels of a group that gets too high
        ones, the lowest of one that gets too low ones.

        Parameters
        ----------
        row : int
            0 = all experts together, k + 1 = expert k.
        """
        values = self.alone if row == 0 else self.calibrated[row - 1]
        codes = found.grouping.of(self.sample.question_rows, self.sample.answer_rows)
        right = self.sample.hard_label > 0
        kind = right if found.kind[row, group] == 0 else ~right
        inside = np.flatnonzero(kind & (codes == group) & ~np.isnan(values))
        up = -1 if found.values[row, group] > 0 else 1
        return inside[np.argsort(up * values[inside], kind="stable")][:count]

    def validation_ndcg(self) -> Interval | None:
        """nDCG@10 of what the experts say together, as a ranker of all answers.

        On validation questions, blind to their right answers; None without such questions.
        """
        asks = RULES[self.model.recipe.rule].needs_experts and bool(self.names)
        if not asks or not len(self.dataset.validation_rows):
            return None
        return _ndcg(self.dataset, self.model.blind())

    def with_correction(self, attribute: str) -> LabelPreview:
        """Return the same preview with the groups of an attribute evened out, too."""
        if attribute in self.model.recipe.recentre:
            return self
        recipe = replace(self.model.recipe, recentre=(*self.model.recipe.recentre, attribute))
        return LabelPreview(self.model.with_recipe(recipe), self.sample)

    def without_correction(self, attribute: str) -> LabelPreview:
        """Return the same preview before the groups of an attribute were evened out."""
        rest = tuple(key for key in self.model.recipe.recentre if key != attribute)
        recipe = replace(self.model.recipe, recentre=rest)
        return LabelPreview(self.model.with_recipe(recipe), self.sample)

    @property
    def by_hand(self) -> int:
        """How many pairs have a label set by hand in force."""
        return len(standing(self.model.overrides))

    @property
    def shares(self) -> list[tuple[str, float]]:
        """How much each expert counts, the most first; empty where the rule does not weigh them."""
        if RULES[self.model.recipe.rule].weigh is None:
            return []
        pairs = zip(self.model.weights, self.names, strict=True)
        return [(name, float(share)) for share, name in sorted(pairs, reverse=True)]

    def candidates(self, question_row: int, depth: int) -> Candidates:
        """Return the answers of the whole corpus that a question has the highest labels with.

        Parameters
        ----------
        depth : int
            How many; fewer where no expert says anything about the others.
        """
        rows = np.array([question_row], np.int32)
        best = self.model.best_answers(rows, depth)[0]
        best = best[best >= 0]
        labels, known = (table[0] for table in self.model.block(rows, best))
        scores = self.model.expert_block(rows, best)[:, 0]
        return Candidates(best[known], labels[known], scores[:, known])

    def voices(self, position: int) -> list[Voice]:
        """Return what each expert says about one pair of the sample."""
        return voices(self.sample, self.calibrated, self.names, position)

    def reason(self, position: int) -> Message:
        """Return in one or two sentences why a pair of the sample deserves a look."""
        return reason(self.voices(position), self.findings, self.sample, position)


@dataclass(frozen=True, eq=False)
class RecipeFigures:
    """One recipe on the pairs of the Labels page.

    Attributes
    ----------
    labels : float32 array [n] in [0, 1]
        What tuning would learn from, known right answers and overrides included.
    quality : PairQuality
        Of the labels without known right answers and overrides: what the recipe adds by itself.
    ndcg : Interval or None
        nDCG@10 of these labels as a ranker of all answers, on validation questions; None without
        such questions, or for a recipe that asks no expert.
    """

    saved: SavedRecipe
    labels: np.ndarray
    quality: PairQuality
    ndcg: Interval | None


@dataclass(frozen=True, eq=False)
class RecipeComparison:
    """Two to four recipes on one sample of pairs.

    Attributes
    ----------
    sample : PairSample
        Pairs of training and validation questions.
    questions : int
        Validation questions behind nDCG@10.
    """

    sample: PairSample
    recipes: tuple[RecipeFigures, ...]
    questions: int

    def most_different(self, count: int) -> np.ndarray:
        """Return the positions of the pairs on which two of the recipes are furthest apart.

        Returns
        -------
        int array [<= count]
            Largest difference first; pairs on which all agree to within half a point are left out.
        """
        table = np.array([figures.labels for figures in self.recipes])
        apart = table.max(axis=0) - table.min(axis=0)
        order = np.argsort(-apart, kind="stable")[:count]
        return order[apart[order] > 0.005]


def recipe_figures(saved: SavedRecipe, model: LabelModel, sample: PairSample) -> RecipeFigures:
    """Apply one recipe to the pairs; ``model`` is that of the recipe with all overrides."""
    unaware = model.blind()
    alone, known = unaware.pairs(sample.question_rows, sample.answer_rows)
    # Labels of known right answers alone say nothing about any other pair.
    asks = RULES[saved.recipe.rule].needs_experts and bool(saved.recipe.experts)
    alone = np.where(known & asks, alone, np.float32(np.nan))
    return RecipeFigures(
        saved,
        model.of_sample(sample)[0],
        pair_quality(alone, sample, seed=_SEED, replicates=_REPLICATES),
        _ndcg(model.dataset, unaware) if asks and len(model.dataset.validation_rows) else None,
    )


def _ndcg(dataset: QADataset, labels: LabelModel) -> Interval:
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.statistics import mean_interval

    rows = dataset.validation_rows
    values = ndcg_at_10(dataset, rows, labels.best_answers(rows))
    return mean_interval(values, dataset.question_group[rows], seed=_SEED)


@dataclass(frozen=True, eq=False)
class Review:
    """The pairs at hand: those of the sample and those that people judged, wherever they lie."""

    preview: LabelPreview
    reports: Mapping[tuple[str, str], QuestionNote] = field(default_factory=dict)

    @cached_property
    def held(self) -> Mapping[tuple[str, str], tuple[Override, ...]]:
        """Values by hand that hold, per pair of texts, the one in force last."""
        return standing(self.preview.model.overrides)

    @cached_property
    def conflicts(self) -> dict[tuple[str, str], tuple[Override, ...]]:
        """Pairs on which people contradict each other."""
        return conflicts(self.preview.model.overrides)

    def texts(self, position: int) -> tuple[str, str]:
        """Return question and answer of one pair."""
        sample, dataset = self.preview.sample, self.preview.dataset
        return (
            dataset.questions[int(sample.question_rows[position])],
            dataset.answers[int(sample.answer_rows[position])],
        )

    @cached_property
    def keys(self) -> np.ndarray:
        """One number per pair, int64 [n]: the same for as long as the data are the same."""
        sample = self.preview.sample
        return self.preview.dataset.pair_keys(sample.question_rows, sample.answer_rows)

    def containing(self, wanted: str, positions: np.ndarray) -> np.ndarray:
        """Return the positions whose question or answer contains a text, in any case."""
        needle = wanted.strip().casefold()
        if not needle:
            return positions
        dataset, sample = self.preview.dataset, self.preview.sample
        questions, answers = (
            np.fromiter((needle in text.casefold() for text in texts), bool, len(texts))
            for texts in (dataset.questions, dataset.answers)
        )
        rows = sample.question_rows[positions], sample.answer_rows[positions]
        return positions[questions[rows[0]] | answers[rows[1]]]

    def among(self, pairs: Mapping[tuple[str, str], object]) -> np.ndarray:
        """Return the positions of these pairs of texts, those changed last first, int [m]."""
        place = {key: position for position, key in enumerate(self.keys.tolist())}
        keys = [self.preview.dataset.pair_key(*pair) for pair in pairs]
        return np.array([place[key] for key in reversed(keys) if key in place], np.int64)


@dataclass(frozen=True)
class ReviewList:
    """One choice of the filter.

    Attributes
    ----------
    find : callable
        Returns positions in the sample, first things first.
    judged : bool
        It holds pairs that were judged already: there is nothing to work off.
    """

    title: str
    find: Callable[[Review], np.ndarray]
    judged: bool = False


def _sorted(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(among)
    return positions[np.argsort(values[positions], kind="stable")]


LISTS: Mapping[str, ReviewList] = {
    "suspected": ReviewList(
        N_("Suspected wrong labels: experts contradict the data"),
        lambda review: review.preview.findings.most_suspicious,
    ),
    "reported": ReviewList(
        N_("Reported on the Compare page"), lambda review: review.among(review.reports)
    ),
    "disputed": ReviewList(
        N_("Experts disagree most"),
        lambda review: review.preview.findings.most_disputed[:MOST],
    ),
    "right": ReviewList(
        N_("Right answers with the lowest label"),
        lambda review: _sorted(review.preview.alone, review.preview.sample.hard_label > 0)[:MOST],
    ),
    "other": ReviewList(
        N_("Other pairs with the highest label"),
        lambda review: _sorted(-review.preview.alone, review.preview.sample.hard_label == 0)[:MOST],
    ),
    "all": ReviewList(
        N_("All pairs, the most suspicious first"),
        lambda review: np.argsort(-review.preview.findings.suspicion, kind="stable"),
    ),
    "by_hand": ReviewList(
        N_("Changed by hand"), lambda review: review.among(review.held), judged=True
    ),
    "conflict": ReviewList(
        N_("In conflict: two people set different labels"),
        lambda review: review.among(review.conflicts),
        judged=True,
    ),
}
