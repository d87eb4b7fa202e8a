"""A trimmed model reads the kept languages exactly as the whole one, and says what it cannot do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.errors import ModelUnavailableError
from core.experts import trimming
from core.experts.encoding import load_model
from core.experts.trimming import SCRIPTS, expected, trim
from tests.tiny_models import tiny_bert, write_multilingual

__all__ = ["tiny_bert"]

TEXTS = ["how do i get my money back", "返品したいです", "where is the parcel", "荷物はどこです"]


@pytest.fixture(params=["Unigram", "WordPiece"])
def base(request, tmp_path):
    return write_multilingual(tmp_path / "base", request.param)


def vectors(folder, texts):
    return load_model(folder, "cpu").encode(texts, normalize_embeddings=True)


def tokens_of(folder):
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    return {entry if isinstance(entry, str) else entry[0] for entry in vocabulary}


def test_kept_languages_are_read_the_same_and_others_are_gone(base, tmp_path):
    target = tmp_path / "small"
    target.mkdir()
    done = trim(base, target, ["en", "ja"], TEXTS)
    np.testing.assert_allclose(vectors(target, TEXTS), vectors(base, TEXTS), atol=1e-6)
    unseen = ["the money", "parcel is back", "返品は", "荷物です"]  # kept by script, not by text
    np.testing.assert_allclose(vectors(target, unseen), vectors(base, unseen), atol=1e-6)
    assert done.least_cosine == pytest.approx(1.0, abs=1e-5)
    assert done.tokens < done.before
    assert done.size_mb < done.before_mb
    kept = tokens_of(target)
    assert not any("посылка" in token or "택배" in token for token in kept)
    assert "п" in kept  # a word of another language falls into letters, not into nothing
    assert kept >= {"<s>", "</s>", "<mask>", "<unk>", "<pad>"}
    assert json.loads((target / "config.json").read_text("utf-8"))["vocab_size"] == done.tokens
    lost = ["где посылка"]
    cosine = float((vectors(target, lost) * vectors(base, lost)).sum())
    assert cosine < 0.999


@pytest.mark.parametrize(
    ("language", "stay", "go"),
    [
        ("ja", "髙﨑橋あア5%😀aéжΩ々―", "한们ሀאعकಾ٣५"),
        ("zh", "髙们橋あ5aж", "한ሀאعक٣"),
        ("ko", "한글5aжア", "们橋ሀאعक٣"),
        ("hi", "क५ा5aж", "한们ع٣ಾ"),
        ("ar", "ع٣5aж", "한क५"),
        ("en", "5aéжΩア😀", "한们橋ع٣क"),
    ],
)
def test_single_signs_stay_that_names_and_units_need(language, stay, go):
    """Letters, tones and digits of scripts that nobody here reads take as much room as words."""
    scripts = [SCRIPTS[language]]
    single = [*trimming._ANYWHERE, *scripts, *filter(None, [trimming._RARE.get(language)])]
    for before in ("", "▁", "##"):
        kept = [sign for sign in stay + go if trimming._is_kept(before + sign, scripts, single)]
        assert "".join(kept) == stay
    assert trimming._is_kept("▁2026", scripts, single)
    assert trimming._is_kept("▁٢٠٢٦", scripts, single) == (language == "ar")


def test_with_a_word_list_other_words_in_english_letters_go_and_those_of_the_texts_stay(
    base, tmp_path
):
    target = tmp_path / "small"
    target.mkdir()
    texts = [*TEXTS, "kuriért"]
    trim(base, target, ["en"], texts, words=["money", "parcel"])
    kept = tokens_of(target)
    assert not any("küldtek" in token for token in kept)
    assert any("kuriért" in token for token in kept)
    np.testing.assert_allclose(vectors(target, texts), vectors(base, texts), atol=1e-6)


def test_prompts_travel_with_it(base, tmp_path):
    target = tmp_path / "small"
    target.mkdir()
    trim(base, target, ["en"], TEXTS, prompts={"query": "get ", "document": "is "})
    assert load_model(target, "cpu").prompts["query"] == "get "


def test_what_cannot_be_trimmed_is_refused_readably(base, tiny_bert, tmp_path):
    with pytest.raises(ModelUnavailableError, match="xx"):
        trim(base, tmp_path, ["xx"], TEXTS)
    with pytest.raises(ModelUnavailableError, match="WordLevel"):
        trim(tiny_bert, tmp_path, ["en"], TEXTS)


def test_what_is_foretold_comes_true(base, tmp_path):
    """Somebody decides by the size that is offered."""
    target = tmp_path / "small"
    target.mkdir()
    told, done = expected(base, ["ja"], TEXTS), trim(base, target, ["ja"], TEXTS)
    assert (told.tokens, told.before) == (done.tokens, done.before)
    # Of a tiny model the names in the file weigh more than its words.
    assert told.size_mb == pytest.approx(done.size_mb, rel=0.02)
    assert told.before_mb == done.before_mb
    with pytest.raises(ModelUnavailableError):
        expected(base, ["xx"], TEXTS)
