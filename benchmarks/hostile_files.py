"""Files that somebody made to hurt, made from a seed; see ``benchmarks/hostile.py``."""

# fmt: off
# One line per kind, however long: this is a list to be read down, not code to be followed.
from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Chance = random.Random

QUESTION, ANSWER = "Where is my parcel {}?", "Parcel {} is on its way."
ROWS = [(QUESTION.format(i), ANSWER.format(i)) for i in range(40)]
TABLE = "question,answer\n" + "".join(f"{q},{a}\n" for q, a in ROWS)
# What the app takes a file for.
DATA, LOG, SCORES, RATINGS, LABELS, RUN, SETS, FOLDER, SETTINGS = "data", "log", "scores", "ratings", "labels", "run", "sets", "folder", "settings"


@dataclass(frozen=True)
class Hostile:
    """A file that somebody made to hurt.

    Attributes
    ----------
    kind : str
        What is wrong with it.
    reading : str
        What the app would take it for.
    name : str
        Of the file; of a model folder its path.
    make : callable
        Returns its bytes.
    """

    kind: str
    reading: str
    name: str
    make: Callable[[], bytes]


def hostile_files(count: int, seed: int = 0) -> Iterator[Hostile]:
    """Yield that many files: every kind once, then again with other sizes and places."""
    kinds = [*_kinds()]
    for number in range(count):
        kind, reading, name, make = kinds[number % len(kinds)]
        chance = Chance(f"{seed} {number}")
        keeps = kind.startswith(("name:", "folder:")) or chance.random() > 0.03
        called = name if keeps else _odd_name(chance)
        yield Hostile(kind, reading, called, partial(make, chance))


def _kinds() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    for family in (_texts, _records, _columnar, _workbooks, _archives, _pages, _others, _mutated):
        yield from family()


def _size(chance: Chance, low: float, high: float) -> int:
    """Return a size between two, small ones as likely as large ones."""
    return round(low * (high / low) ** chance.random())


def _odd_name(chance: Chance) -> str:
    names = ("\x00.csv", "a" * 5000 + ".csv", "\ud800.csv", "../../etc/passwd", "con.csv", "\u202e.vsc")
    return chance.choice((*names, "a\n\r\t.csv", "", ".", "\U0001f600" * 300, "<b>x</b>.csv", "{0}.csv"))


# Texts: CSV and its relatives, whatever stands in the cells.


