"""The soft labels of one dataset as a function of question and answer rows.

    raw scores → calibration → combination rule → correction of groups
    → blend with the hard label → curve → overrides

Nothing of size questions x answers is kept: memory grows with the number of texts. An expert that
has vectors gives a score for any two answers as well, so an answer may stand in for a question
(:class:`AnswerLabels`, METHOD §5, corpus rows).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.documents import to_json
from core.errors import LabelError
from core.hashing import content_id, document_id
from core.labels.bias import Recentring, fit_recentring
from core.labels.calibration import Calibrator, fit
from core.labels.groups import groupings
from core.labels.judges import gated
from core.labels.overrides import OverrideTable
from core.labels.pair_sample import PairSample, sample_pairs
from core.labels.rules import RULES
from core.labels.weights import given_weights
from core.types import (
    OPEN,
    TRAIN,
    Calibration,
    ExpertScores,
    LabelRecipe,
    Override,
    PairScores,
    QADataset,
    Rows,
)

FITTED_PAIRS = 20_000
QUESTIONS_AT_ONCE = 128  # 128 x 5,000 answers x 8 experts are 20 MB


@dataclass(frozen=True, eq=False)
class LabelModel:
    """Soft labels of any pair; implements the protocol ``core.types.Labels``.

    Made by :meth:`fit`; :meth:`with_recipe` and :meth:`with_overrides` give changed copies quickly.

    Attributes
    ----------
    scores : tuple of PairScores
        All experts at hand, K_all; the recipe says which of them are used.
    training : PairSample
        Pairs of training questions on which calibrations and weights were fitted.
    calibrators : mapping of (expert, Calibration) to Calibrator
        Everything fitted so far.
    overrides : tuple of Override
    """

    dataset: QADataset
    scores: tuple[PairScores, ...]
    recipe: LabelRecipe
    training: PairSample
    calibrators: Mapping[tuple[str, Calibration], Calibrator]
    overrides: tuple[Override, ...] = ()

    @classmethod
    def fit(
        cls,
        dataset: QADataset,
        scores: Sequence[PairScores],
        recipe: LabelRecipe,
        overrides: Iterable[Override] = (),
        *,
        seed: int = 0,
        size: int = FITTED_PAIRS,
        training: PairSample | None = None,
    ) -> LabelModel:
        """Fit calibrations and weights on a bounded sample of pairs of training questions.

        Parameters
        ----------
        scores : sequence of PairScores
            At least the experts of the recipe, all of this dataset. Each expert at hand also
            proposes hard pairs for the sample; to get the same labels again, pass the same experts.
        seed, size : int
            Seed and largest size of the sample of training pairs.
        training : PairSample or None
            What was drawn before from the same data, scores and seed.

        Raises
        ------
        LabelError
            If scores belong to another dataset, or the recipe names a rule, a calibration or an
            expert that does not exist or was not scored.
        """
        for expert in scores:
            if expert.dataset_id != dataset.id:
                raise LabelError(
                    "The scores of {expert} belong to other data ({other}) than these ({this}). "
                    "Score the experts again.",
                    expert=expert.expert,
                    other=expert.dataset_id,
                    this=dataset.id,
                )
        if training is None:
            training = sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=seed, size=size)
        bare = cls(dataset, tuple(scores), recipe, training, {}, tuple(overrides))
        return bare.with_recipe(recipe)

    def with_recipe(self, recipe: LabelRecipe) -> LabelModel:
        """Return the same labels by another recipe; unchanged calibrations are not fitted again.

        Raises
        ------
        LabelError
            As in :meth:`fit`.
        """
        _check_recipe(recipe, self.training.experts, self.dataset)
        calibrators = dict(self.calibrators)
        for expert in recipe.experts:
            settings = recipe.calibration_of(expert)
            if (expert, settings) not in calibrators:
                sample = self.training
                raw = sample.raw[sample.experts.index(expert)]
                calibrators[expert, settings] = fit(
                    raw, sample.hard_label, settings, sample.balance
                )
        changed = replace(self, recipe=recipe, calibrators=calibrators)
        if _weighing(recipe) == _weighing(self.recipe):  # most slider moves leave the weights alone
            self._hand_on_weights(changed)
        return changed

    def with_overrides(self, overrides: Iterable[Override]) -> LabelModel:
        """Return the same labels with these overrides instead of the present ones."""
        return self._hand_on_weights(replace(self, overrides=tuple(overrides)))

    def blind(self) -> LabelModel:
        """Return the same labels, knowing nothing of right answers but what was fitted in training.

        Labels that contain the known right answers agree with them anyway. To judge a recipe fairly
        it is asked for labels without them: no blend, no overrides, every pair taken for not right.
        """
        nothing = np.empty(0, np.int32)
        dataset = replace(
            self.dataset,
            right_question=nothing,
            right_answer=nothing,
            right_grade=np.empty(0, np.float32),
        )
        recipe = replace(self.recipe, blend=0.0)
        _ = self.weights  # of the training pairs, found before their labels are hidden
        unaware = replace(self, dataset=dataset, recipe=recipe, overrides=())
        # Categories of answers are known from right pairs: the groups stay as they were fitted.
        vars(unaware)["recentring"] = self.recentring
        return self._hand_on_weights(unaware)

    def _hand_on_weights(self, changed: LabelModel) -> LabelModel:
        """Give a changed copy the weights of its experts, where they are known already."""
        if "weights" in vars(self):
            vars(changed)["weights"] = self.weights
        return changed

    @cached_property
    def id(self) -> str:
        """Content hash of recipe, expert fingerprints, dataset and overrides, 16 hex digits."""
        recipe = to_json(self.recipe) | {"experts": sorted(self.recipe.experts)}
        if not self.recipe.recentre:
            del recipe["recentre"]  # labels without it keep the id they had before it existed
        table = self._overridden
        fitted = [self.training.question_rows, self.training.answer_rows]
        parts = [document_id(recipe), self.dataset.id, *sorted(e.id for e in self.used)]
        return content_id([*parts, table.keys, table.values, *fitted])

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight of each expert of the recipe, float64 [K], summing to 1."""
        weigh, count = RULES[self.recipe.rule].weigh, len(self.recipe.experts)
        if weigh is None or not count:
            return np.full(count, 1 / max(count, 1))
        sample = self.training.of_experts(self.recipe.experts)
        weights = weigh(sample, self.recipe, self.expert_pairs(sample))
        # Weights that somebody set by hand are that person's word.
        return weights if weigh is given_weights else gated(weights, self.used)

    @cached_property
    def recentring(self) -> tuple[Recentring, ...]:
        """The corrections of the recipe, fitted on pairs of training questions."""
        recipe, sample = self.recipe, self.training
        if not recipe.recentre or not recipe.experts or not RULES[recipe.rule].needs_experts:
            return ()
        combine = RULES[recipe.rule].combine
        soft = combine(self.expert_pairs(sample), sample.hard_label, self.weights)
        return fit_recentring(self.dataset, sample, soft, recipe.recentre)

    def block(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return soft labels of a block of pairs.

        Returns
        -------
        targets : float32 array [b_q, b_a] in [0, 1]
        mask : bool array [b_q, b_a]
            False where no expert has an opinion and nobody judged the pair: not to be learned from.
        """
        question_rows, answer_rows = np.asarray(question_rows), np.asarray(answer_rows)
        return self._label(
            self.expert_block(question_rows, answer_rows),
            self.dataset.hard_block(question_rows, answer_rows),
            question_rows[:, None],
            answer_rows[None, :],
        )

    def pairs(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return targets float32 [n] and mask bool [n] of aligned pairs, as :meth:`block` does."""
        question_rows, answer_rows = np.asarray(question_rows), np.asarray(answer_rows)
        raw = [expert.pairs(question_rows, answer_rows) for expert in self.used]
        hard = np.asarray(self.dataset.relevance[question_rows, answer_rows]).reshape(-1) > 0
        return self._label(
            self._calibrated(raw, (len(question_rows),)),
            hard.astype(np.float32),
            question_rows,
            answer_rows,
        )

    def expert_block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return calibrated scores float32 [K, b_q, b_a] in recipe order; NaN = no opinion."""
        raw = [expert.block(question_rows, answer_rows) for expert in self.used]
        return self._calibrated(raw, (len(question_rows), len(answer_rows)))

    def expert_pairs(self, sample: PairSample) -> np.ndarray:
        """Return calibrated scores float32 [K, n] of a sample, in recipe order; NaN = silent."""
        return self._calibrated(list(sample.of_experts(self.recipe.experts).raw), (len(sample),))

    def of_raw(self, raw: np.ndarray, hard: float) -> tuple[np.ndarray, float]:
        """Return what raw scores of one pair of any texts mean here, and what they come to.

        Parameters
        ----------
        raw : float array [K]
            In recipe order; NaN = no opinion.
        hard : float
            1 for a right answer, 0 else; only the rule ``anchored`` looks at it.

        Returns
        -------
        calibrated : float32 array [K] in [0, 1]
        together : float in [0, 1]
            By the rule alone, without known right answers, group correction, curve and overrides;
            NaN where no expert has an opinion.
        """
        scores = [np.array([value], np.float32) for value in raw]
        calibrated = self._calibrated(scores, (1,))
        if not len(raw) or not RULES[self.recipe.rule].needs_experts:
            return calibrated[:, 0], float("nan")
        combine = RULES[self.recipe.rule].combine
        together = combine(calibrated, np.array([hard], np.float32), self.weights)
        return calibrated[:, 0], float(together[0])

    def of_sample(
        self, sample: PairSample, calibrated: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return targets float32 [n] and mask bool [n] of a sample without scoring anything again.

        Parameters
        ----------
        calibrated : float32 array [K, n], optional
            What :meth:`expert_pairs` gave for the sample, where it is at hand already.
        """
        calibrated = self.expert_pairs(sample) if calibrated is None else calibrated
        rows = sample.question_rows, sample.answer_rows
        return self._label(calibrated, sample.hard_label, *rows)

    def best_answers(self, question_rows: Rows, depth: int = 10) -> np.ndarray:
        """Return the answers with the highest labels per question, best first, int32 [n, depth].

        Equal labels are ordered by answer row; pairs without any opinion come last. -1 where the
        corpus is smaller than ``depth``.
        """
        answers = np.arange(len(self.dataset.answers), dtype=np.int32)
        ranked = np.full((len(question_rows), depth), -1, np.int32)
        for start in range(0, len(question_rows), QUESTIONS_AT_ONCE):
            rows = np.asarray(question_rows[start : start + QUESTIONS_AT_ONCE])
            targets, known = self.block(rows, answers)
            best = highest_columns(np.where(known, targets, -1.0), depth)
            ranked[start : start + len(rows), : best.shape[1]] = best
        return ranked

    @cached_property
    def used(self) -> tuple[PairScores, ...]:
        """Scores of the experts of the recipe, in its order."""
        by_key = {expert.expert: expert for expert in self.scores}
        return tuple(by_key[key] for key in self.recipe.experts)

    @cached_property
    def _is_open(self) -> np.ndarray:
        return self.dataset.split == OPEN

    @cached_property
    def _overridden(self) -> OverrideTable:
        return OverrideTable.of(self.dataset, self.overrides)

    def _calibrated(self, raw: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        calibrated = np.empty((len(raw), *shape), np.float32)
        for row, expert in enumerate(self.recipe.experts):
            calibrator = self.calibrators[expert, self.recipe.calibration_of(expert)]
            calibrated[row] = calibrator(raw[row])
        return calibrated

    def _label(
        self, calibrated: np.ndarray, hard: np.ndarray, question_rows: Rows, answer_rows: Rows
    ) -> tuple[np.ndarray, np.ndarray]:
        """Label pairs; both row arrays broadcast to the shape of ``hard``."""
        recipe = self.recipe
        overridden = self._overridden.lookup(question_rows, answer_rows)
        # Nobody knows the right answer of an open question: its label is what the experts say.
        is_open = self._is_open[question_rows]
        known, soft_share = np.float32(recipe.blend), np.float32(1 - recipe.blend)
        speechless = not (len(calibrated) and RULES[recipe.rule].needs_experts)
        hard_only = speechless or (recipe.blend == 1 and not is_open.any())
        soft = hard if hard_only else RULES[recipe.rule].combine(calibrated, hard, self.weights)
        silent = np.isnan(soft) | (is_open & speechless)
        for correct in () if hard_only else self.recentring:
            soft = correct(soft, question_rows, answer_rows)
        blended = np.where(is_open, soft, known * hard + soft_share * soft)
        labels = np.where(silent, hard, blended)
        labels = bend(labels, recipe.gain, recipe.threshold, recipe.temperature)
        by_hand = ~np.isnan(overridden)
        targets = np.where(by_hand, overridden, labels).astype(np.float32).clip(0, 1)
        mask = ~silent | (hard > 0) | by_hand
        if len(self.dataset.wrong_question):
            mask |= self.dataset.known_wrong(question_rows, answer_rows)
        return targets, mask


@dataclass(frozen=True, eq=False)
class AnswerLabels:
    """How alike two answers are, as the experts of a recipe see it; a ``core.types.Labels``.

    Calibration → rule → curve, without blend, group correction or overrides, which speak of
    questions.

    Attributes
    ----------
    model : LabelModel
        Recipe, calibrations and weights, fitted on questions of the training split.
    """

    model: LabelModel

    @cached_property
    def id(self) -> str:
        """Content hash."""
        return content_id(["answers", self.model.id])

    @property
    def readers(self) -> tuple[str, ...]:
        """Keys of the recipe's experts that can compare two answers.

        Word matching (its two sides are weighed differently), score files and people cannot.
        """
        return tuple(self._vectors)

    @cached_property
    def _vectors(self) -> dict[str, np.ndarray]:
        """Unit vectors of all answers by expert."""
        if not RULES[self.model.recipe.rule].needs_experts:
            return {}
        return {
            scores.expert: scores.answer_matrix
            for scores, weight in zip(self.model.used, self.model.weights, strict=True)
            if weight > 0
            and isinstance(scores, ExpertScores)
            and isinstance(scores.answer_matrix, np.ndarray)
        }

    def block(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return how alike answers are.

        Parameters
        ----------
        question_rows : int array [b_q]
            Rows of the ANSWERS that stand in for questions.
        answer_rows : int array [b_a]

        Returns
        -------
        targets : float32 array [b_q, b_a] in [0, 1]
        mask : bool array [b_q, b_a]
            False where no expert has an opinion, and for an answer against itself.
        """
        question_rows, answer_rows = np.asarray(question_rows), np.asarray(answer_rows)
        recipe, shape = self.model.recipe, (len(question_rows), len(answer_rows))
        calibrated = np.full((len(recipe.experts), *shape), np.nan, np.float32)
        for place, key in enumerate(recipe.experts):
            if key in self._vectors:
                vectors = self._vectors[key]
                raw = vectors[question_rows] @ vectors[answer_rows].T
                calibrator = self.model.calibrators[key, recipe.calibration_of(key)]
                calibrated[place] = calibrator(raw)
        nothing_marked = np.zeros(shape, np.float32)
        soft = RULES[recipe.rule].combine(calibrated, nothing_marked, self.model.weights)
        targets = bend(soft, recipe.gain, recipe.threshold, recipe.temperature)
        known = ~np.isnan(soft) & (question_rows[:, None] != answer_rows[None])
        return np.where(known, targets, 0.0).astype(np.float32).clip(0, 1), known


def answer_labels(model: LabelModel) -> AnswerLabels | None:
    """Return how alike answers are; None where no expert of the recipe can tell."""
    labels = AnswerLabels(model)
    return labels if labels.readers else None


def bend(
    labels: np.ndarray, gain: float = 1.0, threshold: float = 0.5, temperature: float = 1.0
) -> np.ndarray:
    """Return soft labels bent by the curve that follows the blend, METHOD §3.

    ``clip(gain * (y - threshold) + threshold, 0, 1)``, then ``sigmoid(logit(y) / temperature)``.

    Parameters
    ----------
    labels : float32 array [...] in [0, 1]; NaN stays NaN
    gain : float > 0
        Above 1 pushes labels away from the threshold, below 1 towards it.
    threshold : float
        The label that the gain leaves where it is.
    temperature : float > 0
        Below 1 makes labels more decided (towards 0 and 1), above 1 less (towards 0.5).
        Labels of exactly 0 and 1 stay: their log-odds are infinite.

    Returns
    -------
    float32 array [...] in [0, 1]
    """
    if gain != 1:
        labels = np.clip(gain * (labels - threshold) + threshold, 0, 1)
    if temperature != 1:
        from scipy.special import expit, logit

        labels = expit(logit(np.asarray(labels, np.float64)) / temperature)
    return np.asarray(labels, np.float32)


def highest_columns(labels: np.ndarray, depth: int) -> np.ndarray:
    """Return the columns of the highest values per row, ties by column, int32 [n, <= depth]."""
    return np.argsort(-labels, axis=1, kind="stable")[:, :depth].astype(np.int32)


def _weighing(recipe: LabelRecipe) -> tuple[object, ...]:
    """Return the parts of a recipe on which the weights of its experts depend."""
    return recipe.rule, recipe.experts, recipe.calibrations, recipe.weights


def _check_recipe(recipe: LabelRecipe, scored: Sequence[str], dataset: QADataset) -> None:
    """Raise LabelError if the recipe asks for what is not there; the text says what is."""
    rule = RULES.get(recipe.rule)
    if rule is None:
        raise LabelError(
            "There is no combination rule {rule}. Choose one of: {known}.",
            rule=recipe.rule,
            known=", ".join(RULES),
        )
    if rule.needs_experts and not recipe.experts:
        raise LabelError(
            "The combination rule {rule} needs at least one expert. Choose an expert or the rule "
            "that uses known right answers only.",
            rule=recipe.rule,
        )
    missing = [expert for expert in recipe.experts if expert not in scored]
    if missing:
        raise LabelError(
            "The recipe uses {missing}, not scored on these data. Scored: {scored}. Score the "
            "missing experts or leave them out.",
            missing=", ".join(missing),
            scored=", ".join(scored) or "–",
        )
    if recipe.recentre:
        known = groupings(dataset)
        unknown = [key for key in recipe.recentre if key not in known]
        if unknown:
            raise LabelError(
                "Labels cannot be evened out by {unknown}: these data have no such groups. They "
                "can be by: {known}.",
                unknown=", ".join(unknown),
                known=", ".join(known) or "–",
            )
