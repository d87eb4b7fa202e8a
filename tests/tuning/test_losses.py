"""Losses against scipy and sentence-transformers on the same numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.special import rel_entr, softmax

from core.tuning.grid import BaseScale
from core.tuning.losses import LOSSES, Affine, cosent, infonce, kl, mse, mse_matched
from core.types.tuning_config import LOSS_KEYS, TuningConfig

CONFIG = TuningConfig(student_temperature=0.05, teacher_temperature=0.1, infonce_share=0.0)


def grid(seed=0, rows=6, columns=9):
    rng = np.random.default_rng(seed)
    cosines = torch.tensor(rng.uniform(-1, 1, (rows, columns)), requires_grad=True)
    targets = torch.tensor(rng.uniform(0, 1, (rows, columns)))
    hard = torch.zeros(rows, columns, dtype=torch.float64)
    hard[torch.arange(rows), torch.arange(rows)] = 1
    return cosines, targets, hard, torch.ones(rows, columns, dtype=torch.bool)


def test_kl_equals_scipy_relative_entropy():
    cosines, targets, hard, mask = grid()
    expected = rel_entr(
        softmax(targets.numpy() / 0.1, axis=1), softmax(cosines.detach().numpy() / 0.05, axis=1)
    )
    assert kl(cosines, targets, hard, mask, CONFIG).item() == pytest.approx(
        expected.sum(axis=1).mean(), abs=1e-9
    )


def test_kl_leaves_masked_cells_out_as_if_they_were_not_there():
    """A masked answer must not take probability from the others, nor turn the loss into NaN."""
    cosines, targets, hard, mask = grid()
    mask[:, 7:] = False
    loss = kl(cosines, targets, hard, mask, CONFIG)
    fewer = kl(cosines[:, :7], targets[:, :7], hard[:, :7], mask[:, :7], CONFIG)
    assert loss.item() == pytest.approx(fewer.item(), abs=1e-12)
    loss.backward()
    assert torch.isfinite(cosines.grad).all()
    assert (cosines.grad[:, 7:] == 0).all()


def test_kl_equals_sentence_transformers_distillation_loss():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import DistillKLDivLoss

    rng = np.random.default_rng(1)
    left, right = (
        torch.nn.functional.normalize(torch.tensor(rng.normal(size=(n, 16))), dim=1) for n in (5, 8)
    )
    targets = torch.tensor(rng.uniform(0, 1, (5, 8)))
    theirs = DistillKLDivLoss(
        SentenceTransformer(modules=[torch.nn.Identity()], device="cpu"),
        student_temperature=0.05,
        teacher_temperature=0.1,
    ).compute_loss_from_embeddings([left, *(right[[j] * 5] for j in range(8))], targets)
    mask = torch.ones(5, 8, dtype=torch.bool)
    ours = kl(left @ right.T, targets, torch.zeros(5, 8), mask, CONFIG)
    # theirs is scaled by the squared student temperature, Hinton et al. 2015
    assert ours.item() == pytest.approx(theirs.item() / 0.05**2, abs=1e-5)


def test_infonce_equals_sentence_transformers_ranking_loss():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    rng = np.random.default_rng(2)
    left, right = (torch.tensor(rng.normal(size=(7, 16))) for _ in range(2))
    theirs = MultipleNegativesRankingLoss(
        SentenceTransformer(modules=[torch.nn.Identity()], device="cpu"), scale=20.0
    ).compute_loss_from_embeddings([left, right], None)
    unit = [torch.nn.functional.normalize(vectors, dim=1) for vectors in (left, right)]
    cosines, mask = unit[0] @ unit[1].T, torch.ones(7, 7, dtype=torch.bool)
    ours = infonce(cosines, cosines, torch.eye(7), mask, CONFIG)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)


def sentence_transformers_cosent(cosines, targets):
    """Their loss on the same pairs, written out as rows of two vectors with this cosine."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss

    flat = cosines.flatten()
    left = torch.stack([torch.ones_like(flat), torch.zeros_like(flat)], dim=1)
    right = torch.stack([flat, (1 - flat.square()).sqrt()], dim=1)
    model = SentenceTransformer(modules=[torch.nn.Identity()], device="cpu")
    return CoSENTLoss(model, scale=20.0).compute_loss_from_embeddings(
        [left, right], targets.flatten()
    )