def _cell(text: str, rows: int = 40) -> bytes:
    """Return a good table with one bad cell."""
    cell = '"' + text.replace('"', '""') + '"'
    lines = TABLE.splitlines()[: rows + 1]
    lines.insert(3, f"Why is {cell[1:-1][:3]}?,{cell}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _marks(chance: Chance) -> str:
    """Return combining marks in an order that normal forms have to sort."""
    pair = chance.choice(("\u0316\u0301", "\u0301\u0316", "\u0323\u0307\u0316", "\u3099\u0301\u0316"))
    return "e" + pair * _size(chance, 500, 1_500_000)


_BAD_CELLS: dict[str, Callable[[Chance], str]] = {
    "long cell": lambda c: "word " * _size(c, 1e4, 4e6),
    "line of 10 MB": lambda c: "x" * 10_000_000,
    "combining marks": _marks,
    "lone surrogates": lambda c: "\ud800\udfff" * _size(c, 1, 1e5),
    "direction marks": lambda c: "\u202e\u2066" * _size(c, 1, 1e5),
    "control characters": lambda c: "".join(map(chr, range(32))) * _size(c, 1, 1e4),
    "many digits": lambda c: "9" * _size(c, 10, 1e6),
    "huge number": lambda c: c.choice(("1e309", "-1e400", "1e999999999", "nan", "inf", "１e４００")),
    "odd date": lambda c: c.choice(("99999-12-31", "0000-00-00", "9999-12-31T23:59:60Z", "2024-02-30")),
    "tags": lambda c: "<b>" * _size(c, 10, 3e5),
    "open tags": lambda c: "<" * _size(c, 10, 1e6),
    "references": lambda c: "&amp;" * _size(c, 10, 3e5) + "&#99999999999;" + "&#x110000;",
    "brackets": lambda c: "[" * _size(c, 10, 1e6),
    "list in a cell": lambda c: json.dumps(["x"] * _size(c, 10, 1e5)),
    "nested list in a cell": lambda c: "[" * (n := _size(c, 10, 1e5)) + "1" + "]" * n,
    "python list": lambda c: "(" * _size(c, 10, 1e4) + "'a'," * 10,
    "spaces": lambda c: "a" + " " * _size(c, 10, 3e6) + "b",
    "line breaks": lambda c: "a\n" * _size(c, 10, 5e5),
    "quotation marks": lambda c: '"' * _size(c, 10, 1e6),
    "backslashes": lambda c: "\\" * _size(c, 10, 1e6) + '\\"',
    "signs": lambda c: c.choice("-_*#|~`=+@.:/") * _size(c, 10, 1e6),
    "numbering": lambda c: "".join(f"{i}) x " for i in range(_size(c, 10, 1e5))),
    "letters and marks": lambda c: "A) x B) y C) z " * _size(c, 10, 5e4),
    "chat turns": lambda c: "Human: hi Assistant: ho " * _size(c, 10, 5e4),
    "mail addresses": lambda c: "a@" * _size(c, 10, 3e5) + "x.com",
    "dots and ats": lambda c: "a.a" * _size(c, 10, 3e5) + "@",
    "phone numbers": lambda c: "+1 234-" * _size(c, 10, 1e5),
    "addresses": lambda c: "http://" * _size(c, 10, 1e5),
    "joiners": lambda c: "\u200d" * _size(c, 10, 1e6),
    "full width": lambda c: "\uff21\uff11\u3000" * _size(c, 10, 3e5),
    "ligature": lambda c: "\ufdfa" * _size(c, 10, 3e5),  # one sign that becomes 18
    "hangul": lambda c: "\u1100\u1161\u11a8" * _size(c, 10, 3e5),
    "null": lambda c: "\x00" * _size(c, 10, 1e6),
    "formula": lambda c: '=HYPERLINK("x","y")' * _size(c, 1, 1e4),
    "stars": lambda c: "*a " * _size(c, 10, 2e5),
    "templates": lambda c: "{0.__class__}{}{x}%s${jndi:ldap://x}" * _size(c, 1, 1e4),
}


def _texts() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    for kind, text in _BAD_CELLS.items():
        yield f"csv: {kind}", DATA, "faq.csv", lambda c, text=text: _cell(text(c))
        yield (f"alone: {kind}", DATA, "faq.txt", lambda c, text=text: text(c).encode("utf-8", "surrogatepass"))
    for kind in ("long cell", "combining marks", "lone surrogates", "many digits", "huge number"):
        text = _BAD_CELLS[kind]
        for reading in (LOG, SCORES, RATINGS, LABELS):
            yield f"{reading}: {kind}", reading, f"{reading}.csv", partial(_asked, text, reading)
    yield "csv: many columns", DATA, "wide.csv", _wide
    yield "csv: many columns of one name", DATA, "wide.csv", _same_names
    yield ("csv: only delimiters", DATA, "faq.csv", lambda c: (c.choice(",;\t|") * _size(c, 10, 3e6)).encode())
    yield ("csv: rows of delimiters", DATA, "faq.csv", lambda c: TABLE.encode() + b",,\n" * _size(c, 10, 2e6))
    yield ("csv: ragged", DATA, "faq.csv", lambda c: "\n".join("a," * (i % 97) for i in range(_size(c, 10, 1e5))).encode())
    yield "csv: one quotation mark", DATA, "faq.csv", _one_quote
    yield ("csv: marks everywhere", DATA, "faq.csv", lambda c: "".join(c.choice('",\n a') for _ in range(_size(c, 100, 3e5))).encode())
    yield ("csv: quotes that do not fit", DATA, "faq.csv", lambda c: ("q,a\n" + '"x" y",z"\n' * _size(c, 10, 1e5)).encode())
    yield "csv: empty lines", DATA, "faq.csv", lambda c: b"\n" * _size(c, 10, 5e6) + TABLE.encode()
    yield "csv: empty lines of Macs", DATA, "faq.csv", lambda c: b"\r" * _size(c, 10, 5e6)
    yield "csv: many short rows", DATA, "faq.csv", lambda c: b"a,b\n" * _size(c, 1e3, 3e6)
    yield ("csv: many names above", DATA, "faq.csv", lambda c: b"question,answer\n" * _size(c, 10, 2e5))
    yield "csv: random bytes", DATA, "faq.csv", lambda c: c.randbytes(_size(c, 10, 1e6))
    yield ("csv: high bytes", DATA, "faq.csv", lambda c: TABLE.encode() + bytes(c.randrange(128, 256) for _ in range(_size(c, 10, 3e5))))
    yield "csv: several encodings", DATA, "faq.csv", _encodings
    yield ("csv: half of UTF-16", DATA, "faq.csv", lambda c: b"\xff\xfe" + TABLE.encode("utf-16-le")[:-1] + b"\x00\xd8" * _size(c, 1, 1e5))
    yield ("csv: UTF-32", DATA, "faq.csv", lambda c: b"\xff\xfe\x00\x00" + b"\xff" * _size(c, 10, 1e6))
    yield "csv: nothing but marks", DATA, "faq.csv", lambda c: b"\xef\xbb\xbf" * _size(c, 1, 1e6)
    yield "csv: escapes of ISO-2022-JP", DATA, "faq.csv", lambda c: b"\x1b$B" * _size(c, 1, 3e5)
    for reading, field in ((SCORES, "score"), (RATINGS, "rating"), (LABELS, "label")):
        yield (f"{reading}: values beyond numbers", reading, f"{reading}.csv", partial(_beyond, field))
        yield f"{reading}: many columns", reading, f"{reading}.csv", partial(_many_raters, field)
        yield (f"{reading}: one pair again and again", reading, f"{reading}.csv", partial(_repeated, field))
    yield ("log: one word a line", LOG, "log.txt", lambda c: "\n".join(str(c.random()) for _ in range(_size(c, 10, 1e5))).encode())
    yield "log: odd counts and days", LOG, "log.csv", _odd_log


def _asked(text: Callable[[Chance], str], reading: str, chance: Chance) -> bytes:
    head = {"scores": "question,answer,score", "ratings": "question,answer,rating,rater"}
    bad = text(chance).replace('"', "'")
    rows = [f'"{q}","{a}",1,x' for q, a in ROWS]
    places = [f'"{bad}","{ROWS[0][1]}",1,x', f'"{ROWS[0][0]}","{ROWS[0][1]}","{bad}",x']
    columns = head.get(reading, "question,answer,label,reason")
    return "\n".join([columns, *rows, *places]).encode("utf-8", "surrogatepass")


def _wide(chance: Chance) -> bytes:
    count = chance.choice((100, 5000, 16_384, 60_000, 200_000))
    names = ",".join(f"column {i}" for i in range(count))
    row = ",".join(chance.choice(("", "a", "1", "is it?")) for _ in range(count))
    return f"{names}\n{row}\n{row}\n".encode()


def _same_names(chance: Chance) -> bytes:
    count, name = (chance.choice((1000, 16_384, 60_000)), chance.choice(("answer", "", "a (2)", "rating")))
    row = ",".join(["text"] * count)
    return (",".join(["question", *[name] * count]) + f"\n{row}\n{row}\n").encode()


def _one_quote(chance: Chance) -> bytes:
    place = chance.randrange(len(TABLE))
    return (TABLE[:place] + '"' + TABLE[place:] * _size(chance, 1, 2000)).encode()


def _encodings(chance: Chance) -> bytes:
    names = ("utf-8", "cp932", "euc_jp", "utf-16", "cp1252", "gb18030", "mac_roman", "iso2022_jp", "utf-7")
    text = "質問,回答\n営業時間は？,九時からです。\nÄrger,Straße\n"
    return b"".join(text.encode(chance.choice(names), "replace") for _ in range(_size(chance, 2, 3e4)))


def _beyond(field: str, chance: Chance) -> bytes:
    values = ("1e309", "-1e309", "nan", "inf", "9" * 5000, "1e-400", "0x10", "１２", "1,5", "--5", "1_000", "٣", "½", "∞", "1e5000", "")
    rows = [f'"{q}","{a}","{chance.choice(values)}",why,2024-99-99' for q, a in ROWS]
    return "\n".join([f"question,answer,{field},reason,at", *rows]).encode()


def _many_raters(field: str, chance: Chance) -> bytes:
    count = _size(chance, 10, 20_000)
    names = ",".join(f"{field} {i}" for i in range(count))
    rows = [f'"{q}","{a}",' + ",".join(chance.choice("12345") for _ in range(count)) for q, a in ROWS[:3]]
    return "\n".join([f"question,answer,{names}", *rows]).encode()


def _repeated(field: str, chance: Chance) -> bytes:
    line = f'"{ROWS[0][0]}","{ROWS[0][1]}",%s,x\n'
    lines = (line % chance.choice(("1", "2", "5")) for _ in range(_size(chance, 10, 2e5)))
    return (f"question,answer,{field},reason\n" + "".join(lines)).encode()


def _odd_log(chance: Chance) -> bytes:
    days = ("9999-12-31", "0001-01-01", "2024-13-45", "99999999999", "-1", "31.12.99999", "1e300", "")
    counts = ("9" * 400, "-1", "1e308", "1e309", "nan", "0", "1.5", "１００")
    rows = [f'"{q}",{chance.choice(counts)},{chance.choice(days)}' for q, _ in ROWS]
    return "\n".join(["query,count,date", *rows]).encode()


# Records: JSON, JSON Lines, YAML.


def _records() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    yield "json: nested lists", DATA, "faq.json", lambda c: _nested(c, "[", "]")
    yield "json: nested objects", DATA, "faq.json", lambda c: _nested(c, '{"a":', "}")
    yield ("json: nested inside a record", DATA, "faq.json", lambda c: _record({"question": "x"}, _nested(c, "[", "]")))
    yield ("json: nested objects in a record", DATA, "faq.json", lambda c: _record({"question": "x"}, _nested(c, '{"answer":', "}")))
    yield ("json: many names", DATA, "faq.json", lambda c: json.dumps([{f"k{i}": "v" for i in range(_size(c, 10, 2e5))}]).encode())
    yield "json: other names in each record", DATA, "faq.json", _other_names
    yield "json: products of lists", DATA, "faq.json", _products
    yield ("json: lists of lists", DATA, "faq.json", lambda c: json.dumps([{"question": [["a"] * 300] * 300, "answer": [["b"] * 300] * 300}] * _size(c, 1, 20)).encode())
    yield ("json: many digits", DATA, "faq.json", lambda c: ('[{"question": "x", "answer": %s}]' % ("9" * _size(c, 10, 1e6))).encode())
    yield (
        "json: beyond floats",
        DATA,
        "faq.json",
        lambda c: (
            json.dumps([{"question": q, "answer": a, "rating": 0} for q, a in ROWS])
            .replace('"rating": 0', '"rating": ' + c.choice(("1e999", "-Infinity", "NaN", "1e-999")))
            .encode()
        ),
    )
    yield (
        "json: halves of characters",
        DATA,
        "faq.json",
        lambda c: ("[" + ",".join('{"question": "a\\ud800 N", "answer\\udfff": "b\\udc00 N"}'.replace("N", str(i)) for i in range(_size(c, 3, 1e4))) + "]").encode(),
    )
    yield ("json: marks as names", DATA, "faq.json", lambda c: json.dumps([{_marks(c)[:5000]: 1, "question": "x", "answer": "y", "\x00": 2, "": 3}] * 9).encode())
    yield ("json: long names", DATA, "faq.json", lambda c: json.dumps([{"n" * _size(c, 10, 1e6): "a", "question": "b", "answer": "c"}] * 5).encode())
    yield ("json: the same name", DATA, "faq.json", lambda c: ("[{" + '"question": "a",' * _size(c, 10, 3e5) + '"answer": "b"}]').encode())
    yield (
        "jsonl: lines that are none",
        DATA,
        "faq.jsonl",
        lambda c: b"\n".join(c.choice((b'{"question": "a", "answer": "b"}', b"{", b"[", b"1", b"null", b'"x"')) for _ in range(_size(c, 10, 1e5))),
    )
    yield ("jsonl: nested lines", DATA, "faq.jsonl", lambda c: b"\n".join([_nested(c, "[", "]")[:200_000]] * _size(c, 2, 30)))
    yield ("jsonl: one of 10 MB", DATA, "faq.jsonl", lambda c: b'{"question": "x", "answer": "y"}\n' * 9 + json.dumps({"question": "x" * 10_000_000, "answer": "y"}).encode())
    for number in range(40):  # the layouts that are known, with other things in their places
        yield f"layout {number}", DATA, "faq.json", partial(_bent_layout, number)
    yield "yaml: aliases", DATA, "nlu.yml", _aliases
    yield "yaml: nested", DATA, "nlu.yml", lambda c: b"nlu: " + b"[" * _size(c, 10, 3e4)
    yield "yaml: nested maps", DATA, "nlu.yml", lambda c: b"nlu: " + b"{a: " * _size(c, 10, 3e4)
    yield ("yaml: steps", DATA, "nlu.yml", lambda c: "\n".join(" " * i + "a:" for i in range(_size(c, 10, 3000))).encode())
    yield (
        "yaml: odd values",
        DATA,
        "nlu.yml",
        lambda c: (
            "nlu:\n- intent: a\n  examples: "
            + c.choice(
                ("2001-99-99", "190:20:30" * 3000, "!!python/object:os.system x", "0o99", "!!binary ===", "9" * 5000, "!!set {a}", "!!timestamp x", "1e999999", "? [a]\n  : b")
            )
            + "\n"
        ).encode(),
    )
    yield ("yaml: joined maps", DATA, "nlu.yml", lambda c: ("a: &a {x: 1}\nnlu: {" + "<<: *a, " * _size(c, 10, 900) + "}").encode())
    yield ("yaml: many entries", DATA, "nlu.yml", lambda c: ("nlu:\n" + "- intent: a\n  examples: |\n    - b\n" * _size(c, 10, 2e4)).encode())
    yield "settings: nested", SETTINGS, "settings.json", lambda c: _nested(c, '{"settings":', "}")
    yield "settings: odd values", SETTINGS, "settings.json", _odd_settings


def _nested(chance: Chance, opening: str, closing: str) -> bytes:
    depth = _size(chance, 10, 1e6)
    return (opening * depth + "1" + closing * depth).encode()


def _record(record: dict[str, str], inner: bytes) -> bytes:
    start = json.dumps(record)[:-1].encode()
    return b"[" + b",".join([start + b', "answer": ' + inner[:3_000_000] + b"}"] * 3) + b"]"


def _other_names(chance: Chance) -> bytes:
    count = _size(chance, 10, 2e4)
    return json.dumps([{f"k{i}": "x", "question": "a", "answer": "b"} for i in range(count)]).encode()


def _products(chance: Chance) -> bytes:
    each = _size(chance, 10, 3000)
    lists = {name: [f"{name} {i}" for i in range(each)] for name in ("question", "answer", "category", "rating")}
    return json.dumps([lists] * _size(chance, 1, 50)).encode()


_JUNK: tuple[object, ...] = (
    *(None, True, 0, -1, 1e308, "", " ", "x", [], {}, [[]], [{}], {"": ""}, {"text": None}, "9" * 5000),
    *([None, 1, "a", [], {}], {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "\ud800", "\x00", 10**300),
    *([["a", 1], ["b"]], [{"text": []}], {"text": {"text": {"text": "x"}}}, "[1, 2", '{"a": [1]}', [0] * 100),
)


@lru_cache(1)
def _layouts() -> tuple[object, ...]:
    from core.data.reading.layouts import LAYOUTS

    found: list[object] = [[{"question": q, "answer": a, "rating": 3} for q, a in ROWS[:5]]]
    for layout in LAYOUTS:
        try:
            found.append(json.loads(layout.example))
        except ValueError:
            for line in layout.example.splitlines():
                try:
                    found.append([json.loads(line)])
                except ValueError:
                    continue
    return tuple(found)


def _bent_layout(number: int, chance: Chance) -> bytes:
    known = _layouts()
    document = json.loads(json.dumps(known[number % len(known)]))
    for _ in range(_size(chance, 1, 8)):
        document = _bent(document, chance)
    times = _size(chance, 1, 200)
    repeated = [document] * times if isinstance(document, dict) and chance.random() < 0.5 else document
    return json.dumps(repeated).encode()


def _bent(node: object, chance: Chance) -> object:
    """Replace one value of a document, at any depth, by something else."""
    if isinstance(node, dict) and node and chance.random() < 0.85:
        key = chance.choice(list(node))
        if chance.random() < 0.15:
            return {(f"{k}_x" if k == key else k): v for k, v in node.items()}
        return node | {key: _bent(node[key], chance)}
    if isinstance(node, list) and node and chance.random() < 0.85:
        place = chance.randrange(len(node))
        return [*node[:place], _bent(node[place], chance), *node[place + 1 :]]
    return chance.choice(_JUNK)


def _aliases(chance: Chance) -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for i in range(1, _size(chance, 3, 30)):
        lines.append(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]")
    return ("\n".join(lines) + f"\nnlu: *a{len(lines) - 1}\n").encode()


def _odd_settings(chance: Chance) -> bytes:
    from core.tuning.presets import PRESETS, to_document

    document = json.loads(to_document(next(iter(PRESETS.values())).config(base_model="x", seed=0)))
    for _ in range(_size(chance, 1, 4)):
        document = _bent(document, chance)
    return json.dumps(document).encode()


# Columnar files.


def _columnar() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    for kind, columns in _COLUMNS.items():
        yield (f"parquet: {kind}", DATA, "faq.parquet", lambda c, columns=columns: _parquet(columns(c)))
        yield f"arrow: {kind}", DATA, "faq.zip", lambda c, columns=columns: _saved(columns(c))
    yield "parquet: dictionary of long texts", DATA, "faq.parquet", _dictionary_bomb
    yield ("parquet: nothing in it", DATA, "faq.parquet", lambda c: b"PAR1" + c.randbytes(_size(c, 1, 1e4)) + b"PAR1")
    yield ("parquet: foot too long", DATA, "faq.parquet", lambda c: b"PAR1" + c.randbytes(99) + struct.pack("<I", c.choice((0, 2**31, 2**32 - 1))) + b"PAR1")
    yield ("parquet: bent", DATA, "faq.parquet", lambda c: _bent_bytes(_parquet(_usual_columns(c)), c))
    yield "arrow: bent", DATA, "faq.zip", lambda c: _saved(_usual_columns(c), bend=c)


def _usual_columns(chance: Chance) -> dict[str, object]:
    return {"question": [q for q, _ in ROWS], "answer": [a for _, a in ROWS]}


def _typed(values: list[object], kind: str) -> object:
    import pyarrow as pa

    kinds = {
        "s": pa.timestamp("s"),
        "us": pa.timestamp("us", "Mars/Olympus"),
        "ns": pa.timestamp("ns"),
        "date": pa.date32(),
        "date64": pa.date64(),
        "time": pa.time64("ns"),
        "span": pa.duration("s"),
        "decimal": pa.decimal256(76, 0),
        "binary": pa.binary(),
        "half": pa.float16(),
        "map": pa.map_(pa.string(), pa.string()),
        "month": pa.month_day_nano_interval(),
    }
    return pa.array(values, kinds[kind])


_COLUMNS: dict[str, Callable[[Chance], dict[str, object]]] = {
    "days beyond calendars": lambda c: _usual_columns(c) | {"day": _typed([2**31 - 1 - i for i in range(40)], "date")},
    "moments beyond calendars": lambda c: _usual_columns(c) | {"day": _typed([2**62 - i for i in range(40)], c.choice(("s", "ns")))},
    "time zone of nowhere": lambda c: _usual_columns(c) | {"day": _typed([1] * 40, "us")},
    "times": lambda c: _usual_columns(c) | {"t": _typed([1] * 40, "time"), "span": _typed([2**62] * 40, "span")},
    "decimals": lambda c: _usual_columns(c) | {"rating": _typed([10**75] * 40, "decimal")},
    "bytes": lambda c: {"question": _typed([c.randbytes(30) for _ in range(40)], "binary"), "answer": [a for _, a in ROWS]},
    "maps": lambda c: {"question": _typed([[("a", "b"), ("a", "c")]] * 40, "map"), "answer": [a for _, a in ROWS]},
    "long lists": lambda c: {"question": ["x"], "answer": [["y"] * _size(c, 10, 3e6)]},
    "lists of nothing": lambda c: {"question": ["x"], "answer": [[None] * _size(c, 10, 3e6)]},
    "one value": lambda c: (lambda n: {"question": ["x"] * n, "answer": ["y"] * n})(_size(c, 10, 2e5)),
    "one long value": lambda c: {"question": ["x" * _size(c, 1e4, 3e5)] * 2000, "answer": ["y"] * 2000},
    "nothing": lambda c: {"question": [None] * 1000, "answer": [None] * 1000},
    "no rows": lambda c: {"question": [], "answer": []},
    "many columns": lambda c: {f"c{i}": ["x", "y"] for i in range(_size(c, 10, 2e4))},
    "deep": lambda c: {"question": ["x"], "answer": [_deep(_size(c, 3, 60))]},
    "deep lists": lambda c: {"question": ["x"], "answer": [_deep_list(_size(c, 3, 60))]},
    "numbers": lambda c: {"question": [1e308] * 40, "answer": [float("nan")] * 40},
    "yes and no": lambda c: {"question": [True, False] * 60_000, "answer": [False, True] * 60_000},
    "combining marks": lambda c: {"question": ["a", _marks(c)], "answer": ["b", _marks(c)]},
}


def _deep(depth: int) -> object:
    return "x" if not depth else {"a": _deep(depth - 1)}


def _deep_list(depth: int) -> object:
    return "x" if not depth else [_deep_list(depth - 1)]


def _parquet(columns: dict[str, object]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, compression="zstd")
    return content.getvalue()


def _dictionary_bomb(chance: Chance) -> bytes:
    """Return a file of a kilobyte that unpacks to gigabytes."""
    rows, long = _size(chance, 1e3, 9e5), _size(chance, 1e3, 1e6)
    return _parquet(_repeated_text("y" * long, rows))


def _repeated_text(text: str, rows: int) -> dict[str, object]:
    import pyarrow as pa

    indices = pa.array([0]).take(pa.array([0] * rows)).cast(pa.int32())
    return {"question": ["x"] * rows, "answer": pa.DictionaryArray.from_arrays(indices, pa.array([text]))}


def _saved(columns: dict[str, object], bend: Chance | None = None) -> bytes:
    import pyarrow as pa

    table = pa.table(columns)
    content = io.BytesIO()
    with pa.ipc.new_stream(content, table.schema) as stream:
        stream.write_table(table)
    arrow = _bent_bytes(content.getvalue(), bend) if bend else content.getvalue()
    return _zip({"train/data-00000-of-00001.arrow": arrow, "train/state.json": b"{}"})


# Workbooks.


def _workbooks() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    sheets: dict[str, Callable[[Chance], str]] = {
        "a long text in many cells": lambda c: _sheet([["s0"] * 20] * _size(c, 10, 20_000)),
        "many merged ranges": lambda c: _sheet([["i"] * 3] * 50, "".join(f'<mergeCell ref="A{i}:A1048576"/>' for i in range(1, _size(c, 10, 2e5)))),
        "one merged range": lambda c: _sheet([["i"] * 3] * 50, '<mergeCell ref="A1:XFD1048576"/>'),
        "16,384 columns": lambda c: _sheet([["i"] * 16_384] * _size(c, 2, 30)),
        "16,384 columns of one name": lambda c: _sheet([["s1"] * 16_384] * 5),
        "a cell far away": lambda c: (
            '<row r="1"><c r="A1" t="inlineStr"><is><t>q</t></is></c><c r="XFD1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>' * _size(c, 1, 20)
        ),
        "rows far away": lambda c: "".join(f'<row r="{i * 2}"><c r="XFD{i * 2}"><v>1</v></c></row>' for i in range(1, _size(c, 10, 5e4))),
        "rows beyond": lambda c: '<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>',
        "odd references": lambda c: "".join(
            f'<row r="{c.choice(("1", "-1", "x", "", "1e9", "9" * 5000))}"><c r="{c.choice(("A1", "ZZZZ1", "1A", "A0", "é1"))}"><v>1</v></c></row>' for _ in range(20)
        ),
        "texts that are not there": lambda c: f'<row r="1"><c t="s"><v>{c.choice(("99", "-1", "x", "9" * 5000, "1e3"))}</v></c></row>' * 9,
        "numbers beyond": lambda c: "".join(
            f'<row><c s="{c.choice("0123")}"><v>{c.choice(("1e308", "1e999", "-1e308", "nan", "inf", "9" * 400, "-99999999", "2958466", "1.5e15"))}</v></c><c t="d"><v>{c.choice(("99999-01-01", "x"))}</v></c></row>'
            for _ in range(40)
        ),
        "styles that are not there": lambda c: f'<row><c s="{c.choice(("99", "-5", "x", "9" * 5000))}"><v>1</v></c><c><v>2</v></c></row>' * 9,
        "deep": lambda c: "<a>" * _size(c, 10, 1e5),
        "hidden columns": lambda c: '<col min="1" max="999999999" hidden="1"/>' * _size(c, 1, 1e4) + _sheet([["i"] * 3] * 5),
        "cells without a place": lambda c: "<row>" + "<c><v>1</v></c>" * _size(c, 10, 1e5) + "</row>",
        "empty rows": lambda c: "<row/>" * _size(c, 10, 5e5),
    }
    for kind, sheet in sheets.items():
        yield f"xlsx: {kind}", DATA, "faq.xlsx", lambda c, sheet=sheet: _xlsx(sheet(c), c)
        yield (f"xlsx as labels: {kind}", LABELS, "labels.xlsx", lambda c, sheet=sheet: _xlsx(sheet(c), c))
    yield "xlsx: entities", DATA, "faq.xlsx", _entities
    yield ("xlsx: many sheets", DATA, "faq.xlsx", lambda c: _xlsx(_sheet([["i"] * 3] * 3), c, sheets=_size(c, 10, 4000)))
    yield ("xlsx: many shared texts", DATA, "faq.xlsx", lambda c: _xlsx(_sheet([["s1"] * 3] * 3), c, texts=_size(c, 10, 1e6)))
    yield "xlsx: zeros", DATA, "faq.xlsx", lambda c: _xlsx(" " * _size(c, 1e6, 5e8), c)
    yield ("xlsx: marks", DATA, "faq.xlsx", lambda c: _xlsx(_sheet([["s0", "i"]] * 9), c, text=_marks(c)))
    repeated = '<table:table-cell table:number-columns-repeated="{n}" table:number-rows-spanned="{n}" office:value-type="string"><text:p>{t}</text:p></table:table-cell>'
    yield (
        "ods: repeated cells",
        DATA,
        "faq.ods",
        lambda c: _ods(f'<table:table-row table:number-rows-repeated="{_size(c, 1, 2e9)}">' + repeated.format(n=_size(c, 1, 2e9), t="x" * _size(c, 1, 1e4)) + "</table:table-row>"),
    )
    yield (
        "ods: odd numbers",
        DATA,
        "faq.ods",
        lambda c: _ods(
            f'<table:table-row table:number-rows-repeated="{c.choice(("-5", "x", "1e9", "9" * 5000))}">'
            + repeated.format(n=c.choice(("-5", "x", "0", "9" * 5000)), t="x")
            + "</table:table-row>"
        ),
    )
    yield (
        "ods: blanks",
        DATA,
        "faq.ods",
        lambda c: _ods(
            "<table:table-row>"
            + ("<table:table-cell><text:p>" + f'<text:s text:c="{c.choice(("999999999", "-1", "x"))}"/>' * 50 + "a</text:p></table:table-cell>") * 99
            + "</table:table-row>"
        ),
    )
    yield (
        "ods: deep",
        DATA,
        "faq.ods",
        lambda c: _ods(
            "<table:table-row><table:table-cell><text:p>" + "<text:span>" * (n := _size(c, 10, 5e4)) + "x" + "</text:span>" * n + "</text:p></table:table-cell></table:table-row>"
        ),
    )
    yield ("xls: bent", DATA, "faq.xls", lambda c: _bent_bytes((ROOT / "tests/data/reading/faq.xls").read_bytes(), c))
    yield ("xls: head alone", DATA, "faq.xls", lambda c: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + c.randbytes(_size(c, 1, 1e5)))


def _sheet(rows: list[list[str]], merged: str = "") -> str:
    cells = {"i": '<c t="inlineStr"><is><t>word</t></is></c>', "s0": '<c t="s"><v>0</v></c>', "s1": '<c t="s"><v>1</v></c>'}
    return "".join("<row>" + "".join(cells[cell] for cell in row) + "</row>" for row in rows) + merged


_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _xlsx(rows: str, chance: Chance, *, text: str = "", texts: int = 2, sheets: int = 1, head: str = "") -> bytes:
    """Return a workbook with these rows in every sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = f"<si><t>{text or 'y' * _size(chance, 100, 1e6)}</t></si>" + "<si><t>question</t></si>" * (texts - 1)
    listed = "".join(f'<sheet name="S{i}" sheetId="{i + 1}" r:id="r1"/>' for i in range(sheets))
    relation = '<Relationship Id="{}" Type="' + _RELATIONS + '/{}" Target="{}"/>'
    related = relation.format("r1", "worksheet", "sheet1.xml") + relation.format("r2", "sharedStrings", "strings.xml") + relation.format("r3", "styles", "styles.xml")
    styles = "".join(f'<xf numFmtId="{code}"/>' for code in (0, 14, 22, 99))
    return _zip(
        {
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": f"<Relationships>{relation.format('a', 'officeDocument', 'xl/workbook.xml')}</Relationships>".encode(),
            "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>".encode(),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>'.encode(),
            "xl/strings.xml": f'<sst xmlns="{main}">{shared}</sst>'.encode(),
            "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts><numFmt numFmtId="99" formatCode="{"0" * 300}.{"#" * 300}E+00;[Red]@"/></numFmts><cellXfs>{styles}</cellXfs></styleSheet>'.encode(),
            "xl/sheet1.xml": f'{head}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'.encode(),
        }
    )


def _entities(chance: Chance) -> bytes:
    lines = ['<!ENTITY e0 "ha">', *(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, _size(chance, 3, 12)))]
    head = f"<!DOCTYPE w [{''.join(lines)}]>"
    return _xlsx(f"<row><c><v>&e{len(lines) - 1};</v></c></row>", chance, head=" " * chance.choice((0, 10_000)) + head)


def _ods(rows: str) -> bytes:
    names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    body = f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="a">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    return _zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": b"<m/>", "content.xml": body.encode()})


# Archives, and what comes in them.


def _archives() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    yield ("zip: zeros", DATA, "faq.zip", lambda c: _zip({"corpus.jsonl": b"\x00" * _size(c, 1e6, 4e8), "queries.jsonl": b"{}", "qrels.tsv": b""}))
    yield "zip: size that is not true", DATA, "faq.zip", _lying_size
    yield "zip: parts over each other", DATA, "faq.zip", _overlapping
    yield ("zip: many members", DATA, "faq.zip", lambda c: _zip({f"f{i}.yml": b"nlu: []" for i in range(_size(c, 10, 3e4))}))
    yield ("zip: odd names", DATA, "faq.zip", lambda c: _zip({c.choice(("../x", "/etc/passwd", "a" * 60_000, "a\x00b", "\udc80", ".", "")) + str(i): b"x" for i in range(5)}))
    yield "zip: zips", DATA, "faq.zip", _zips
    yield ("zip: one name twice", DATA, "faq.zip", lambda c: _zip({"corpus.jsonl": b"{}", "queries.jsonl": b"{}"}, twice=True))
    yield "zip: bent", DATA, "faq.zip", lambda c: _bent_bytes(_beir(c), c)
    yield "zip: cut", DATA, "faq.zip", lambda c: _beir(c)[: _size(c, 4, 2000)]
    for reading in (DATA, SETS):
        yield (f"{reading}: beir, odd grades", reading, "set.zip", lambda c: _beir(c, grades=("1e309", "nan", "9" * 400, "-1", "1e-400", "x", "1\t2")))
        yield (f"{reading}: beir, long fields", reading, "set.zip", lambda c: _beir(c, qrels=("q0\t" + "d" * _size(c, 1e4, 3e6) + "\t1\n").encode() * 3))
        yield (f"{reading}: beir, halves of characters", reading, "set.zip", lambda c: _beir(c, corpus=b'{"_id": "d\\ud800", "text": "a\\udfff"}\n' * 9))
        yield (
            f"{reading}: beir, odd records",
            reading,
            "set.zip",
            lambda c: _beir(
                c,
                corpus=b"\n".join(
                    json.dumps(
                        c.choice(_JUNK)
                        if c.random() < 0.2
                        else {"_id": c.choice(_JUNK), "text": c.choice(_JUNK), "title": c.choice(_JUNK), "metadata": c.choice(_JUNK), "group": c.choice(_JUNK)}
                    ).encode()
                    for _ in range(30)
                ),
            ),
        )
        yield (f"{reading}: beir, nested", reading, "set.zip", lambda c: _beir(c, corpus=b'{"_id": "d0", "text": ' + _nested(c, "[", "]") + b"}"))
        yield (
            f"{reading}: beir, splits",
            reading,
            "set.zip",
            lambda c: _beir(c, splits=json.dumps(c.choice(_JUNK) if c.random() < 0.5 else {"train": c.choice(_JUNK), "test_unseen": c.choice(_JUNK)}).encode()),
        )
        yield (f"{reading}: beir, marks", reading, "set.zip", lambda c: _beir(c, corpus=json.dumps({"_id": "d0", "text": _marks(c)}).encode()))
    for number in range(6):
        yield f"dialogflow {number}", DATA, "agent.zip", _bent_agent
    yield (
        "dialogflow: many intents",
        DATA,
        "agent.zip",
        lambda c: _zip({f"intents/i{i}{end}.json": b"[]" if end else b"{}" for i in range(_size(c, 10, 4900)) for end in ("", "_usersays_en")}),
    )
    yield (
        "dialogflow: nested",
        DATA,
        "agent.zip",
        lambda c: _zip({"intents/a/trainingPhrases/en.json": b'{"trainingPhrases": [{"parts": [{"text": "a"}]}]}', "flows/f.json": _nested(c, '{"a":', "}")}),
    )
    yield ("docx: nested", DATA, "faq.docx", lambda c: _docx("<w:tbl><w:tr><w:tc>" * (n := _size(c, 10, 3e4)) + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * n))
    yield ("docx: many paragraphs", DATA, "faq.docx", lambda c: _docx('<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Is it?</w:t></w:r></w:p>' * _size(c, 10, 1e5)))
    yield (
        "docx: wide table",
        DATA,
        "faq.docx",
        lambda c: _docx(
            "<w:tbl>"
            + (
                "<w:tr>"
                + f'<w:tc><w:tcPr><w:gridSpan w:val="{c.choice(("1", "999999999", "x"))}"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>' * _size(c, 10, 5e3)
                + "</w:tr>"
            )
            * 3
            + "</w:tbl>"
        ),
    )
    yield ("docx: entities", DATA, "faq.docx", lambda c: _docx("&e;", '<!DOCTYPE a [<!ENTITY e "x">]>'))


def _zip(members: dict[str, bytes], twice: bool = False) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        warnings.simplefilter("ignore")
        for _ in range(1 + twice):
            for name, data in members.items():
                info = zipfile.ZipInfo(name.encode("utf-8", "replace").decode()[:65_000])
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
    return content.getvalue()


def _lying_size(chance: Chance) -> bytes:
    """Return an archive whose directory says that a large member is small."""
    content = bytearray(_zip({"corpus.jsonl": b"\n" * 100_000_000, "queries.jsonl": b"{}", "qrels.tsv": b"q\td\t1"}))
    place = content.find(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", chance.choice((0, 10, 2**32 - 2)))
    return bytes(content)


def _overlapping(chance: Chance) -> bytes:
    """Return an archive of which many directory entries share one large member."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"\n" * _size(chance, 1e6, 1e8)
    packed = packer.compress(data) + packer.flush()
    name = b"intents/a0000.json"
    head = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, zlib.crc32(data), len(packed), len(data), len(name), 0)
    body = b"PK\x03\x04" + head + name + packed
    count = _size(chance, 10, 9000)
    listed = b"".join(b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"intents/a%04d.json" % i for i in range(count))
    return body + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), len(body), 0)


