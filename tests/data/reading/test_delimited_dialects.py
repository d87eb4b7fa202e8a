"""Whatever program wrote a text table, it comes back as it was, or the user is told."""

import csv
import io

import pytest
from hypothesis import given, settings, strategies as st

from core.data.reading.formats import read_table
from core.data.reading.upload import ReadingChoices
from core.errors import DataError

ROWS = [
    ["Where is the desk?", "On floor two, left of the stairs"],
    ["When do you open?", "At nine, on Sundays at ten"],
    ["Who lends tools?", "The cellar, on Fridays"],
]


def cells(table):
    return [list(table.columns), *table.frame.to_numpy().tolist()]


def read(text, name="faq.csv", **choices):
    return read_table(text.encode(), name, choices=ReadingChoices(**choices))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("head", ["Frage{}Antwort", "Kérdés{}Válasz", "question{}answer"])
@pytest.mark.parametrize("comma", [", ", ","])
def test_one_comma_in_every_text_does_not_make_the_comma_the_delimiter(delimiter, head, comma):
    lines = [head.format(delimiter)]
    lines += [f"{q}{delimiter}{a.replace(', ', comma)}" for q, a in ROWS]
    table = read("\r\n".join(lines))
    assert table.delimiter == delimiter
    assert table.frame.iloc[:, 1].tolist() == [a.replace(", ", comma) for _, a in ROWS]


def test_a_comma_in_the_names_does_not_make_the_comma_the_delimiter():
    table = read("Question, short;Answer, long\nwhat, where;here, there\nwho, when;me, now\n")
    assert table.columns == ("Question, short", "Answer, long")


def test_blanks_after_the_delimiter_belong_to_no_text():
    text = 'question, answer\n"a, b", "c, d"\n"e", "f ""g"" h"\n'
    assert cells(read(text)) == [["question", "answer"], ["a, b", "c, d"], ["e", 'f "g" h']]


def test_blanks_before_the_delimiter_belong_to_no_text():
    text = '"question" ,"answer"\n"a, b" ,"c, d"\n"e" ,"f"\n'
    assert cells(read(text)) == [["question", "answer"], ["a, b", "c, d"], ["e", "f"]]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("between", ["{} ", " {}", " {} ", "   {} "])
@pytest.mark.parametrize("name", ["question{}answer", '"question"{}"answer"'])
def test_blanks_around_the_delimiter_leave_doubled_marks_and_delimiters_in_texts(
    delimiter, between, name
):
    rows = [
        ['Which "slip"?', f'The ""{delimiter} so-called "red"{delimiter} "one"'.replace('""', '"')],
        ["Plain?", f"Yes{delimiter} it is\nso"],
        ['"All"?', '"None"'],
        [f"a{delimiter}b?", "c"],
    ]
    sign = between.format(delimiter)
    lines = [sign.join('"{}"'.format(c.replace('"', '""')) for c in row) for row in rows]
    table = read("\n".join([name.format(sign), *lines]) + "\n")
    assert cells(table) == [["question", "answer"], *rows] and not table.warnings


def test_a_row_whose_marks_are_as_they_should_be_is_read_so_beside_one_with_others():
    text = 'question,answer\n"Is a "b" here?","no"\n"Is it ""up"", ""on""?","yes"\n"c?","d"\n'
    assert cells(read(text))[1:3] == [['Is a "b" here?', "no"], ['Is it "up", "on"?', "yes"]]


def test_backslashes_before_quotation_marks_are_no_part_of_the_text():
    text = 'question,answer\n"Which \\"slip\\", please?","Ask, say \\"up\\""\n"and C:\\dir?","no"\n'
    assert cells(read(text))[1:] == [
        ['Which "slip", please?', 'Ask, say "up"'],
        ["and C:\\dir?", "no"],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_backslashes_of_texts_that_are_not_quoted_are_no_part_of_them(delimiter, newline):
    """As MySQL (INTO OUTFILE) and Python (QUOTE_NONE with an escapechar) write them."""
    rows = [
        ["Wo liegt es?", f"Links{delimiter} dann oben{delimiter}rechts"],
        ["Auf zwei Zeilen?", "Ja,\nhier"],
        [f"Rot{delimiter} oder blau?", "Beides"],
        ["Welcher Ordner?", "C:\\neu\\"],
        ["Was steht da?", '"Zu" und "Auf"'],
        ["Wer?", "Die Leitung"],
    ]
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer, delimiter=delimiter, quoting=csv.QUOTE_NONE, escapechar="\\", lineterminator=newline
    )
    writer.writerows([["Frage", "Antwort"], *rows])
    table = read(buffer.getvalue())
    assert cells(table) == [["Frage", "Antwort"], *rows] and not table.warnings


