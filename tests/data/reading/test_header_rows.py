"""Which rows are the table: names above numbers, sums, notes and headings, files without names."""

import io

import openpyxl
import pytest

from core.data.reading.formats import read_table
from core.data.reading.upload import ReadingChoices

PAIRS = [(f"How do I get part {i}?", f"Open order {i} and press Replace.") for i in range(6)]


def workbook(rows, merged=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def said(table):
    return " ".join(map(str, table.warnings))


@pytest.mark.parametrize("blank", [False, True])
@pytest.mark.parametrize(
    "foot",
    [
        *(["Total: 24 questions"], ["Gesamt", "24 Fragen"], ["合計", "24件"], ["合計：24件"]),
        *(["24 questions in total"], ["Nombre de questions : 24"], ["(24 rows affected)"]),
        *(["* Answers approved by legal"], ["Page 1 of 2"], ["--- End of list ---"], ["1 / 2"]),
        *(["Source: CRM export 12.05.2026"], ["Quelle: CRM"], ["出典：社内"], ["以上"]),
        *(["© 2026 Outdoor Ltd."], ["Seite 1 von 3"], ["Vertraulich"], ["Stand: Mai 2026"]),
        *(["Prepared by Anna"], ["Version 3"], ["Geprüft von Anna"], ["v2.1"], ["Versión 1.2"]),
    ],
)
def test_what_stands_below_a_table_is_left_out_and_told(foot, blank):
    rows = [["Question", "Answer"], *map(list, PAIRS), *([[]] if blank else []), foot]
    table = read_table(workbook(rows), "faq.xlsx")
    assert len(table.frame) == len(PAIRS) and foot[0] in str(table.not_used)
    assert "left out" in said(table)
    every = read_table(workbook(rows), "faq.xlsx", choices=ReadingChoices(below=True))
    assert len(every.frame) == len(PAIRS) + 1


@pytest.mark.parametrize(
    "row", [["Who pays for notes?"], ["refund status"], ["Total", "The sum of all items."]]
)
def test_last_rows_that_may_be_questions_stay(row):
    table = read_table(workbook([["Question", "Answer"], *PAIRS, row]), "faq.xlsx")
    assert len(table.frame) == len(PAIRS) + 1


def sections(first, second):
    return [["Question", "Answer"], [first], *PAIRS[:3], [second], *PAIRS[3:]]


@pytest.mark.parametrize(
    ("rows", "merged"),
    [
        (sections("Orders", "Returns"), ()),
        (sections("Orders", "Returns"), ("A2:B2", "A6:B6")),
        ([["Question", "Answer"], *PAIRS[:3], ["Returns"], *PAIRS[3:]], ("A5:B5",)),
    ],
)
def test_headings_of_sections_are_no_questions(rows, merged):
    table = read_table(workbook(rows, merged), "faq.xlsx")
    assert list(table.frame.itertuples(index=False, name=None)) == PAIRS
    assert "Headings of sections" in said(table) and "Returns" in said(table)


def test_texts_that_head_something_are_questions_where_others_have_no_answer():
    table = read_table(workbook([*sections("Orders", "Returns"), ["Gift wrap"]]), "faq.xlsx")
    assert len(table.frame) == len(PAIRS) + 3
    assert "may be headings" in said(table) and "Orders; Returns" in said(table)


@pytest.mark.parametrize(
    "names",
    [
        *("السؤال,الجواب,الحالة", "Kysymys,Vastaus,Tila", "Kérdés,Válasz,Állapot"),
        *("Otázka,Odpověď,Stav", "Întrebare,Răspuns,Stare", "Ερώτηση,Απάντηση,Κατάσταση"),
        *("שאלה,תשובה,סטטוס", "คำถาม,คำตอบ,สถานะ", "Câu hỏi,Trả lời,Trạng thái"),
        *("Pertanyaan,Jawaban,Status", "Питання,Відповідь,Стан", "Swali,Jibu,Hali"),
    ],
)
def test_names_in_any_language_are_no_pair_and_no_pair_is_lost(names):
    rows = "".join(f"{q},{a},{'AB'[i % 2]}\n" for i, (q, a) in enumerate(PAIRS))
    table = read_table(f"{names}\n{rows}".encode(), "faq.csv")
    assert table.columns == tuple(names.split(",")) and len(table.frame) == len(PAIRS)


def test_wordings_below_an_answered_question_are_no_headings():
    rows = [row for pair in PAIRS for row in (pair, ["new part please"])]
    assert len(read_table(workbook([["Question", "Answer"], *rows]), "faq.xlsx").frame) == 12


@pytest.mark.parametrize(
    "rows",
    [
        [(answer, question) for question, answer in PAIRS],
        [(f"reset part {i}", answer) for i, (_, answer) in enumerate(PAIRS)],
        [(f"部品{i}が欲しい", f"注文{i}を開いて「交換」を押してください。") for i in range(6)],
    ],
)
def test_no_pair_is_lost_where_a_file_has_no_names(rows):
    table = read_table("\n".join(",".join(row) for row in rows).encode(), "faq.csv")
    assert len(table.frame) == len(rows) and "no column names" in said(table)


def test_names_that_are_sentences_above_dates_and_marks_stay_names():
    text = "Zeitpunkt der Eingabe,Bitte beschreiben Sie Ihr Anliegen möglichst genau.\n"
    rows = "".join(f"2025-11-0{i},Das Teil {i} meines Zelts ist gebrochen.\n" for i in range(1, 7))
    assert read_table((text + rows).encode(), "form.csv").header_row == 1


@pytest.mark.parametrize(
    "names",
    [
        *["Please enter your question here.,Please enter the answer here."],
        *[
            "質問内容をご記入ください。,回答内容をご記入ください。",
            "질문을 입력하세요.,답변을 입력하세요.",
        ],
        *[
            "お客様の質問です,当社の回答です",
            "The question of the customer.,The answer of the agent.",
        ],
    ],
)
def test_sentences_that_ask_for_a_question_and_its_answer_stay_names(names):
    rows = "".join(f"My part {i} has not arrived.,Look at the order {i} first.\n" for i in range(6))
    rows += "".join(f"部品{i}が届きません。,注文{i}をご確認ください。\n" for i in range(6))
    assert read_table(f"{names}\n{rows}".encode(), "form.csv").header_row == 1


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (
            "question,answer\nWho?,Ann\nCards?,Visa, Amex, and cash.\n",
            ["Ann", "Visa, Amex, and cash."],
        ),
        ("question,answer\nWho?,Ann\nShop?,Yes,in Leeds\n", ["Ann", "Yes,in Leeds"]),
        ("id;question;answer\n1;Who?;Ann\n2;Where?;Here; or there\n", ["Ann", "Here; or there"]),
    ],
)
def test_texts_of_the_last_column_are_put_together_and_told(text, answers):
    table = read_table(text.encode(), "faq.csv")
    assert table.frame["answer"].tolist() == answers and "put together" in said(table)


