"""Groups hold together what would leak, and only that."""

import random
import re
import unicodedata
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.data.near_duplicates import ngrams as sketches
from core.data.near_duplicates.grouping import GroupingSettings, group_texts, near_duplicates
from core.data.near_duplicates.ngrams import likely_pairs, ngram_table, plain_form, similar_pairs
from core.messages import Message
from core.progress import Progress
from core.types import SilentReporter

WORDS = (
    *("apple", "river", "stone", "cloud", "lamp", "forest", "engine"),
    *("violin", "carpet", "mirror", "island", "hammer", "pepper", "saddle"),
    *("window", "ticket", "summer", "border", "finger", "planet", "basket"),
    *("copper", "dragon", "ladder", "monkey", "needle", "orange"),
)


def exact_pairs(texts, threshold):
    """Reference: Jaccard similarity of all pairs, with Python sets."""
    sets = []
    for text in texts:
        padded = f" {text} "
        japanese = 2 * sum("\u3040" <= sign <= "\u9fff" for sign in text) > len(text)
        n = min(2 if japanese else 3, len(padded))
        sets.append({padded[i : i + n] for i in range(len(padded) - n + 1)})
    found = {}
    for i, left in enumerate(sets):
        for j in range(i + 1, len(sets)):
            similarity = len(left & sets[j]) / len(left | sets[j])
            if similarity >= threshold:
                found[i, j] = similarity
    return found


def corpus_with_near_copies(count=300, seed=0):
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(3, 14))) for _ in range(count)]
    for text in texts[: count // 2]:
        letters = list(text)
        for _ in range(rng.randint(1, 4)):
            letters[rng.randrange(len(letters))] = rng.choice("abcxyz ")
        texts.append("".join(letters))
    return sorted({plain_form(text) for text in texts})


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30) | st.text("aB_-. \t0é\x7f", max_size=20))
def test_the_quick_way_to_fold_ascii_texts_is_the_general_one(text):
    folded = unicodedata.normalize("NFKC", text).casefold()
    assert plain_form(text) == " ".join(re.sub(r"[\W_]+", " ", folded).split())


@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.9])
def test_similar_pairs_are_those_of_the_comparison_of_all_pairs(threshold):
    texts = corpus_with_near_copies()
    expected = exact_pairs(texts, threshold)
    first, second, similarity = similar_pairs(texts, threshold)
    found = dict(
        zip(zip(first.tolist(), second.tolist(), strict=True), similarity.tolist(), strict=True)
    )
    assert set(found) <= set(expected)
    assert len(found) >= 0.98 * len(expected) > 20
    assert all(value == pytest.approx(expected[pair], abs=0.01) for pair, value in found.items())


def test_pairs_in_long_texts_are_found_too():
    rng = random.Random(1)
    texts = [
        " ".join("".join(rng.choices("abcdefghij", k=6)) for _ in range(150)) for _ in range(80)
    ]
    texts += [text.replace(text[200:260], "something else") for text in texts[:30]]
    texts = sorted(texts)
    expected = exact_pairs(texts, 0.7)
    first, second, _ = similar_pairs(texts, 0.7)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == set(expected)
    assert len(expected) == 30


@pytest.mark.parametrize("rows", [4, 5, 6])
def test_bands_of_large_files_lose_hardly_any_pair(rows, monkeypatch):
    """Long bands keep chance candidates few among 500,000 texts; near-copies must survive them."""
    monkeypatch.setattr(sketches, "BAND_ROWS", ())
    monkeypatch.setattr(sketches, "MOST_BAND_ROWS", rows)
    texts = corpus_with_near_copies(1200, seed=3)
    table = ngram_table(texts)
    size = np.diff(table.indptr)
    shared = table.dot(table.T).toarray()
    exact = np.triu(shared / (size[:, None] + size - shared), 1)
    expected = set(zip(*(at.tolist() for at in np.nonzero(exact >= 0.7)), strict=True))
    first, second, _ = similar_pairs(texts, 0.7)
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert found <= expected
    assert len(found) >= 0.97 * len(expected) > 400


def test_texts_too_many_to_be_sketched_at_once_give_the_same_pairs(monkeypatch):
    texts = corpus_with_near_copies()
    first, second = likely_pairs(texts, 0.7)
    monkeypatch.setattr(sketches, "_MOST_CHARACTERS", 0)
    monkeypatch.setattr(sketches, "_BLOCK_TEXTS", 17)
    again = likely_pairs(texts, 0.7)
    assert np.array_equal(first, again[0])
    assert np.array_equal(second, again[1])


