"""Logs in which more than a question stands in a line, and names that only logs have."""

import json

import pytest

from core.data.logs.question_log import guess_log, log_rows, read_log
from core.errors import DataError

COUNTS = {"size chart": 120, "lost parcel": 98, "store hours": 77, "ski wax": 61, "tent": 44}
ONCE = dict.fromkeys(COUNTS, 1)


def read(content, name):
    table = read_log(content.encode(), name)
    return table, log_rows(table, guess_log(table))


def asked(content, name="log.txt"):
    found = read(content, name)[1].asked
    return dict(zip(found.texts, found.counts, strict=True))


def lines(form):
    return "".join(form(i, *item) + "\n" for i, item in enumerate(COUNTS.items()))


@pytest.mark.parametrize(
    "names",
    [
        *("Término de búsqueda,Búsquedas", "Palabra clave,Veces", "Begriff,Suchen"),
        *("Search phrase,Times searched", "What people searched for,How many times"),
        *("Aranan kelime,Adet", "Запрос,Показов", "كلمة البحث,العدد", "Wyszukiwane hasło,Ile razy"),
    ],
)
def test_names_above_short_searches_are_no_question(names):
    assert asked(names + "\n" + lines(lambda _, q, n: f"{q},{n}"), "a.csv") == COUNTS


def test_names_above_three_columns():
    text = "Término de búsqueda,Búsquedas,Sin resultados\n"
    assert asked(text + lines(lambda i, q, n: f"{q},{n},{['sí', 'no'][i % 2]}"), "a.csv") == COUNTS


def test_a_head_of_comments_above_few_rows():
    head = "# ------\n# Search terms\n# Account: Shop\n# ------\n#\n# All Users\n"
    text = head + "Search term,Event count\n" + lines(lambda _, q, n: f"{q},{n}")
    assert asked(text, "ga4.csv") == COUNTS


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (lambda i, q, n: f"{i + 1}. {q}", ONCE),
        (lambda i, q, n: f"({i + 1}) {q}", ONCE),
        (lambda i, q, n: f"- {q}", ONCE),
        (lambda i, q, n: f"・{q}", ONCE),
        (lambda i, q, n: f"{i + 1} {q}", ONCE),
        (lambda i, q, n: f"{n:7d} {q}", COUNTS),
        (lambda i, q, n: f"{n} {q}", COUNTS),
        (lambda i, q, n: f"2024-01-0{i + 1} 10:0{i}:00 {q}", ONCE),
        (lambda i, q, n: f"[2024-01-0{i + 1}T10:0{i}:00.5Z] {q}", ONCE),
        (lambda i, q, n: f"0{i + 1}.01.2024 {q}", ONCE),
        (lambda i, q, n: f"{n}x {q}", COUNTS),
        (lambda i, q, n: f"{q} ({n})", COUNTS),
        (lambda i, q, n: f"{q}: {n}", COUNTS),
        (lambda i, q, n: f"{i + 1}. {q} – {n}", COUNTS),
    ],
)
def test_marks_and_counts_come_off_the_lines(form, expected):
    table, found = read(lines(form), "log.txt")
    assert dict(zip(found.asked.texts, found.asked.counts, strict=True)) == expected
    assert table.warnings


@pytest.mark.parametrize(
    "texts",
    [
        ["2 person tent", "4 season tent", "3 person tent", "1 person tent"],
        ["windows 10", "iphone 12", "galaxy 9", "route 66"],
        ["best of (2019)", "best of (2020)", "best of (2021)", "best of (2022)"],
        ["iphone: 15", "galaxy: 24", "pixel: 8", "iphone: 14", "galaxy: 23", "pixel: 7"],
        ["1 euro shop", "2 person tent", "3 way switch", "10 inch pan", "100 watt bulb"],
        ["stage - 1", "hall - 2", "room - 3", "shed - 7", "barn - 9"],
        ["iphone (15)", "galaxy (24)", "iphone (14)", "galaxy (23)"],
        ["5 star hotel", "4 season tent", "3 way switch", "2 person tent", "1 euro shop"],
    ],
)
def test_numbers_that_belong_to_a_question_stay(texts):
    assert list(asked("\n".join(texts) + "\n")) == texts


@pytest.mark.parametrize("sign", [".", ")", ":"])
def test_a_numbering_comes_off_and_counts_nothing_where_questions_begin_with_digits(sign):
    texts = ["4711 bolt", "2024 sale", "returns", "9 volt battery", "5 star hotel", "24h help"]
    found = asked("".join(f"{i}{sign} {text}\n" for i, text in enumerate(texts, 1)))
    assert found == dict.fromkeys(texts, 1)