def _zips(chance: Chance) -> bytes:
    content = b"question,answer\n" * 1000
    for depth in range(_size(chance, 1, 50)):
        content = _zip({f"a{depth}.zip": content})
    return content


def _beir(chance: Chance, *, corpus: bytes = b"", qrels: bytes = b"", splits: bytes = b"", grades: tuple[str, ...] = ("1",)) -> bytes:
    lines = [json.dumps({"_id": f"d{i}", "text": a}).encode() for i, (_, a) in enumerate(ROWS)]
    asked = [json.dumps({"_id": f"q{i}", "text": q}).encode() for i, (q, _) in enumerate(ROWS)]
    judged = "".join(f"q{i}\td{i}\t{chance.choice(grades)}\n" for i in range(len(ROWS))).encode()
    members = {"corpus.jsonl": b"\n".join([*lines, corpus]), "queries.jsonl": b"\n".join(asked), "qrels.tsv": judged + qrels}
    return _zip(members | ({"splits.json": splits} if splits else {}))


def _bent_agent(chance: Chance) -> bytes:
    intent: object = {"name": "a", "responses": [{"messages": [{"speech": ["x"]}]}], "userSays": [{"data": [{"text": "y"}]}]}
    said: object = [{"data": [{"text": "when"}]}]
    flow: object = {"transitionRoutes": [{"intent": "a", "triggerFulfillment": {"messages": [{"text": {"text": ["x"]}}]}}]}
    phrases: object = {"trainingPhrases": [{"parts": [{"text": "a"}]}]}
    for _ in range(_size(chance, 1, 5)):
        intent, said, flow, phrases = (_bent(part, chance) for part in (intent, said, flow, phrases))
    older = {"intents/a.json": intent, "intents/a_usersays_en.json": said}
    newer = {"intents/a/trainingPhrases/en.json": phrases, "flows/f.json": flow}
    members = older if chance.random() < 0.5 else newer
    return _zip({name: json.dumps(document).encode() for name, document in members.items()})


