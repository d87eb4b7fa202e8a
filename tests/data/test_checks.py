"""The language of the texts decides the defaults."""

import pytest

from core.data.checks import guess_language, languages_in


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Where is my parcel?", "How do I return it", "It is on the way"], "en"),
        (["返品できますか", "iPhoneのケースを返したい", "送料は無料ですか"], "ja"),
        (["我想退货", "请问运费多少"], "other"),
        (["Wo ist mein Paket?", "Können Sie mir sagen, wann ein Gerät geliefert wird?"], "other"),
        (["Где мой заказ?"], "other"),
        (["12345", "???"], "other"),
        ([], "other"),
    ],
)
def test_language(texts, language):
    assert guess_language(texts) == language


JAPANESE = ["返品できますか", "iPhoneのケースを返したい", "送料は無料ですか"]
ENGLISH = ["Where is my parcel?", "How do I return it", "It is on the way"]


@pytest.mark.parametrize(
    ("sides", "languages"),
    [
        ((JAPANESE, JAPANESE), ("ja",)),
        ((JAPANESE, ENGLISH), ("en", "ja")),
        ((JAPANESE, [*JAPANESE * 2, "Where is my parcel?"]), ("en", "ja")),
        ((JAPANESE, [*JAPANESE * 20, "Where is my parcel?"]), ("ja",)),  # one text is a quotation
        ((ENGLISH, ["Wo ist mein Gerät?", "Können Sie mir sagen, wann es kommt?"]), ()),
        ((ENGLISH, []), ("en",)),
    ],
)
def test_words_are_kept_of_all_languages_that_are_noticeable(sides, languages):
    assert languages_in(*sides) == languages