@pytest.mark.parametrize("row", ["Shop, or not?,Yes", "red,green,blue"])
def test_rows_that_may_be_cut_in_two_ways_stay_set_aside(row):
    table = read_table(f"question,answer\nWho?,Ann\nWhy?,So\n{row}\n".encode(), "faq.csv")
    assert len(table.unreadable) == 1


# Sentences and short texts that speak of questions, answers and labels are no names of columns.

LIBRARY = {
    "it": [
        ("Quanti libri posso prendere?", "Fino a dodici opere con una tessera."),
        ("Dove restituisco i libri la sera?", "Nella cassetta accanto al portone."),
        ("Mia figlia può avere una tessera?", "Dai sei anni, con la firma di un genitore."),
        ("Quanto costa una tessera persa?", "La nuova costa tre euro."),
        ("Prestate giochi da tavolo?", "Sì, per due settimane."),
    ],
    "ja": [
        ("本は何冊まで借りられますか", "一枚のカードで十二冊までです"),
        ("閉館後はどこに返せますか", "入口の左の返却口にお入れいただけます"),
        ("子どももカードを作れますか", "六歳から保護者の署名で作れます"),
        ("カードをなくしたらいくらですか", "再発行は三百円かかります"),
        ("ボードゲームは借りられますか", "二週間お貸ししています"),
    ],
    "zh": [
        ("一次可以借几本书？", "一张卡最多可以借十二本。"),
        ("闭馆以后在哪里还书？", "请放进大门左边的还书箱。"),
        ("孩子可以办借书卡吗？", "六岁以上由家长签字即可办理。"),
        ("借书卡丢了要多少钱？", "补办一张需要二十元。"),
        ("可以借桌游吗？", "可以，借期为两周。"),
    ],
}
SPEAKING = [
    *[("it", "Ho una domanda sulla tessera", "La risposta è allo sportello")],
    *[("it", "Dove faccio una domanda?", "Allo sportello, con il documento.")],
    *[
        ("ja", "本に問題があります", "窓口で回答いたします"),
        ("ja", "質問はどこでできますか", "窓口です"),
    ],
    *[("zh", "书的质量问题", "答案在前台"), ("zh", "有问题找谁？", "前台会给您答复。")],
]