def test_cosent_equals_sentence_transformers_loss_and_its_gradient():
    """Ties (equal labels) are no pairs; a running sum that counts them is wrong only there."""
    cosines, targets, hard, mask = grid(seed=4)
    targets = (targets * 5).round() / 5
    theirs = sentence_transformers_cosent(cosines, targets)
    (wanted,) = torch.autograd.grad(theirs, cosines)
    ours = cosent(cosines, targets, hard, mask, CONFIG)
    (found,) = torch.autograd.grad(ours, cosines)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-9)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=1e-9)


def test_cosent_of_a_large_grid_needs_no_table_of_all_pairs():
    """64 × 200 cells have 82 million ordered pairs: a table of them fills 300 MB and more."""
    rng = np.random.default_rng(5)
    cosines = torch.tensor(rng.uniform(-1, 1, (64, 200)), dtype=torch.float32, requires_grad=True)
    targets = torch.tensor(rng.uniform(0, 1, (64, 200)).round(2), dtype=torch.float32)
    mask = torch.tensor(rng.uniform(size=(64, 200)) < 0.9)
    sizes = []

    def watch(tensor):
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(watch, lambda tensor: tensor):
        loss = cosent(cosines, targets, targets, mask, CONFIG)
    loss.backward()
    assert max(sizes) <= 64 * 200
    values = cosines.detach()[mask].double().numpy() / 0.05
    labels = targets[mask].numpy()
    total = sum(
        np.exp(values[row] - values[labels > labels[row]]).sum() for row in range(len(values))
    )
    assert loss.item() == pytest.approx(np.log1p(total), rel=1e-5)
    assert torch.isfinite(cosines.grad).all()


def test_infonce_never_pushes_away_another_right_answer():
    """With two right answers in a row, raising the second must not raise the loss of the first."""
    cosines, targets, hard, mask = grid(rows=1)
    hard[0, :2] = 1
    infonce(cosines, targets, hard, mask, CONFIG).backward()
    assert (cosines.grad[0, :2] < 0).all()
    assert (cosines.grad[0, 2:] > 0).all()
    logits = cosines.detach()[0] / 0.05
    one_by_one = [
        torch.nn.functional.cross_entropy(
            torch.cat([logits[[place]], logits[2:]])[None], torch.tensor([0])
        )
        for place in (0, 1)
    ]
    loss = infonce(cosines, targets, hard, mask, CONFIG).item()
    assert loss == pytest.approx(float(sum(one_by_one) / 2), abs=1e-9)


def test_unmarked_answers_as_good_as_the_right_one_are_no_negatives():
    """Pushing away an answer that the experts find right would unlearn it."""
    cosines, _, hard, mask = grid(rows=2, columns=5)
    targets = torch.tensor([[0.6, 0.1, 0.61, 0.55, 0.4], [0.9, 0.7, 0.71, 0.2, 0.2]])
    config = replace(CONFIG, false_negative_margin=0.1)
    infonce(cosines, targets, hard, mask, config).backward()
    pushed = cosines.grad > 0
    assert pushed.tolist() == [[False, True, False, False, True], [False, False, False, True, True]]
    fewer = mask & torch.tensor([[1, 1, 0, 0, 1], [0, 1, 0, 1, 1]], dtype=torch.bool)
    spared = infonce(cosines, targets, hard, mask, config)
    assert spared.item() == pytest.approx(infonce(cosines, targets, hard, fewer, CONFIG).item())
    for loss in (infonce, kl):  # by default every unmarked answer counts
        everything = loss(cosines, targets, hard, mask, replace(CONFIG, infonce_share=1.0))
        lower = replace(config, infonce_share=1.0)
        assert loss(cosines, targets, hard, mask, lower).item() < everything.item()
    cosines.grad = None
    infonce(cosines, torch.ones_like(targets), hard, mask, CONFIG).backward()
    assert ((cosines.grad > 0) == (hard == 0)).all()