def test_other_signs_keep_their_backslash_and_null_is_no_text():
    text = "question,answer\nWhere to?,Left\\, then C:\\new.\nWhen?,\\N\nWho?,Me\n"
    assert cells(read(text))[1:] == [
        ["Where to?", "Left, then C:\\new."],
        ["When?", ""],
        ["Who?", "Me"],
    ]


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Where?,C:\\dir\\,Mia\nAnd?,D:\\,Tom\nWho?,E,Mia\n", ["C:\\dir\\", "D:\\", "E"]),
        ('"Where?","Left\\, then up",Mia\n"Who?","Me",Tom\n', ["Left\\, then up", "Me"]),
        (
            "Thin?,Write \\, here\nTo?,Up, then left\nWho?,Me\n",
            ["Write \\, here", "Up, then left", "Me"],
        ),
    ],
)
def test_a_backslash_before_a_delimiter_that_is_no_escape_stays(text, answers):
    names = "question,answer,by" if "Mia" in text else "question,answer"
    assert read(f"{names}\n{text}").frame["answer"].tolist() == answers


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_texts_between_apostrophes(delimiter):
    text = "question{d}answer\n'What''s on, today?'{d}'say \"no\", it''s late'\n'b?'{d}'c, d'\n"
    text = text.format(d=delimiter)
    assert cells(read(text))[1:] == [["What's on, today?", 'say "no", it\'s late'], ["b?", "c, d"]]


def test_an_apostrophe_before_a_formula_is_no_quotation_mark():
    text = "question,answer\n'=1+1 is?,it's two\n'-5 is?,that's cold\n"
    assert read(text).frame["question"].tolist() == ["=1+1 is?", "-5 is?"]


def test_a_path_that_ends_in_a_backslash_is_no_escape():
    text = 'question,answer\n"Where?","C:\\dir\\"\n"Which ""one""?","D:\\x"\n'
    assert cells(read(text))[1:] == [["Where?", "C:\\dir\\"], ['Which "one"?', "D:\\x"]]


def test_quotation_marks_that_are_not_doubled_are_read_and_told():
    text = 'question,answer\n"what is "up" here?","he said "yes, no" to me"\n"b","c"\n'
    table = read(text)
    assert cells(table)[1] == ['what is "up" here?', 'he said "yes, no" to me']
    assert "not doubled" in str(table.warnings[0]) and "2" in str(table.warnings[0])


def test_two_cells_that_begin_with_inches_do_not_swallow_each_other():
    text = 'question\tanswer\n"24 inch or 26?\tboth\nnext\tyes\n"27 inch?\tno\nlast\tyes\n'
    table = read(text, "faq.tsv")
    assert [row[0] for row in cells(table)[1:]] == ['"24 inch or 26?', "next", '"27 inch?', "last"]
    assert table.warnings


def test_a_missing_closing_quotation_mark_joins_no_rows():
    lines = ['"question","answer"', *[f'"what is {i}?","it is {i}"' for i in range(8)]]
    lines[4] = lines[4][:-1]
    table = read("\n".join(lines))
    assert len(table.frame) == 8 and "never closed" in str(table.warnings[0])
    assert [row for row in cells(table)[1:] if "\n" in row[1]] == []


def test_a_cell_of_more_than_131072_signs_is_read():
    text = f'question,answer\nshort?,"{"word, " * 40_000}"\nlast?,yes\n'
    table = read(text)
    assert len(table.frame["answer"][0]) == 239_999
    assert len(table.frame) == 2


def test_a_table_saved_as_one_column_of_quoted_lines_is_unwrapped():
    text = '"question,answer"\n"what?,""here, there"""\n"who?,me"\n'
    table = read(text)
    assert cells(table) == [["question", "answer"], ["what?", "here, there"], ["who?", "me"]]
    assert table.warnings


def test_the_delimiter_can_be_chosen():
    assert read("question^answer\na^b\n", delimiter="^").columns == ("question", "answer")