def _docx(body: str, head: str = "") -> bytes:
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    return _zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": f"{head}<w:document {names}><w:body>{body}</w:body></w:document>".encode()})


# Pages.


def _pages() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    pages: dict[str, Callable[[Chance], str]] = {
        "nested": lambda c: "<div>" * _size(c, 10, 3e5),
        "nested tables": lambda c: "<table><tr><td>" * _size(c, 10, 3e4),
        "wide cells": lambda c: (
            "<table>" + f'<tr><td colspan="{c.choice(("1", "999999999", "-1", "x"))}" rowspan="999999999">Is it?</td><td>a</td></tr>' * _size(c, 10, 3000) + "</table>"
        ),
        "many headings": lambda c: "<h2>Is it?</h2><p>It is.</p>" * _size(c, 10, 5e4),
        "open comments": lambda c: "<!--" * _size(c, 10, 2e5),
        "open marks": lambda c: "<a " * _size(c, 10, 2e5),
        "many attributes": lambda c: "<h2 " + " ".join(f'a{i}="b"' for i in range(_size(c, 10, 5e4))) + ">x",
        "markup for search": lambda c: (
            '<script type="application/ld+json">'
            + json.dumps(_bent({"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "a", "acceptedAnswer": {"text": "b"}}] * 3}, c))
            + "</script>"
        ),
        "nested markup for search": lambda c: '<script type="application/ld+json">' + _nested(c, '{"a":', "}").decode() + "</script>",
        "lists": lambda c: "<ul><li>" * _size(c, 10, 3e4) + "x",
        "references": lambda c: "<h2>a?</h2>" + "&" * _size(c, 10, 3e5) + "&#x99999999;",
        "open scripts": lambda c: "<script>" * _size(c, 10, 1e5),
    }
    for kind, page in pages.items():
        yield (f"html: {kind}", DATA, "faq.html", lambda c, page=page: ("<html><body>" + page(c)).encode())
    marks: dict[str, Callable[[Chance], str]] = {
        "headings": lambda c: "# Is it?\n" * _size(c, 10, 1e5),
        "levels": lambda c: "".join("#" * (i % 7) + " Is it?\nIt is.\n" for i in range(_size(c, 10, 5e4))),
        "stars": lambda c: "*" * _size(c, 10, 5e5) + "\n" + "**Q** " * _size(c, 10, 1e5),
        "a wide table": lambda c: ("|" + "a|" * (n := _size(c, 10, 6e4)) + "\n|" + "-|" * n + "\n|" + "b|" * n + "\n") * 2,
        "lists": lambda c: "\n".join(" " * (i % 50) + "- Q: is it?" for i in range(_size(c, 10, 1e5))),
        "Q and A": lambda c: "Q: is it?\nA: it is\n" * _size(c, 10, 1e5),
        "links": lambda c: "# " + "[" * _size(c, 10, 3e5) + "](x)",
        "quotes": lambda c: ">" * _size(c, 10, 3e5) + " # x",
        "code": lambda c: "```\n" * _size(c, 10, 2e5) + "# x?\ny",
    }
    for kind, text in marks.items():
        yield f"markdown: {kind}", DATA, "faq.md", lambda c, text=text: text(c).encode()


# Runs, model folders, and names of files.


def _others() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    runs: dict[str, Callable[[Chance], str]] = {
        "odd scores": lambda c: "".join(
            f"q{i} Q0 a{i} {c.choice(('1', '-1', '1e400', 'nan', '9' * 5000))} {c.choice(('1e309', 'nan', '-inf', '0x1', '１', '1_0'))} s\n" for i in range(1, 40)
        ),
        "many systems": lambda c: "".join(f"q1 Q0 a1 1 0.5 s{i}\n" for i in range(_size(c, 10, 3e5))),
        "one pair": lambda c: "q1 Q0 a1 1 0.5 s\n" * _size(c, 10, 5e5),
        "long ids": lambda c: f"{'q' * _size(c, 10, 3e6)} Q0 a1 1 0.5 s\nq1 Q0 a1 1 0.5 s\n",
        "one line": lambda c: "q1 Q0 a1 1 0.5 s " * _size(c, 10, 3e5),
        "halves of characters": lambda c: "q1\ud800 Q0 a1 1 0.5 s\n",
        "null": lambda c: "\x00q1 Q0 a1 1 0.5 s\x00\n" * 9,
        "other line ends": lambda c: "q1 Q0 a1 1 0.5 s\x0bq2\x85 Q0 a2 1 0.5\x1cs\u2028" * 9,
        "nested": lambda c: _nested(c, '{"q1":', "}").decode(),
        "nested lists": lambda c: _nested(c, "[", "]").decode(),
        "odd lists": lambda c: json.dumps(_bent({"q1": {"a1": 0.5, "a2": 1}, "q2": {"a1": 3}}, c)),
        "many lists": lambda c: json.dumps({f"q{i}": {f"a{j}": 0.5 for j in range(30)} for i in range(_size(c, 10, 1e4))}),
        "odd numbers": lambda c: '{"q1": {"a1": N}}'.replace("N", c.choice(("1e999", "NaN", "9" * 5000, "true", "null", '"x"', "-Infinity"))),
        "blank": lambda c: " \n" * _size(c, 10, 1e6),
    }
    for kind, text in runs.items():
        yield (f"run: {kind}", RUN, "run.txt", lambda c, text=text: text(c).encode("utf-8", "surrogatepass"))
    yield "run: bytes", RUN, "run.txt", lambda c: c.randbytes(_size(c, 10, 1e5))
    for kind in FOLDER_KINDS:
        yield f"folder: {kind}", FOLDER, kind, _folder
    for number in range(12):
        yield f"name: {number}", DATA, _odd_name(Chance(number)), lambda c: TABLE.encode()


FOLDER_KINDS = (
    *("nested json", "odd modules", "odd config", "odd tokenizer", "null in the path", "long path", "long part"),
    *("weights that are none", "weights with a long head", "links in a circle", "a file", "no rights", "path out"),
    *("odd cross-encoder", "folders in the place of files", "half characters in the path", "many files", "huge json"),
)


def _folder(chance: Chance) -> bytes:
    """Return what decides how the folder is bent; :func:`bent_folder` makes it."""
    return str(chance.random()).encode()


def bent_folder(root: Path, kind: str, content: bytes) -> str:
    """Make a model folder of that kind below a folder; return its path as somebody would type it."""
    chance = Chance(content)
    folder = root / "model"
    folder.mkdir()
    modules: object = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    config: object = {"architectures": ["BertModel"], "max_position_embeddings": 512}
    tokens: object = {"model_max_length": 512}
    named = {"modules.json": modules, "config.json": config, "tokenizer_config.json": tokens}
    named["config_sentence_transformers.json"] = {"prompts": {"query": "q: "}}
    if kind == "odd cross-encoder":
        named["config_sentence_transformers.json"] = {"model_type": "CrossEncoder"}
        named["config.json"] = {
            "architectures": ["BertForSequenceClassification"],
            "id2label": chance.choice(_JUNK),
            "num_labels": chance.choice(_JUNK),
            "max_position_embeddings": chance.choice(_JUNK),
        }
        named["tokenizer_config.json"] = chance.choice(_JUNK)
    for bent, name in (("odd modules", "modules.json"), ("odd config", "config.json"), ("odd tokenizer", "tokenizer_config.json")):
        if kind == bent:
            named[name] = _bent(named[name], chance)
            named["config_sentence_transformers.json"] = _bent(named["config_sentence_transformers.json"], chance)
    for name, document in named.items():
        (folder / name).write_text(json.dumps(document))
    head = b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + b"\0\0\0\0")
    if kind in {"nested json", "huge json"}:
        bad = _nested(chance, "[", "]") if kind == "nested json" else b"[" + b'{"type": "sentence_transformers.x"},' * 300_000 + b"{}]"
        (folder / chance.choice(list(named))).write_bytes(bad)
    elif kind.startswith("weights"):
        (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.StaticEmbedding", "path": ""}]))
        long = struct.pack("<Q", chance.choice((2**63, 2**40, 99_999_999)))
        (folder / "model.safetensors").write_bytes(chance.randbytes(50) if "none" in kind else long + b"{" * 99)
    elif kind == "links in a circle":
        (folder / "modules.json").unlink()
        (folder / "modules.json").symlink_to("modules.json")
        (folder / "inner").symlink_to(folder)
    elif kind == "folders in the place of files":
        for name in ("config.json", "tokenizer_config.json", "model.safetensors"):
            (folder / name).unlink()
            (folder / name).mkdir()
    elif kind == "no rights":
        folder.chmod(0)
    elif kind == "many files":
        for number in range(2000):
            (folder / f"{number}.bin").touch()
    elif kind == "path out":
        (folder / "modules.json").write_text(
            json.dumps([{"type": "sentence_transformers.models.Transformer", "path": chance.choice(("../../../../etc", "/etc", "\x00", "a" * 5000, "\ud800"))}])
        )
    paths = {"null in the path": f"{folder}\x00", "long path": "/" + "a/" * 2500, "long part": "/" + "a" * 5000}
    paths |= {"a file": str(folder / "modules.json"), "half characters in the path": "/tmp/\ud800"}
    return paths.get(kind, str(folder))


# Good files of every kind, with some of their bytes changed.


def _mutated() -> Iterator[tuple[str, str, str, Callable[[Chance], bytes]]]:
    good: dict[str, Callable[[Chance], bytes]] = {
        "csv": lambda c: TABLE.encode(),
        "xlsx": lambda c: _xlsx(_sheet([["i"] * 3] * 20), c, text="answer"),
        "ods": lambda c: _ods("<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>" * 9),
        "docx": lambda c: _docx('<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Is it?</w:t></w:r></w:p><w:p><w:r><w:t>Yes.</w:t></w:r></w:p>' * 9),
        "parquet": lambda c: _parquet(_usual_columns(c)),
        "json": lambda c: json.dumps([{"question": q, "answer": a} for q, a in ROWS]).encode(),
        "html": lambda c: b"<html><body>" + b"".join(f"<h2>{q}</h2><p>{a}</p>".encode() for q, a in ROWS),
        "yml": lambda c: b"nlu:\n- intent: a\n  examples: |\n    - b\nresponses:\n  utter_a:\n  - text: c\n",
        "zip": _beir,
        "xls": lambda c: (ROOT / "tests/data/reading/faq.xls").read_bytes(),
    }
    for end, make in good.items():
        for number in range(4):
            yield (f"changed bytes: {end} {number}", DATA, f"faq.{end}", lambda c, make=make: _bent_bytes(make(c), c))


def _bent_bytes(content: bytes, chance: Chance) -> bytes:
    """Change, cut out, repeat or swap some bytes."""
    bent = bytearray(content)
    for _ in range(_size(chance, 1, 20)):
        place = chance.randrange(max(1, len(bent)))
        way = chance.randrange(4)
        if way == 0 and bent:
            bent[place] = chance.randrange(256)
        elif way == 1:
            del bent[place : place + _size(chance, 1, 50)]
        elif way == 2:
            bent[place:place] = bent[place : place + 50] * _size(chance, 1, 20)
        else:
            bent[place:place] = chance.choice((b"\x00", b"\xff" * 8, b'"', b"<", b"9" * 400, b"\xf0\x9f"))
    return bytes(bent)