@pytest.mark.parametrize("place", [1, 2, 4, 5])
@pytest.mark.parametrize("shape", [(0, 1), (0, 1, 2), (2, 0, 1)], ids=str)
@pytest.mark.parametrize("names", [None, ("Gäste", "Haus", "Feld"), ("访客说", "馆方说", "记")])
@pytest.mark.parametrize(("language", "question", "answer"), SPEAKING)
def test_no_row_amid_the_table_names_its_columns(language, question, answer, names, shape, place):
    pairs = [*LIBRARY[language]]
    pairs.insert(place, (question, answer))
    cells = [(*pair, str(i % 2)) for i, pair in enumerate(pairs)]
    rows = [[row[i] for i in shape] for row in ([names] if names else []) + cells]
    table = read_table("\n".join("\t".join(row) for row in rows).encode(), "faq.tsv")
    assert len(table.frame) == len(pairs)
    assert table.header_row == (1 if names else 0)


def test_a_row_that_asks_nothing_among_questions_parts_no_table():
    pairs = [*LIBRARY["it"], ("La tessera è rotta.", "Passi allo sportello.")]
    pairs += [("Chi dà una risposta?", "Lo sportello, per ogni domanda."), *LIBRARY["it"][::-1]]
    table = read_table("\n".join("\t".join(row) for row in pairs).encode(), "faq.tsv")
    assert len(table.frame) == len(pairs) and table.header_row == 0


@pytest.mark.parametrize(
    "row",
    [
        ("Where is my return label?", "In the document pocket of the parcel.", "1"),
        ("Label of the tent", "See there", "0"),
    ],
)
def test_a_first_row_that_speaks_of_labels_is_no_row_of_names(row):
    rows = [row, *[(*pair, str(i % 2)) for i, pair in enumerate(PAIRS)]]
    table = read_table("\n".join("\t".join(row) for row in rows).encode(), "faq.tsv")
    assert len(table.frame) == len(rows) and "no column names" in said(table)


def test_two_questions_about_questions_stay_names():
    rows = "".join(f"How do I do {i}?,Do you mean the thing {i}?\n" for i in range(6))
    table = read_table(f"What do you ask?,What do we ask back?\n{rows}".encode(), "form.csv")
    assert table.header_row == 1


@pytest.mark.parametrize(
    ("names", "values"),
    [
        *[(("Customer says", "We say", "1"), 4), (("Kundin", "Team", "0"), 4)],
        (("Topic", "Text", "1"), 2),
    ],
)
def test_a_name_that_is_a_digit_is_no_value(names, values):
    rows = [names, *[(*pair, str(i % values)) for i, pair in enumerate(PAIRS)]]
    table = read_table("\n".join("\t".join(row) for row in rows).encode(), "faq.tsv")
    assert table.header_row == 1 and len(table.frame) == len(PAIRS)


@pytest.mark.parametrize(
    ("above", "names"),
    [
        ([("Area", "Returns"), ("Written by", "Anna")], ("Question", "Our answer")),
        ([("Area", "Returns")], ("What customers ask (question)", "What we answer")),
        ([("Please put the questions here.", "Keep answers short.")], ("Question", "The answer")),
        ([("Which question was it?", "1")], ("Question text", "Answer text")),
    ],
)
def test_names_below_a_report_head_are_still_found(above, names):
    rows = [*above, names, *PAIRS]
    table = read_table("\n".join(",".join(row) for row in rows).encode(), "faq.csv")
    assert table.columns == names and len(table.frame) == len(PAIRS)


@pytest.mark.parametrize(
    "names", [("客户问题", "客服答案"), ("Anliegen des Kunden", "Unsere Lösung")]
)
@pytest.mark.parametrize(
    "above",
    [
        [("Autor", "Anna Berg"), ("Stand", "01.03.2024")],
        [("Erstellt von:", "Team Nord"), ("Bereich:", "Versand und Retouren")],
    ],
)
def test_a_report_head_as_short_as_the_texts_is_no_part_of_the_table(above, names):
    pairs = [(f"Paket {i} weg", f"Nachforschung {i} starten") for i in range(6)]
    table = read_table("\n".join(",".join(r) for r in [*above, names, *pairs]).encode(), "faq.csv")
    assert table.columns == names and len(table.frame) == len(pairs)


def test_questions_of_a_form_stay_the_names_of_its_columns():
    names = "Zeit,Was ist Ihre Frage?,Was ist die richtige Antwort?\n"
    rows = "".join(f"2025-11-0{i + 1},{q},{a}\n" for i, (q, a) in enumerate(PAIRS))
    assert read_table((names + rows).encode(), "form.csv").header_row == 1
    rows = "".join(f"{q},{a}\n" for q, a in PAIRS)
    assert read_table((names[5:] + rows).encode(), "form.csv").header_row == 1


def test_a_kind_of_ticket_in_its_own_column_is_no_name():
    rows = [(q, a, ("Question", "Complaint")[i % 2]) for i, (q, a) in enumerate(PAIRS)]
    rows[3] = ("Where do I put a comment?", "Below the answer.", "Complaint")
    text = "\n".join("\t".join(row) for row in [("Guest", "House", "Kind"), *rows])
    assert read_table(text.encode(), "faq.tsv").header_row == 1