@pytest.mark.parametrize(
    "head",
    [
        "FAQ export\n\n",
        "Report,FAQ export\nCreated,2024-03-05\n\n",
        "Report,FAQ export\nCreated,2024-03-05\n",
        "# exported 2024-03-05, desk tool\n# rows, 26\n",
        "FAQ export 2024,,\n,,\n",
        "Title: FAQ, all\nBy: Mia\n\n\n",
    ],
)
def test_names_are_found_below_what_stands_above_them(head):
    rows = "".join(f"wording number {i}?,the answer {i} of the desk\n" for i in range(8))
    table = read(f"{head}question,answer\n{rows}")
    assert table.columns == ("question", "answer")
    assert len(table.frame) == 8
    assert table.header_row == head.count("\n") + 1
    assert any(word in str(table.warnings[0]) for word in ("export", "FAQ"))
    assert sum(part.count for part in table.not_used) == sum(
        bool(s) for s in (line.strip(",") for line in head.split("\n"))
    )


def test_unknown_names_are_found_below_a_blank_row():
    rows = "".join(f"hosszú kérdés száma {i},a hosszú válasz {i}\n" for i in range(8))
    table = read(f"Jelentés,GYIK\nDátum,2024-03-05\n\nKérdés,Válasz\n{rows}")
    assert table.columns == ("Kérdés", "Válasz")


def test_two_rows_of_names_are_joined():
    text = "Question,Answer,,Notes\n,short,long,by\n"
    text += "".join(f"what is {i}?,s {i},long {i},Mia\n" for i in range(5))
    table = read(text)
    assert table.columns == ("Question", "Answer short", "Answer long", "Notes by")
    assert len(table.frame) == 5


def test_names_in_a_second_language_are_no_row():
    table = read("質問,回答\nquestion,answer\nwhat?,that\nwho?,me\n")
    assert len(table.frame) == 2


def test_names_repeated_on_every_page_are_left_out_and_told():
    page = "question,answer\nwhat is it?,that one\nwho was it?,me\n"
    table = read(page * 3)
    assert len(table.frame) == 6
    assert [(part.kind, part.count) for part in table.not_used] == [("rows", 2)]
    assert "4, 7" in str(table.warnings[0])


def test_a_file_without_names_loses_no_pair():
    text = "When do you open?,At nine o'clock\nWhere are you?,Here\nWho is it?,Me\n"
    table = read(text)
    assert len(table.frame) == 3 and table.row_numbers.tolist() == [1, 2, 3]
    assert "no column names" in str(table.warnings[0])


def test_the_row_of_names_can_be_chosen():
    text = "a,b\nquestion,answer\nc,d\n"
    assert len(read(text, header_row=0).frame) == 3
    assert len(read(text, header_row=1).frame) == 2
    assert len(read(text, header_row=2).frame) == 1