def test_texts_from_one_template_are_not_all_compared_with_all():
    """Texts that share every band would otherwise cost the square of their number."""

    def likely(count):
        body = "how long does it take until my order with the number"
        end = "is on its way to the address that i gave you"
        return likely_pairs(sorted(f"{body} {i:04} {end}" for i in range(count)), 0.7)

    first, second = likely(4000)
    assert len(first) < 2.5 * len(likely(2000)[0])
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(4000, 4000))
    assert connected_components(graph, directed=False)[0] < 40  # chains still hold them together


def test_progress_is_told_from_start_to_end_and_never_goes_back():
    class Ear(SilentReporter):
        told: ClassVar[list[float]] = []

        def progress(self, fraction, message):
            self.told.append(fraction)

    similar_pairs(corpus_with_near_copies(), 0.7, Progress(Ear(), 0.2, 0.6, Message("x")))
    assert len(Ear.told) >= 4
    assert Ear.told == sorted(Ear.told)
    assert Ear.told[0] >= 0.2
    assert Ear.told[-1] <= 0.6


def groups_of(questions, answers, pairs, **options):
    right = np.array(pairs)
    return group_texts(questions, answers, right[:, 0], right[:, 1], **options)


def test_linked_are_shared_answers_near_answers_and_near_questions():
    questions = [
        *("How do I return a pair of shoes?", "how do i return a pair of shoes"),
        *("What does express delivery cost?", "Is the kettle dishwasher safe?"),
        *("Can I pay by invoice?", "送料はいくらかかりますか", "送料はいくらかかりますか？"),
    ]
    answers = [
        *("Use the label in the parcel.", "Send them back within thirty days, free of charge."),
        *("It costs five euros.", "Only its lid is safe for the dishwasher, the base is not."),
        *("Only its lid is safe for the dishwasher, its base is not.", "一律五百円です。"),
    ]
    found = groups_of(questions, answers, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 5)])
    group = found.question_group
    assert group[0] == group[1]  # near questions, different answers
    assert group[3] == group[4]  # near answers
    assert group[5] == group[6]
    assert len(set(group.tolist())) == 4
    assert found.answer_group.tolist() == [
        group[0],
        group[0],
        group[2],
        group[3],
        group[3],
        group[5],
    ]
    assert found.question_near_duplicates == 2
    assert found.answer_near_duplicates == 1


def test_templated_questions_do_not_chain_into_one_group():
    """Without a guard one group swallows everything, and nothing is left to hold out."""
    questions = [f"What is the price of the {word} in the shop at the moment?" for word in WORDS]
    answers = [f"{word[::-1]} {i * 37} {word} {'xyz'[i % 3] * 9}" for i, word in enumerate(WORDS)]
    found = groups_of(questions, answers, [(i, i) for i in range(len(WORDS))])
    assert np.bincount(found.question_group).max() <= 0.3 * len(WORDS)
    chained = groups_of(
        *(questions, answers, [(i, i) for i in range(len(WORDS))]),
        settings=GroupingSettings(largest_share=1.0),
    )
    assert np.bincount(chained.question_group).max() > 0.9 * len(WORDS)
    assert found.question_similarity > 0.7
    assert "nearly the same" in str(found.warnings[0])


def test_a_group_that_the_data_themselves_make_is_named_in_a_warning():
    questions = [f"{a} and {b}" for a, b in zip(WORDS, WORDS[::-1], strict=True)]
    found = groups_of(
        questions, ["one answer", "two"], [(i, i % 7 == 0) for i in range(len(WORDS))]
    )
    assert any("% of the questions belong to one group" in str(w) for w in found.warnings)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab 日本?", max_size=12), min_size=1, max_size=30))
def test_texts_equal_but_for_case_and_punctuation_always_share_a_group(texts):
    both = [*texts, *[f"{text.upper()} !" for text in texts]]
    pairs = near_duplicates(both, 0.7)
    assert (pairs.first != pairs.second).all()
    found = groups_of(both, ["a"] * 1, [(0, 0)])
    same = {}
    for i, text in enumerate(both):
        key = plain_form(text)
        if key:
            assert found.question_group[i] == same.setdefault(key, found.question_group[i])


def test_right_pairs_always_share_a_group():
    rng = np.random.default_rng(0)
    questions = [f"{a} {b}" for a in WORDS for b in WORDS[:8]]
    pairs = [(i, int(rng.integers(40))) for i in range(len(questions))]
    found = groups_of(questions, [f"{i * 7919}" for i in range(40)], pairs)
    right = np.array(pairs)
    assert (found.question_group[right[:, 0]] == found.answer_group[right[:, 1]]).all()
