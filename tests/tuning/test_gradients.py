"""Gradients in chunks equal those of all texts at once; words that no text has need none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from core.errors import TuningError
from core.experts.encoding import token_estimates
from core.tuning import learner as learner_module
from core.tuning.gradients import (
    EVERYTHING,
    Room,
    TextSet,
    activations_mb,
    add_gradients,
    plan_chunks,
)
from core.tuning.student import DOCUMENT, QUERY, embed, load_model
from core.tuning.words import WordsInUse, word_table
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same, weights

PLAIN = dataclasses.replace(CONFIG, weight_decay=0.0, interpolation="off")


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
        options.pop("encode", lambda texts, task: embed(model, texts, task)),
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


def room_for(model, sets, share, most_tokens=0):
    """Room for a share of what all texts of a step keep."""
    texts = sets[1].texts
    longest = int(token_estimates(texts, None).max())
    each = activations_mb(
        lambda t, task: embed(model, t, task), texts, DOCUMENT, list(model.parameters())
    ) / (len(texts) * longest)
    everything = sum(len(one.texts) * token_estimates(one.texts, None).max() for one in sets)
    return Room(share * each * everything, each, None, most_tokens)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 2.0])
def test_what_is_kept_of_a_step_changes_not_a_bit_of_the_gradients(sets, tiny_bert, share):
    """A machine with less memory must come to the same weights, and so must a resumed run."""
    model = load_model(tiny_bert).train()
    wanted = gradients(model, sets, size=3, cached=False)
    encoded = []
    room = room_for(model, sets, share)

    def encode(texts, task):
        encoded.append(torch.is_grad_enabled())
        return embed(model, texts, task)

    found = gradients(model, sets, size=3, cached=False, room=room, encode=encode)
    assert found[0] == wanted[0]
    assert all(torch.equal(found[1][name], wanted[1][name]) for name in wanted[1])
    chunks = len(plan_chunks(sets, 3))
    again = len(encoded) - chunks
    assert sum(encoded) == chunks  # each is carried back once
    assert again == (chunks if share == 0 else 0 if share > 1 else again)
    assert 0 < again < chunks or share in (0.0, 2.0)


def test_less_room_keeps_less(sets, tiny_bert):
    model = load_model(tiny_bert).train()
    kept = [
        room_for(model, sets, share).kept(sets, plan_chunks(sets, 3))
        for share in (0.0, 0.3, 0.7, 2.0)
    ]
    assert kept == sorted(set(kept))
    assert EVERYTHING.kept(sets, plan_chunks(sets, 3)) == len(plan_chunks(sets, 3))


def test_chunks_have_no_more_tokens_than_there_is_room_for(sets):
    room = Room(most_tokens=30)
    chunks = plan_chunks(sets, 8, room=room)
    for chunk in chunks:
        texts = [sets[chunk.text_set].texts[place] for place in chunk.places]
        assert len(texts) == 1 or len(texts) * token_estimates(texts, None).max() <= 30
    assert len(chunks) > len(plan_chunks(sets, 8))
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    for index, one in enumerate(sets):
        places = np.concatenate([chunk.places for chunk in chunks if chunk.text_set == index])
        assert sorted(places) == list(range(len(one.texts)))


@pytest.fixture
def wide(tiny_bert, tiny_static, tmp_path, request):
    """A tiny model whose table has many tokens that no text has."""

    def widened(folder, name):
        model = load_model(folder)
        table = word_table(model)
        more = torch.randn(5 * table.num_embeddings, table.embedding_dim) * 0.02
        table.weight = torch.nn.Parameter(torch.cat([table.weight.detach(), more]))
        table.num_embeddings = len(table.weight)
        if name == "bert":
            model[0].auto_model.config.vocab_size = len(table.weight)
        model.save_pretrained(str(tmp_path / f"wide-{name}"), create_model_card=False)
        return tmp_path / f"wide-{name}"

    name = request.param
    return widened({"bert": tiny_bert, "static": tiny_static}[name], name)


def words_of(model, dataset):
    return WordsInUse.of(model, [TextSet(DOCUMENT, dataset.answers[:3])])


@pytest.mark.parametrize("wide", ["bert", "static"], indirect=True)
def test_training_equals_that_of_the_whole_table(wide, small_dataset, tmp_path, monkeypatch):
    used = []
    of = WordsInUse.of

    def noted(*given):
        used.append(of(*given))
        return used[-1]

    monkeypatch.setattr(learner_module.WordsInUse, "of", noted)
    run(small_dataset, wide, tmp_path / "used", config=PLAIN)
    monkeypatch.setattr(learner_module.WordsInUse, "of", lambda *_: None)
    run(small_dataset, wide, tmp_path / "dense", config=PLAIN)
    assert 2 * len(used[0].rows) < used[0].table.num_embeddings
    found, wanted = weights_of(tmp_path / "used"), weights_of(tmp_path / "dense")
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=2e-6, err_msg=name)
    base = word_table(load_model(wide)).weight.detach().numpy()
    (tables,) = (t for t in found.values() if t.shape == base.shape)
    moved = np.flatnonzero((tables != base).any(axis=1))
    assert len(moved)
    assert set(moved) <= set(used[0].rows.tolist())


def weights_of(folder):
    (path,) = (folder / "model").rglob("model.safetensors")
    return weights(path.parent)


@pytest.mark.parametrize("wide", ["bert"], indirect=True)
def test_decay_alone_moves_what_is_left_out_and_by_little(
    wide, small_dataset, tmp_path, monkeypatch
):
    config = dataclasses.replace(PLAIN, weight_decay=0.01, learning_rate=1e-3)
    run(small_dataset, wide, tmp_path / "used", config=config)
    monkeypatch.setattr(learner_module.WordsInUse, "of", lambda *_: None)
    run(small_dataset, wide, tmp_path / "dense", config=config)
    found, wanted = weights_of(tmp_path / "used"), weights_of(tmp_path / "dense")
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=2e-5, rtol=2e-4, err_msg=name)


@pytest.mark.parametrize("wide", ["bert"], indirect=True)
def test_saved_states_look_as_those_of_the_whole_table_and_either_goes_on(
    wide, small_dataset, tmp_path, monkeypatch
):
    """A run that was begun before the update is resumed; a killed one ends as if it was not."""
    whole = run(small_dataset, wide, tmp_path / "whole", config=PLAIN)
    with pytest.raises(Killed):
        run(small_dataset, wide, tmp_path / "killed", Recorder(die_at=4), config=PLAIN)
    resumed = run(small_dataset, wide, tmp_path / "killed", config=PLAIN)
    assert same(resumed.model_folder, whole.model_folder)
    with monkeypatch.context() as dense, pytest.raises(Killed):
        dense.setattr(learner_module.WordsInUse, "of", lambda *_: None)
        run(small_dataset, wide, tmp_path / "old", Recorder(die_at=4), config=PLAIN)
    old = run(small_dataset, wide, tmp_path / "old", config=PLAIN)
    found, wanted = weights(old.model_folder), weights(whole.model_folder)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=2e-6, err_msg=name)


@pytest.mark.parametrize("wide", ["bert", "static"], indirect=True)
def test_a_text_nobody_knew_of_is_read_all_the_same(wide, small_dataset):
    model, plain = load_model(wide).eval(), load_model(wide).eval()
    words = words_of(model, small_dataset)
    texts = [small_dataset.answers[0], small_dataset.questions[-1]]
    with torch.no_grad():
        words.learned.add_(0.01)
    words.write_back()
    word_table(plain).weight.data.copy_(words.table.weight)
    found, wanted = embed(model, texts, QUERY), embed(plain, texts, QUERY)
    torch.testing.assert_close(found, wanted)
    found.square().cumsum(0).sum().backward()
    wanted.square().cumsum(0).sum().backward()
    torch.testing.assert_close(words.learned.grad, word_table(plain).weight.grad[words.rows])
    assert words.table.weight.grad is None


@pytest.mark.parametrize("wide", ["bert"], indirect=True)
def test_moments_of_other_words_are_refused(wide, small_dataset):
    words = words_of(load_model(wide), small_dataset)
    other = torch.tensor([int(words.table.num_embeddings) - 1])
    with pytest.raises(TuningError, match="does not fit"):
        words.rows_of(torch.ones(1, words.learned.shape[1]), other)


def test_where_texts_have_most_tokens_all_learn(tiny_bert, small_dataset):
    texts = [TextSet(QUERY, small_dataset.questions), TextSet(DOCUMENT, small_dataset.answers)]
    assert WordsInUse.of(load_model(tiny_bert), texts) is None
    frozen = load_model(tiny_bert).requires_grad_(False)
    assert word_table(frozen) is None
