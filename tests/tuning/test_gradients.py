"""Gradients in chunks equal those of all texts at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.tuning.gradients import TextSet, add_gradients, plan_chunks
from core.tuning.student import DOCUMENT, QUERY, embed, load_model


@pytest.fixture
def sets(small_dataset):
    return [
        TextSet(QUERY, list(small_dataset.questions[:13])),
        TextSet(DOCUMENT, list(small_dataset.answers)),
    ]


def objective(vectors):
    """Looks at every vector of both sets, and is not linear in any."""
    left, right = vectors
    return (left @ right.T / 0.1).logsumexp(dim=1).mean() + (right @ right.T).square().mean()


def gradients(model, sets, **options):
    model.zero_grad(set_to_none=True)
    value = add_gradients(
        lambda texts, task: embed(model, texts, task),
        sets,
        options.pop("objective", objective),
        seed=(3, 1),
        **options,
    )
    return value, {
        name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None
    }


def assert_same(left, right):
    assert left[0] == pytest.approx(right[0], abs=1e-6)
    assert left[1].keys() == right[1].keys()
    for name in left[1]:
        torch.testing.assert_close(left[1][name], right[1][name], atol=1e-6, rtol=1e-4)


def test_the_plan_takes_every_text_once_in_even_chunks_of_similar_length(sets):
    chunks = plan_chunks([*sets, TextSet(QUERY, [])], 5)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    for index, one in enumerate(sets):
        places = [chunk.places for chunk in chunks if chunk.text_set == index]
        assert sorted(np.concatenate(places)) == list(range(len(one.texts)))
        assert max(map(len, places)) <= 5
        lengths = [len(one.texts[place]) for part in places for place in part]
        assert lengths == sorted(lengths)
    assert [len(chunk.places) for chunk in plan_chunks(sets, 0)] == [13, 8]


def test_without_dropout_they_equal_plain_backpropagation(sets, tiny_bert):
    """A vector gradient that reaches the wrong text would still lower some loss."""
    model = load_model(tiny_bert).eval()
    model.zero_grad()
    plain = objective([embed(model, one.texts, one.task) for one in sets])
    plain.backward()
    wanted = plain.item(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    for size, cached in ((0, False), (0, True), (4, False), (4, True), (1, True)):
        assert_same(gradients(model, sets, size=size, cached=cached), wanted)


def test_with_dropout_the_second_encoding_repeats_the_first(sets, tiny_bert):
    """Another dropout mask in the second pass would make the gradients noise, silently."""
    model = load_model(tiny_bert).train()
    kept = gradients(model, sets, size=4, cached=False)
    cached = gradients(model, sets, size=4, cached=True)
    assert_same(cached, kept)
    still = gradients(model.eval(), sets, size=4, cached=True)
    assert abs(still[0] - kept[0]) > 1e-4  # the model does have dropout


def test_a_chunk_keeps_no_more_activations_than_its_own(sets, tiny_bert):
    """The point of chunks: what is kept for the way back must not grow with the step."""
    model = load_model(tiny_bert).train()

    def most_kept(**options):
        alive = most = 0

        class Kept:
            def __init__(self, tensor):
                nonlocal alive, most
                self.tensor = tensor
                alive += tensor.numel()
                most = max(most, alive)

            def __del__(self):
                nonlocal alive
                alive -= self.tensor.numel()

        with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
            gradients(model, sets, **options)
        return most

    assert most_kept(size=3, cached=True) < 0.5 * most_kept(size=3, cached=False)


def test_a_set_that_the_loss_does_not_look_at_changes_nothing(sets, tiny_bert):
    model = load_model(tiny_bert).eval()

    def only_answers(vectors):
        return (vectors[-1] @ vectors[-1].T).square().mean()

    both = gradients(model, sets, size=4, cached=True, objective=only_answers)
    alone = gradients(model, sets[1:], size=4, cached=True, objective=only_answers)
    assert_same(both, alone)
