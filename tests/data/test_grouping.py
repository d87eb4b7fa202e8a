"""Groups hold together what would leak, and only that."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.grouping import GroupingSettings, group_texts, near_duplicates
from core.data.shingles import plain_form, similar_pairs

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
    """Long texts are searched by a quarter of their n-grams."""
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