def test_mse_gives_the_rare_right_cells_half_of_the_weight():
    """Unbalanced, one right cell among nine would count a ninth and the loss would ignore it."""
    cosines, _, hard, mask = grid()
    targets = torch.where(hard > 0, cosines.detach() + 0.3, cosines.detach() + 0.1)
    loss = mse(cosines, targets, hard, mask, CONFIG).item()
    assert loss == pytest.approx((0.3**2 + 0.1**2) / 2)


def test_matched_targets_have_mean_and_spread_of_the_base_cosines():
    """On raw targets the loss would spend itself on moving the scale of all cosines."""
    rng = np.random.default_rng(3)
    targets, cosines = rng.uniform(0, 1, 400), rng.normal(0.2, 0.1, 400)
    match = Affine.match(targets, cosines)
    moved = match.slope * targets + match.intercept
    assert moved.mean() == pytest.approx(cosines.mean())
    assert moved.std() == pytest.approx(cosines.std())
    grids = [torch.tensor(values.reshape(20, 20)) for values in (moved, targets)]
    hard, mask = torch.eye(20), torch.ones(20, 20, dtype=torch.bool)
    assert mse_matched(grids[0], grids[1], hard, mask, CONFIG, match).item() == pytest.approx(0)


def test_a_model_with_crowded_scores_learns_at_a_lower_temperature():
    """At one temperature for all, the labels of an e5 model would look flat: it would not learn."""
    usual, crowded = BaseScale(spread=0.1), BaseScale(spread=0.02)
    assert usual.settings(CONFIG).student_temperature == pytest.approx(CONFIG.student_temperature)
    lower = crowded.settings(CONFIG)
    assert lower.student_temperature == pytest.approx(CONFIG.student_temperature / 5)
    cosines, targets, hard, mask = grid()
    mean = cosines.detach().mean()
    # The same scores, five times closer together, give the same loss.
    for key in ("kl", "infonce"):
        loss = LOSSES[key].compute
        left = loss(cosines - mean, targets, hard, mask, CONFIG)
        right = loss((cosines - mean) / 5, targets, hard, mask, lower)
        assert left.item() == pytest.approx(right.item(), rel=1e-4)


def test_scores_that_do_not_spread_at_all_keep_the_temperature_within_its_bounds():
    assert BaseScale(spread=1e-12).settings(CONFIG).student_temperature == 0.001


@pytest.mark.parametrize("key", LOSS_KEYS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), kept=st.floats(0, 1), marked=st.floats(0, 1))
def test_every_loss_stays_finite_and_lets_gradient_only_through_open_cells(key, seed, kept, marked):
    """Rows without a right answer, without open cells or with one cell only occur in real data."""
    rng = np.random.default_rng(seed)
    cosines = torch.tensor(rng.uniform(-1, 1, (4, 5)), requires_grad=True)
    targets = torch.tensor(rng.uniform(0, 1, (4, 5)))
    hard = torch.tensor((rng.uniform(size=(4, 5)) < marked).astype(float))
    mask = torch.tensor(rng.uniform(size=(4, 5)) < kept)
    config = replace(CONFIG, infonce_share=0.5)
    loss = LOSSES[key].compute(cosines, targets, hard, mask, config)
    loss.backward()
    assert loss.ndim == 0
    assert loss.item() >= -1e-9
    assert torch.isfinite(cosines.grad).all()
    assert (cosines.grad[~mask] == 0).all()


def test_registry_and_config_offer_the_same_losses():
    """A loss that the form cannot choose, or a choice without a loss, would only show in a run."""
    assert tuple(LOSSES) == LOSS_KEYS or set(LOSSES) == set(LOSS_KEYS)
    for key, entry in LOSSES.items():
        assert entry.key == key
        assert all((entry.title, entry.meaning, entry.formula, entry.source))
