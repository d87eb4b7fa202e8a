"""The soft labels of one dataset as a function of question and answer rows.

    raw scores → calibration → combination rule → correction of groups
    → blend with the hard label → curve → overrides

Nothing of size questions x answers is kept: memory grows with the number of texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.documents import to_json
from core.errors import LabelError
from core.hashing import content_id, document_id
from core.labels.calibration import Calibrator, fit
from core.labels.curve import bend
from core.labels.overrides import OverrideTable
from core.labels.pair_sample import PairSample, sample_pairs
from core.labels.recentring import Recentring, fit_recentring
from core.labels.recipe_check import check_recipe
from core.labels.rules import RULES
from core.types import TRAIN, Calibration, LabelRecipe, Override, PairScores, QADataset, Rows

FITTED_PAIRS = 20_000


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
    ) -> LabelModel:
        """Fit calibrations and weights on a bounded sample of pairs of training questions.

        Parameters
        ----------
        scores : sequence of PairScores
            At least the experts of the recipe, all of this dataset. Each expert at hand also
            proposes hard pairs for the sample; to get the same labels again, pass the same experts.
        seed, size : int
            Seed and largest size of the sample of training pairs.

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
        check_recipe(recipe, self.training.experts, self.dataset)
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
        if _weighing(recipe) == _weighing(self.recipe) and "weights" in vars(self):
            vars(changed)["weights"] = self.weights  # most slider moves leave the weights alone
        return changed

    def with_overrides(self, overrides: Iterable[Override]) -> LabelModel:
        """Return the same labels with these overrides instead of the present ones."""
        changed = replace(self, overrides=tuple(overrides))
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
        parts = [document_id(recipe), self.dataset.id, *sorted(e.id for e in self._used)]
        return content_id([*parts, table.keys, table.values, *fitted])

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight of each expert of the recipe, float64 [K], summing to 1."""
        weigh, count = RULES[self.recipe.rule].weigh, len(self.recipe.experts)
        if weigh is None or not count:
            return np.full(count, 1 / max(count, 1))
        sample = self.training.of_experts(self.recipe.experts)
        return weigh(sample, self.recipe, self.expert_pairs(sample))

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
        raw = [expert.pairs(question_rows, answer_rows) for expert in self._used]
        hard = np.asarray(self.dataset.relevance[question_rows, answer_rows]).reshape(-1) > 0
        return self._label(
            self._calibrated(raw, (len(question_rows),)),
            hard.astype(np.float32),
            question_rows,
            answer_rows,
        )

    def expert_block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return calibrated scores float32 [K, b_q, b_a] in recipe order; NaN = no opinion."""
        raw = [expert.block(question_rows, answer_rows) for expert in self._used]
        return self._calibrated(raw, (len(question_rows), len(answer_rows)))

    def expert_pairs(self, sample: PairSample) -> np.ndarray:
        """Return calibrated scores float32 [K, n] of a sample, in recipe order; NaN = silent."""
        return self._calibrated(list(sample.of_experts(self.recipe.experts).raw), (len(sample),))

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

    @cached_property
    def _used(self) -> tuple[PairScores, ...]:
        by_key = {expert.expert: expert for expert in self.scores}
        return tuple(by_key[key] for key in self.recipe.experts)

    @cached_property
    def _overridden(self) -> OverrideTable:
        return OverrideTable.of(self.dataset, self.overrides)

    def _calibrated(self, raw: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        calibrated = np.empty((len(raw), *shape), np.float32)
        for row, (expert, one) in enumerate(zip(self.recipe.experts, raw, strict=True)):
            calibrated[row] = self.calibrators[expert, self.recipe.calibration_of(expert)](one)
        return calibrated

    def _label(
        self, calibrated: np.ndarray, hard: np.ndarray, question_rows: Rows, answer_rows: Rows
    ) -> tuple[np.ndarray, np.ndarray]:
        """Label pairs; both row arrays broadcast to the shape of ``hard``."""
        recipe = self.recipe
        overridden = self._overridden.lookup(question_rows, answer_rows)
        hard_only = recipe.blend == 1 or not len(calibrated)
        soft = hard if hard_only else RULES[recipe.rule].combine(calibrated, hard, self.weights)
        silent = np.isnan(soft)
        for correct in () if hard_only else self.recentring:
            soft = correct(soft, question_rows, answer_rows)
        blended = recipe.blend * hard + (1 - recipe.blend) * soft
        labels = np.where(silent, hard, blended)
        labels = bend(labels, recipe.gain, recipe.threshold, recipe.temperature)
        by_hand = ~np.isnan(overridden)
        targets = np.where(by_hand, overridden, labels).astype(np.float32).clip(0, 1)
        return targets, ~silent | (hard > 0) | by_hand


def _weighing(recipe: LabelRecipe) -> tuple[object, ...]:
    """Return the parts of a recipe on which the weights of its experts depend."""
    return recipe.rule, recipe.experts, recipe.calibrations, recipe.weights
