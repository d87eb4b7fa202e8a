"""Cross-encoders as experts, with a tiny random model: no real weights are at hand offline.

What a real cross-encoder thinks is therefore not tested here, only that pairs, scores, cache and
settings belong together; the reference is sentence-transformers' own ``CrossEncoder.predict``.
"""

import json

import numpy as np
import pytest

from core.errors import ExpertError, ModelUnavailableError, Stopped
from core.experts import cross_encoder
from core.experts.catalogue import catalogue, find_entry
from core.experts.cross_encoder import (
    CandidateSettings,
    candidate_pairs,
    fill_pairs,
    load_cross_encoder,
)
from core.experts.encoders import load_encoder
from core.experts.expert_scores import load_scores, score_dataset
from core.experts.folders import is_cross_encoder
from core.experts.source import ScoringContext
from core.types import TEST_KNOWN, TRAIN, VALIDATION_KNOWN, ExpertScores, QADataset, SilentReporter
from core.types.expert_entry import CROSS_ENCODER

WORDS = (
    "how do i return a parcel send it back within days password click forgot my lost when".split()
)


def build(folder, labels=1, seed=0):
    """Write a one-layer cross-encoder as transformers saves it (like the models on the hub)."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    words = {word: place for place, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("cross") / "model")


def make_dataset(n_questions=60, n_answers=40, seed=0):
    rng = np.random.default_rng(seed)

    def texts(count, number):
        return tuple(
            " ".join(rng.choice(WORDS, rng.integers(2, 9))) + f" {number}{i}" for i in range(count)
        )

    rows = np.arange(n_questions, dtype=np.int32)
    splits = np.array([TRAIN, TRAIN, VALIDATION_KNOWN, TEST_KNOWN])
    return QADataset(
        name="parcels",
        questions=texts(n_questions, "q"),
        answers=texts(n_answers, "a"),
        question_ids=tuple(f"q{i}" for i in rows),
        answer_ids=tuple(f"a{i}" for i in range(n_answers)),
        right_question=rows,
        right_answer=(rows % n_answers).astype(np.int32),
        right_grade=np.ones(n_questions, np.float32),
        question_group=(rows % n_answers).astype(np.int32),
        answer_group=np.arange(n_answers, dtype=np.int32),
        split=splits[rows % 4],
        question_row=rows + 2,
    )


@pytest.fixture(scope="module")
def dataset():
    return make_dataset()


def random_expert(dataset, seed, key="other"):
    rng = np.random.default_rng(seed)
    sides = [rng.normal(size=(len(texts), 8)) for texts in (dataset.questions, dataset.answers)]
    return ExpertScores(key, f"p{seed}", dataset.id, *(side.astype(np.float32) for side in sides))


def test_candidates_are_the_best_of_the_others_all_right_and_some_random(dataset):
    others = [random_expert(dataset, seed) for seed in (1, 2)]
    settings = CandidateSettings(top=6, random=2, seed=3)
    rows, columns = candidate_pairs(dataset, others, settings)
    listed = set(zip(rows.tolist(), columns.tolist(), strict=True))
    assert len(listed) == len(rows) <= settings.expected(dataset)
    seen = dataset.rows(TRAIN, VALIDATION_KNOWN)
    for question in seen.tolist():
        own = {column for row, column in listed if row == question}
        right = set(dataset.right_answers(question).tolist())
        assert right <= own
        everything = np.arange(len(dataset.answers))
        best = [np.argsort(-e.block(np.array([question]), everything)[0]) for e in others]
        for order in best:  # the first three of each of two experts are six places at most
            assert set(order[:3].tolist()) <= own
        assert 6 <= len(own) <= 6 + 2 + len(right)
    again = candidate_pairs(dataset, others, settings)
    np.testing.assert_array_equal(rows, again[0])
    other = candidate_pairs(dataset, others, CandidateSettings(6, 2, seed=4))
    assert len(other[0]) != len(rows) or (other[1] != columns).any()


def test_no_question_of_the_test_split_is_read(dataset):
    """Prevents what an expert says about test questions from leaking into choices."""
    rows, _ = candidate_pairs(dataset, [random_expert(dataset, 1)], CandidateSettings())
    assert not np.isin(rows, dataset.rows(TEST_KNOWN)).any()


def test_candidates_of_few_answers_are_all_pairs_at_most():
    small = make_dataset(8, 5)
    settings = CandidateSettings(top=20, random=5)
    rows, columns = candidate_pairs(small, [random_expert(small, 1)], settings)
    assert len(rows) == len(small.rows(TRAIN, VALIDATION_KNOWN)) * 5 == settings.expected(small)
    assert columns.max() == 4


def test_scores_are_the_raw_outputs_of_the_model_for_these_pairs(folder, dataset, store, cache):
    """Prevents swapped texts, shuffled scores, and a sigmoid that flattens sure pairs."""
    key = f"local:{folder}"
    result = score_dataset(dataset, [key, "bm25"], ScoringContext(store, cache, device="cpu"))
    assert not result.failures
    assert [one.expert for one in result.scores] == [key, "bm25"]  # as asked, though scored last
    scores = result.scores[0]
    assert result.encoded[key] == len(scores) > 500
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    rows, columns = scores.question_rows[::37], scores.answer_rows[::37]
    pairs = [(dataset.questions[q], dataset.answers[a]) for q, a in zip(rows, columns, strict=True)]
    expected = model.predict(pairs, activation_fn=Identity(), show_progress_bar=False)
    np.testing.assert_allclose(scores.pairs(rows, columns), expected, atol=1e-4)
    assert np.ptp(expected) > 0.1  # the comparison could fail


def test_a_pair_asked_live_scores_as_on_the_list(folder, dataset, store, cache):
    context = ScoringContext(store, cache, device="cpu")
    scores = score_dataset(dataset, [f"local:{folder}", "bm25"], context).scores[0]
    ask = find_entry(f"local:{folder}").live(dataset, context)
    for place in (0, 100, 300):
        row, column = int(scores.question_rows[place]), int(scores.answer_rows[place])
        live = ask(dataset.questions[row], dataset.answers[column])
        assert live == pytest.approx(float(scores.values[place]), abs=1e-4)


def test_no_pair_is_read_twice(folder, dataset, store, cache):
    key = f"local:{folder}"
    first = score_dataset(dataset, ["bm25", key], ScoringContext(store, cache, device="cpu"))
    again = score_dataset(dataset, ["bm25", key], ScoringContext(store, cache, device="cpu"))
    assert first.encoded[key] > 0 and again.encoded[key] == 0
    assert first.scores[1].id == again.scores[1].id
    assert load_scores(dataset, key, ScoringContext(store, cache)).id == first.scores[1].id
    wider = score_dataset(
        dataset, ["bm25", "tfidf", key], ScoringContext(store, cache, device="cpu")
    )
    assert 0 < wider.encoded[key] < first.encoded[key]


def test_nothing_is_scored_before_scoring(folder, dataset, store, cache):
    with pytest.raises(ExpertError, match="has not scored"):
        load_scores(dataset, f"local:{folder}", ScoringContext(store, cache))


def test_alone_it_reads_what_keyword_search_proposes(folder, dataset, store, cache):
    """Prevents a panel of one cross-encoder from scoring right answers and noise only."""
    key = f"local:{folder}"
    result = score_dataset(dataset, [key], ScoringContext(store, cache, device="cpu"))
    assert [one.expert for one in result.scores] == [key]
    bm25 = load_scores(dataset, "bm25", ScoringContext(store, cache))
    rows, columns = candidate_pairs(dataset, [bm25], CandidateSettings())
    assert np.isfinite(result.scores[0].pairs(rows, columns)).all()
    assert len(result.scores[0]) == len(rows)


def test_a_stop_keeps_what_was_scored_and_the_next_run_goes_on(cache, listener):
    pairs = [(f"question {i}", f"answer {i}") for i in range(200)]
    read = []

    def predict(chunk):
        read.extend(chunk)
        return np.array([float(question.split()[1]) for question, _ in chunk])

    told = listener(stop_after=2)
    with pytest.raises(Stopped):
        fill_pairs(predict, "print-of-model", pairs, cache, told)
    kept = len(read)
    assert 0 < kept < 200
    left = fill_pairs(predict, "print-of-model", pairs, cache, SilentReporter())
    assert left == 200 - kept and sorted(read) == sorted(pairs)
    values, found = cache.get("print-of-model", cross_encoder.pair_keys(pairs))
    assert found.all()
    np.testing.assert_array_equal(values[:, 0], np.arange(200))
    assert any("pairs scored" in message for message in told.messages)


def test_a_damaged_model_is_said_and_nothing_is_kept(cache):
    with pytest.raises(ExpertError, match="1 of 2 pairs"):
        fill_pairs(
            lambda chunk: np.array([1.0, np.nan]),
            "print-of-model",
            [("a", "b"), ("c", "d")],
            cache,
            SilentReporter(),
        )
    assert not cache.get("print-of-model", cross_encoder.pair_keys([("a", "b")]))[1].any()


def test_other_weights_are_another_expert(folder, store, tmp_path):
    """Prevents cached scores of one model from being taken for those of another."""
    other = build(tmp_path / "other", seed=1)
    prints = {find_entry(f"local:{one}").fingerprint(store) for one in (folder, other)}
    assert len(prints) == 2 and None not in prints


def test_both_folder_layouts_are_known_and_neither_can_be_tuned_or_searched(
    folder, store, tmp_path
):
    """Prevents a saved cross-encoder, which has a modules.json, from passing as a text encoder."""
    saved = tmp_path / "saved"
    load_cross_encoder(folder, "cpu").save_pretrained(str(saved))
    assert (saved / "modules.json").exists() and not (folder / "modules.json").exists()
    for path in (folder, saved):
        entry = find_entry(f"local:{path}")
        assert entry.family == CROSS_ENCODER and not entry.trainable
        assert entry.max_length == 64
        with pytest.raises(ExpertError, match="not a model that can be fine-tuned"):
            load_encoder(entry, store)
        with pytest.raises(ModelUnavailableError, match="cross-encoder"):
            load_encoder(path, store)


def test_models_with_several_outputs_pickles_or_own_code_are_refused(folder, tmp_path):
    with pytest.raises(ModelUnavailableError, match="gives 3 numbers"):
        find_entry(f"local:{build(tmp_path / 'three', labels=3)}")
    pickled = build(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelUnavailableError, match="lacks safetensors"):
        find_entry(f"local:{pickled}")
    custom = build(tmp_path / "custom")
    config = json.loads((custom / "config.json").read_text())
    config["auto_map"] = {"AutoModelForSequenceClassification": "mine.Model"}
    (custom / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailableError, match="Python code of its own"):
        find_entry(f"local:{custom}")
    assert not is_cross_encoder(tmp_path)


def test_long_pairs_are_cut_and_not_refused(folder):
    model = load_cross_encoder(folder, "cpu", max_length=512)
    assert model.max_seq_length == 64  # never more than the model has places for
    words = " ".join(["parcel"] * 500)
    scores = cross_encoder.predict_with(model, [(words, words)], SilentReporter())
    assert np.isfinite(scores).all()


def test_hub_models_are_listed_and_without_a_hub_fail_with_a_reason(
    dataset, store, cache, monkeypatch
):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for key in ("ms-marco-MiniLM-L6-v2", "bge-reranker-v2-m3"):
        entry = catalogue()[key]
        assert entry.family == CROSS_ENCODER and not entry.trainable
        assert not entry.availability(store).ready
    context = ScoringContext(store, cache, device="cpu")
    result = score_dataset(dataset, ["ms-marco-MiniLM-L6-v2", "bm25"], context)
    assert [one.expert for one in result.scores] == ["bm25"]
    assert "could not be fetched" in str(result.failures["ms-marco-MiniLM-L6-v2"])
