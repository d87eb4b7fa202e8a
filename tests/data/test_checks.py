"""The language of the texts decides the defaults."""

import pytest

from core.data.checks import guess_language


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
