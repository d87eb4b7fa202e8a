"""Old encodings are recognised by the letters they give, and doubts are told."""

import pytest

from core.data.reading.formats import read_table
from core.data.reading.upload import ReadingChoices
from core.errors import DataError

TEXTS = {
    "de": ("Wie viele Bücher für Gäste?", "Höchstens drei Stück, auch außer Haus"),
    "fr": ("Où est mon colis ?", "Il est déjà parti à Besançon, ça va"),
    "tr": ("Kitabı nasıl geri verebilirim?", "Öğleden sonra gelin, şu an açık değil"),
    "pl": ("Ile książek mogę wypożyczyć?", "Źródło światła jest żółte, łatwo"),
    "cs": ("Kolik knih si mohu půjčit?", "Příště přijďte dříve, děkuji"),
    "ru": ("Как я могу вернуть заказ?", "Пожалуйста, приходите завтра утром"),
    "is": ("Hvenær opnið þið?", "Klukkan níu á þriðjudögum, það er víst"),
}


def content(language, encoding):
    question, answer = TEXTS[language]
    rows = "".join(f"{question} {i};{answer} {i}\n" for i in range(12))
    return f"question;answer\n{rows}".encode(encoding)


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        *[("de", encoding) for encoding in ("cp1252", "mac_roman", "cp850")],
        *[("fr", encoding) for encoding in ("cp1252", "mac_roman", "cp850")],
        *[("tr", "cp1254"), ("pl", "cp1250"), ("pl", "iso8859_2"), ("pl", "cp852")],
        *[("cs", "cp1250"), ("ru", "cp1251"), ("ru", "koi8_r"), ("ru", "cp866"), ("is", "cp1252")],
    ],
)
def test_the_encoding_that_gives_letters_of_one_language_is_taken(language, encoding):
    table = read_table(content(language, encoding), "faq.csv")
    assert table.frame["question"][0].startswith(TEXTS[language][0])
    assert bool(table.warnings) == (encoding != "cp1252")
    if table.warnings:
        assert TEXTS[language][0] in str(table.warnings[0])
        assert "cp1252" in table.encodings


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "问题,答案,判断\nHow many?,Twelve,正确\nWhere?,Here,错误\n"),
        ("big5", "問題,答案\n如何退貨？,請聯絡客服。\n"),
        ("gb18030", "问题,答案,是否正确\nHow many?,Twelve,是\nWhere?,Here,否\n"),
        ("big5", "問題,答案,正確\nHow many?,Twelve,是\nWhere?,Here,否\n"),
        ("euc_jp", "質問,回答,備考\nHow many?,Twelve,\nWhere?,Here,\n"),
        ("cp949", "질문,답변\n어떻게 반품하나요?,고객센터에 문의하세요.\n"),
    ],
)
def test_a_few_signs_of_chinese_and_korean_are_enough(encoding, text):
    table = read_table(text.encode(encoding), "faq.csv")
    assert ",".join(table.columns) == text.split("\n")[0]


def test_lines_that_end_as_on_old_macs_are_read():
    table = read_table(content("de", "mac_roman").replace(b"\n", b"\r"), "faq.csv")
    assert len(table.frame) == 12


@pytest.mark.parametrize("wrong", ["cp1252", "mac_roman", "cp437", "latin-1"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("language", ["de", "fr"])
def test_utf8_that_was_saved_as_utf8_twice_is_undone_and_told(language, mark, wrong):
    twice = (mark + content(language, "utf-8").decode(wrong)).encode("utf-8")
    table = read_table(twice, "faq.csv")
    assert table.frame["question"][0].startswith(TEXTS[language][0])
    assert TEXTS[language][0] in str(table.warnings[0]) and "utf-8" in table.encodings
    as_it_is = read_table(twice, "faq.csv", choices=ReadingChoices(encoding="utf-8"))
    assert as_it_is.frame["question"][0] != table.frame["question"][0]


def test_accents_alone_are_not_taken_for_utf8_twice():
    table = read_table("question;answer\nÃ ou Â ?;São © 2024 à é\n".encode(), "faq.csv")
    assert table.frame["answer"][0] == "São © 2024 à é" and table.warnings == ()


def test_the_encoding_can_be_chosen():
    table = read_table(
        content("de", "cp1252"), "faq.csv", choices=ReadingChoices(encoding="mac_roman")
    )
    assert table.encoding == "mac_roman" and "B¸cher" in table.frame["question"][0]
    with pytest.raises(DataError, match="no encoding called klingon"):
        read_table(b"a,b\n", "faq.csv", choices=ReadingChoices(encoding="klingon"))