# A model of a file: whatever is written comes back, or a sentence says that it may not be so.
WORDS = st.lists(
    st.sampled_from(
        [
            *("where", "is", "the", "desk", "Bücher", "größer", "naïve", "card", "twelve", "5"),
            *("so,", "well;", "a|b", "tab", "it's", '"up"', "1,5", "and", "more", "C:\\x", "no."),
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@st.composite
def files(draw):
    pairs = draw(st.lists(st.tuples(WORDS, WORDS), min_size=3, max_size=12))
    rows = [[f"{q} {i}?", f"{a}."] for i, (q, a) in enumerate(pairs)]
    names = draw(st.sampled_from([["question", "answer"], ["Query", "Answer"], ["質問", "回答"]]))
    extra = draw(st.sampled_from([None, ("id", "7"), ("note", "checked, twice; by Mia")]))
    if extra:
        names, rows = [*names, extra[0]], [[*row, f"{extra[1]}{i}"] for i, row in enumerate(rows)]
    if draw(st.booleans()):
        rows[0][0] += "\nsecond line"
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    style = draw(st.sampled_from(["minimal", "all", "backslash", "blanks", "inner"]))
    head = draw(
        st.sampled_from(
            ["", "FAQ export\n", "Report{d}desk\nMade{d}2024\n\n", "# by the tool{d} 2024\n", "\n"]
        )
    ).format(d=delimiter)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman"]))
    if names[0] == "質問" and not encoding.startswith("utf"):
        encoding = "utf-8"
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    text = head.replace("\n", newline) + written([names, *rows], delimiter, style, newline)
    return [names, *rows], text.encode(encoding), (delimiter, style, encoding)


def written(rows, delimiter, style, newline):
    if style in ("minimal", "all"):
        buffer = io.StringIO(newline="")
        quoting = csv.QUOTE_ALL if style == "all" else csv.QUOTE_MINIMAL
        csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows(
            rows
        )
        return buffer.getvalue()
    escapes = any('"' in cell for row in rows for cell in row)  # else nobody can see the dialect
    quote = {
        "backslash": lambda cell: (
            cell.replace("\\", "\\\\").replace('"', '\\"') if escapes else cell
        ),
        "blanks": lambda cell: cell.replace('"', '""'),
        "inner": lambda cell: cell,
    }[style]
    between = f"{delimiter} " if style == "blanks" else delimiter
    return "".join(between.join(f'"{quote(c)}"' for c in row) + newline for row in rows)


@settings(max_examples=500, deadline=None)
@given(files())
def test_a_written_file_comes_back_or_the_user_is_told(case):
    model, content, (_, style, encoding) = case
    try:
        table = read_table(content, "faq.csv")
    except DataError as error:
        assert style == "inner", error
        return
    if cells(table) != model:
        assert style == "inner" or encoding == "mac_roman", (cells(table), model)
        assert table.warnings or table.unreadable, (cells(table), model)


BELOW = "".join(f"wording number {i}?,the answer {i} of the desk\n" for i in range(8))


@pytest.mark.parametrize(
    "sums",
    ["Total,8\n", "Summe: ;8\n", "合計,8\n", "\nGrand total,8\n", "Count,8\nAverage,1.5 %\n"],
)
def test_sums_below_a_table_are_no_pairs_and_are_told(sums):
    sign = ";" if ";" in sums else ","
    table = read("question,answer\n".replace(",", sign) + BELOW.replace(",", sign) + sums)
    assert len(table.frame) == 8
    assert "sum up" in str(table.warnings[-1])
    assert table.not_used[0].count == sums.strip().count("\n") + 1
    every = read("question,answer\n" + BELOW + "Total,8\n", below=True)
    assert every.frame["answer"].tolist()[-1] == "8"


@pytest.mark.parametrize(
    "other",
    [
        "Rating,Comment\n5,fine\n",
        "Month,Visits\nJan,10\nFeb,12\n",
        "Name,Phone,Room\nMia,555-1,A3\nTom,555-2,A4\n",
        "Topic,Language\nLending,English\n\nCards,German\n",
        ",,Totals,By month\n,,Jan,10\n,,Feb,12\n",
    ],
)
def test_a_second_table_below_the_first_gives_no_pairs_and_is_told(other):
    table = read(f"question,answer\n{BELOW}\n{other}")
    assert len(table.frame) == 8 and not table.unreadable
    names = [name for name in other.split("\n")[0].split(",") if name]
    assert "row 11" in str(table.warnings[-1]) and " | ".join(names) in str(table.warnings[-1])
    assert table.not_used[-1].count == len([line for line in other.split("\n") if line])


@pytest.mark.parametrize(
    "more",
    [
        "Where is it?,Here\nWho asks?,Me\n",
        "Opening hours,from nine\nParking,behind the house\n",
        "question,answer\nWhere is it?,Here\nWho asks?,Me\n",
        "\nWhat next?,Nothing\n\n\nAnd then?,Home\n",
        "Price,Five euros\nDuration,Two weeks\n",
    ],
)
def test_blank_rows_between_pairs_begin_no_other_table(more):
    table = read(f"question,answer\n{BELOW}\n{more}")
    assert len(table.frame) == 10


def test_pairs_go_on_where_the_names_stand_again_below_another_table():
    text = f"question,answer\n{BELOW}\nMonth,Visits\nJan,10\nFeb,12\n\nquestion,answer\nOne?,Yes\n"
    table = read(text)
    assert table.frame["question"].tolist()[-1] == "One?" and len(table.frame) == 9


def test_a_number_that_answers_a_question_is_no_sum():
    rows = [["How many?", "8"], ["Total", "8"], ["How long?", "two weeks"]]
    table = read("question,answer\n" + "".join(f"{q},{a}\n" for q, a in rows))
    assert table.frame.to_numpy().tolist() == rows


@pytest.mark.parametrize("place", [1, 4, 8])
def test_a_quotation_mark_that_is_never_closed_costs_no_row(place):
    lines = [f'wording {i}?,"the answer {i}, of the desk"' for i in range(9)]
    lines[place] = lines[place].rstrip('"')
    table = read("question,answer\n" + "\n".join(lines) + "\n")
    assert table.frame["answer"].tolist() == [f"the answer {i}, of the desk" for i in range(9)]
    assert f"row {place + 2}" in str(table.warnings[0])
