import bm25s
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.experts.lexical import LEXICAL_EXPERTS, bm25_tables, is_unspaced, tfidf_tables, words

ANSWERS = [
    "Send the parcel back within 30 days; the refund comes within a week.",
    "We refund the price, the price and nothing but the price.",
    "Change your password in the account settings.",
    "",
    "返品は30日以内に承ります。送料はお客様のご負担です。",
]
QUESTIONS = ["refund price?", "PASSWORD password forgotten", "返品の送料", "zzz", ""]


def reference_scores(questions, answers):
    """Scores that bm25s itself gives for the same tokens."""
    tokens = [words(text) for text in answers]
    vocabulary = {w: i for i, w in enumerate(sorted({w for ws in tokens for w in ws}))}
    index = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    index.index(([[vocabulary[w] for w in ws] for ws in tokens], vocabulary), show_progress=False)
    rows = []
    for question in questions:
        asked = [w for w in words(question) if w in vocabulary]
        rows.append(index.get_scores(asked) if asked else np.zeros(len(answers)))
    return np.array(rows)


def test_product_of_the_tables_is_the_score_of_bm25s():
    counts, weights = bm25_tables(QUESTIONS, ANSWERS)
    product = (counts @ weights.T).toarray()
    assert product.shape == (5, 5) and product.max() > 0
    assert np.allclose(product, reference_scores(QUESTIONS, ANSWERS), atol=1e-5)


texts = st.lists(st.text("ab c返品送料 ", max_size=12), min_size=1, max_size=8)


@given(texts, texts)
@settings(max_examples=40, deadline=None)
def test_any_texts_give_the_scores_of_bm25s(questions, answers):
    counts, weights = bm25_tables(questions, answers)
    if weights.shape[1]:
        expected = reference_scores(questions, answers)
        assert np.allclose((counts @ weights.T).toarray(), expected, atol=1e-5)


@pytest.mark.parametrize("answers", [ANSWERS, ANSWERS[-1:] * 2, ["", "?"], ["…"]])
@pytest.mark.parametrize("method", LEXICAL_EXPERTS, ids=lambda m: m.key)
def test_tables_fit_together_even_where_there_is_no_word(method, answers):
    left, right = method.tables(QUESTIONS, answers)
    assert left.shape[0] == len(QUESTIONS) and right.shape[0] == len(answers)
    assert left.shape[1] == right.shape[1]
    assert left.dtype == right.dtype == np.float32


def test_tfidf_rows_have_length_one_or_zero():
    for table in tfidf_tables(QUESTIONS, ANSWERS):
        lengths = np.sqrt(table.multiply(table).sum(axis=1))
        assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))


def test_tfidf_forgives_a_typo_that_bm25_does_not():
    for tables, finds in ((tfidf_tables, True), (bm25_tables, False)):
        left, right = tables(["pasword setings"], ANSWERS)
        scores = (left @ right.T).toarray()[0]
        assert (scores.argmax() == 2 and scores.max() > 0) == finds


@pytest.mark.parametrize("method", LEXICAL_EXPERTS, ids=lambda m: m.key)
def test_japanese_is_found_without_spaces(method):
    """A tokenizer for spaced scripts makes one word of a Japanese sentence and finds nothing."""
    answers = ["配送には三日かかります。", "返品は三十日以内に承ります。", "会員登録は無料。"]
    left, right = method.tables(["返品したいのですが"], answers)
    assert (left @ right.T).toarray()[0].argmax() == 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't panic!", ["don't", "panic"]),
        ("ＷｉＦｉ ｶﾞｽ", ["wifi", "ガス"]),  # full-width letters, half-width kana
        ("Wi-Fiの料金", ["wi", "fi", "の料", "料金", "料", "金"]),
        ("おむつ", ["おむつ"]),
        ("返すには", ["返す", "返", "すには"]),
        ("猫", ["猫"]),
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs belong to the word
        ("ราคา", ["รา", "าค", "คา"]),
        ("snake_case a\x00b", ["snake", "case", "a", "b"]),
        ("🙂 …", []),
    ],
)
def test_words_of_many_scripts(text, tokens):
    assert words(text) == tokens


def test_scripts_are_recognised():
    assert is_unspaced(ANSWERS[-1:]) and not is_unspaced(ANSWERS[:3]) and not is_unspaced([""])