def test_numbers_left_in_the_questions_are_told():
    table, _ = read("2 person tent\n4 season tent\n3 way switch\n", "log.txt")
    assert "column of their own" in str(table.warnings[0])


def test_a_sum_below_counts_is_none_of_them():
    text = lines(lambda _, q, n: f"{q}: {n}") + f"Total: {sum(COUNTS.values())}\n"
    assert len(read(text, "log.txt")[0].columns) == 2


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("sign", ["\t", ";"])
def test_no_row_of_a_dated_log_names_the_columns(row, sign):
    texts = list(COUNTS)
    texts[row] = "return label"
    rows = [f"2024-01-0{i}T10:00:00Z{sign}{text}\n" for i, text in enumerate(texts, 1)]
    table, found = read("".join(rows), "log.txt")
    assert list(found.asked.texts) == texts and found.days == ("2024-01-01", "2024-01-05")
    named = read("".join([f"Wann{sign}Was\n", *rows]), "log.txt")[1]
    assert list(named.asked.texts) == texts and table.header_row == 0


@pytest.mark.parametrize(
    "names",
    [
        *("Query principali,Clic,Impressioni", "Principais consultas,Cliques,Impressões"),
        *("Populairste zoekopdrachten,Klikken,Vertoningen", "인기 검색어,클릭수,노출"),
        *("Najczęstsze zapytania,Kliknięcia,Wyświetlenia", "热门查询,点击次数,展示"),
        *("Consultas principales,Clics,Impresiones", "Vanligaste sökfrågor,Klick,Visningar"),
        *(
            "En çok yapılan sorgular,Tıklamalar,Gösterimler",
            "Nejčastější dotazy,Kliknutí,Zobrazení",
        ),
        *("上位のクエリ,クリック数,表示回数", "Популярные запросы,Клики,Показы"),
    ],
)
def test_impressions_come_before_clicks_in_every_language(names):
    text = names + ",CTR\n" + lines(lambda i, q, n: f"{q},{i},{n},1.5%")
    assert asked(text, "gsc.csv") == COUNTS


@pytest.mark.parametrize(
    "form",
    [
        lambda q: f'10.0.0.1 - - [01/Nov/2025:10:00:00 +0000] "GET /search?q={q}&p=1 HTTP/1.1" 200',
        lambda q: f"2025-11-01 10:00:00 10.0.0.1 GET /find query={q} 443 - 10.0.0.2 Mozilla/5.0",
        lambda q: f'2025-11-01 10:00:00 INFO 10.0.0.1 searched query="{q.replace("+", " ")}" ok',
    ],
)
def test_of_a_server_log_only_the_words_are_read(form):
    rows = [form(q.replace(" ", "+")) for q in COUNTS]
    other = '10.0.0.9 - - [01/Nov/2025:10:00:00 +0000] "GET /start HTTP/1.1" 200'
    table, found = read("\n".join([*rows, other]), "access.log")
    assert list(found.asked.texts) == list(COUNTS) and "10.0.0" not in table.frame.to_string()
    assert found.days == ("2025-11-01", "2025-11-01") and table.not_used[0].count == 1


def test_a_server_log_without_searches_is_refused():
    line = '10.0.0.9 - - [01/Nov/2025:10:00:00 +0000] "GET /start HTTP/1.1" 200 "-" "Mozilla; x"\n'
    with pytest.raises(DataError, match="log of a server"):
        read_log(line.encode() * 9, "access.log")


def test_words_searched_for_are_taken_out_of_addresses():
    text = "Page path,Views\n" + lines(lambda _, q, n: f"/search?q={q.replace(' ', '%20')},{n}")
    assert asked(text + "/start,9\n", "a.csv") == COUNTS


@pytest.mark.parametrize(
    "names", ["Jan 2025,Feb 2025", "2025-01,2025-02", "2024,2025", "Q1 2025,Q2 2025", "1月,2月"]
)
def test_counts_of_periods_are_added_up(names):
    text = f"Search query,{names}\n" + lines(lambda _, q, n: f"{q},{n - 4},4")
    assert asked(text, "a.csv") == COUNTS


@pytest.mark.parametrize("document", [COUNTS, {"data": COUNTS}, list(map(list, COUNTS.items()))])
def test_json_that_gives_each_question_its_count(document):
    assert asked(json.dumps(document), "a.json") == COUNTS


def test_numbers_that_may_be_counts_are_told():
    text = "query,foo,bar\n" + lines(lambda i, q, n: f"{q},{n},{n + i * i}")
    _, found = read(text, "a.csv")
    assert "foo, bar" in str(found.warnings[0])
