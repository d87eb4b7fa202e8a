"""The language of the texts decides the defaults."""

import pytest

from core.data.checks import KNOWN, guess_language, languages_in, sure_language
from core.experts.trimming import SCRIPTS


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
GERMAN = ["Wo ist mein Gerät?", "Können Sie mir sagen, wann es kommt?"]
SPANISH = [
    "Usted puede devolverlo hasta catorce días después de la entrega, y es gratis",
    "El pedido está en camino y llega mañana, pero las fechas son estimadas",
]
DANISH = ["Du kan se det på din side, når vi har sendt den", "Det er ikke muligt at bytte"]
ENGLISH = ["Where is my parcel?", "How do I return it", "It is on the way"]


@pytest.mark.parametrize(
    ("sides", "languages"),
    [
        ((JAPANESE, JAPANESE), ("ja",)),
        ((JAPANESE, ENGLISH), ("en", "ja")),
        ((JAPANESE, [*JAPANESE * 2, "Where is my parcel?"]), ("en", "ja")),
        ((JAPANESE, [*JAPANESE * 20, "Where is my parcel?"]), ("ja",)),  # one text is a quotation
        ((ENGLISH, GERMAN), ("de", "en")),
        ((GERMAN, GERMAN), ("de",)),
        (
            (
                ["¿Dónde está mi pedido y cuándo llega?", "Quiero devolver los zapatos", *SPANISH],
                SPANISH,
            ),
            ("es",),
        ),
        ((["我想退货", "请问运费多少"], ["七天内可以退货", "运费为十元"]), ("zh",)),
        ((["반품하고 싶어요"], ["7일 이내에 가능합니다"]), ("ko",)),
        ((["Где мой заказ?"], ["Он уже в пути"]), ()),  # or Ukrainian, or Bulgarian
        ((["Hvor er min pakke, og når kommer den?"], DANISH), ()),  # or Norwegian
        ((["返品方法", "送料", *JAPANESE], JAPANESE), ("ja",)),
        ((ENGLISH, ["Xylo 12", "Acme"]), ()),
        ((ENGLISH, []), ("en",)),
    ],
)
def test_words_are_kept_of_all_languages_that_are_noticeable(sides, languages):
    assert languages_in(*sides) == languages


def test_words_of_every_language_that_is_known_can_be_kept():
    assert set(SCRIPTS) >= KNOWN


def test_a_language_is_sure_by_its_words_or_its_script_or_not_at_all():
    assert sure_language(GERMAN) == "de" and sure_language(SPANISH) == "es"
    assert sure_language(["Где мой заказ?"]) == "cyrillic"
    assert sure_language(["Dove si trova il mio pacco e quando viene consegnato?"]) == "it"
    assert sure_language(["Waar is mijn pakket? Wanneer wordt het bezorgd?"]) == "nl"
    for texts in ([], ["12345"], ["Paket"], ["Xylo Acme 12"]):
        assert sure_language(texts) is None
