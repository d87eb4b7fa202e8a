"""What people write into one cell when it is no plain text: nothing, a whole list."""

from __future__ import annotations

import ast
import html
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import cast

# What spreadsheet programs write where a formula fails, in the languages of their users.
_ERRORS = frozenset(
    {
        *("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"),
        *("#ERROR!", "#FIELD!", "#GETTING_DATA", *(f"Err:{code}" for code in range(501, 541))),
        *("#WERT!", "#BEZUG!", "#ZAHL!", "#NV", "#ÜBERLAUF!", "#KALK!", "#FELD!"),
        *("#NUL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#PROPAGATION!", "#EPARS!", "#CHAMP!"),
        *("#¡NULO!", "#¡DIV/0!", "#¡VALOR!", "#¡REF!", "#¿NOMBRE?", "#¡NUM!", "#N/D"),
        *("#¡DESBORDAMIENTO!", "#¡CALC!", "#¡CAMPO!", "#¡ERROR!"),
        *("#NULLO!", "#VALORE!", "#RIF!", "#NOME?", "#ESPANSIONE!"),
        *("#NULO!", "#VALOR!", "#NÚM!", "#DESPEJAR!", "#DESPEJO!"),
        *("#LEEG!", "#DEEL/0!", "#WAARDE!", "#VERW!", "#NAAM?", "#GETAL!", "#N/B", "#OVERLOOP!"),
        *("#ZERO!", "#DZIEL/0!", "#ARG!", "#ADR!", "#NAZWA?", "#LICZBA!", "#N/D!", "#ROZLANIE!"),
        *("#SKÄRNING!", "#DIVISION/0!", "#VÄRDEFEL!", "#REFERENS!", "#NAMN?", "#OGILTIGT!"),
        *("#SAKNAS!", "#VÆRDI!", "#REFERENCE!", "#NAVN?", "#I/T", "#VERDI!"),
        *("#TYHJÄ!", "#JAKO/0!", "#ARVO!", "#VIITTAUS!", "#NIMI?", "#LUKU!", "#PUUTTUU!"),
        *("#HODNOTA!", "#ODKAZ!", "#NÁZEV?", "#ČÍSLO!", "#NENÍ_K_DISPOZICI"),
        *("#NULLA!", "#ZÉRÓOSZTÓ!", "#ÉRTÉK!", "#HIV!", "#NÉV?", "#SZÁM!", "#HIÁNYZIK"),
        *("#BOŞ!", "#SAYI/0!", "#DEĞER!", "#BAŞV!", "#AD?", "#SAYI!", "#YOK"),
        *("#ПУСТО!", "#ДЕЛ/0!", "#ЗНАЧ!", "#ССЫЛКА!", "#ИМЯ?", "#ЧИСЛО!", "#Н/Д"),
        "#スピル!",
    }
)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how XLSX writes signs that XML forbids
# Not available, keine Angabe, no disponible, nicht verfügbar, niet bekend, no reply, brak danych …
_ABBREVIATED = ("na", "ka", "nd", "nv", "nb", "nr", "bd", "nvt", "нд")
# How databases, programs and people say that a cell is empty; compared without case and width.
_NOTHING = frozenset(
    {
        *("null", "(null)", "<null>", "\\n", "nil", "none", "(none)", "nan", "<na>", "nat"),
        *("na", "<nan>", "#n/a", "n/a.", "nvt", "undefined", "(blank)", "(empty)", "(leer)"),
        *("s/o", "s/d", "s/r", "該当なし", "未回答", "未入力", "無回答"),
        *("-", "--", "---", "–", "—", "−", "ー", "―", ".", "./.", "-/-", "-.-"),
        *(f"{dot.join(word)}." for word in _ABBREVIATED for dot in (".", ". ")),
        *(sign.join(word) for word in _ABBREVIATED for sign in (".", "/", " / ")),
    }
)
# What people write where an answer is still to come, stands elsewhere, or is missing; folded,
# whole cells only. Left out is what answers some question, as "not available" does.
_PLACEHOLDERS = frozenset(
    {
        *("tbd", "t.b.d", "tba", "tbc", "to be defined", "to be determined", "to be decided"),
        *("to be confirmed", "to be added", "to be announced", "to do", "todo", "to-do", "wip"),
        *("see above", "see below", "as above", "same as above", "ditto", "placeholder"),
        *("answer to follow", "coming soon", "xxx", "lorem ipsum"),
        *("not applicable", "no answer", "no answer yet", "no answer given", "no response"),
        *("unanswered", "not answered", "not yet answered"),
        *("s.o", "s. o", "s.u", "s. u", "siehe oben", "siehe unten", "wie oben", "folgt", "dito"),
        *("wird noch ergänzt", "wird ergänzt", "noch offen", "in arbeit", "in bearbeitung"),
        *("zu klären", "noch zu klären", "platzhalter", "fehlt", "fehlt noch", "antwort folgt"),
        *("keine angabe", "keine angaben", "ohne angabe", "nicht angegeben", "keine antwort"),
        *("noch keine antwort", "ohne antwort", "unbeantwortet", "nicht beantwortet"),
        *("noch nicht beantwortet", "nicht zutreffend", "trifft nicht zu"),
        *("voir ci-dessus", "voir plus haut", "cf. ci-dessus", "voir ci-dessous", "idem"),
        *("à définir", "à compléter", "à venir", "à préciser", "néant", "sans objet"),
        *("sans réponse", "pas de réponse", "aucune réponse", "non applicable"),
        *("non renseigné", "non renseignée", "non communiqué"),
        *("ver arriba", "véase arriba", "ver más arriba", "por definir", "por completar"),
        *("pendiente de definir", "sin respuesta", "sin contestar", "no contesta", "ns/nc"),
        *("no aplica", "no aplicable", "sin datos"),
        *("vedi sopra", "come sopra", "da definire", "da completare", "nessuna risposta"),
        *("senza risposta", "non applicabile", "sem resposta", "não se aplica", "não aplicável"),
        *("não informado", "sem dados"),
        *("ver acima", "vide acima", "a definir", "a preencher", "zie boven", "zie hierboven"),
        *("nog te bepalen", "nog in te vullen", "n.n.b", "n.t.b", "volgt", "jw", "j.w"),
        *("niet van toepassing", "geen antwoord", "nog geen antwoord", "onbeantwoord"),
        *("patrz wyżej", "jak wyżej", "do uzupełnienia", "do ustalenia", "см. выше", "см выше"),
        *("nie dotyczy", "brak odpowiedzi", "bez odpowiedzi", "brak danych", "bez odpovědi"),
        *("neuvedeno", "nincs válasz", "nincs adat", "ei vastausta", "cevap yok", "yanıt yok"),
        *("уточняется", "будет позже", "yukarıya bakın", "yukarıda", "belirlenecek"),
        *("нет ответа", "без ответа", "не применимо", "неприменимо", "нет данных"),
        *("se ovan", "se nedan", "kommer senare", "انظر أعلاه", "يحدد لاحقا", "يحدد لاحقًا"),
        *("inget svar", "ej besvarad", "ej tillämpligt", "uppgift saknas", "intet svar"),
        *("ikke besvaret", "ikke besvart", "لا ينطبق", "لا توجد إجابة", "بدون إجابة"),
        *(
            "同上",
            "上記参照",
            "上記の通り",
            "上記と同じ",
            "上に同じ",
            "前述の通り",
            "未定",
            "準備中",
        ),
        *("作成中", "記入予定", "追記予定", "後日記載", "要確認", "要記入", "ダミー"),
        *("回答なし", "回答無し", "記載なし", "未記入", "未記載", "無記入", "空欄", "該当無し"),
        *("暂无", "暂无答案", "暂无回答", "无答案", "没有答案", "不适用", "未填写", "待回答"),
        *("暫無", "無答案", "不適用", "未填寫"),
        *(
            "见上",
            "见上文",
            "如上",
            "待定",
            "待补充",
            "待确认",
            "待更新",
            "見上",
            "如上所述",
            "待補充",
        ),
        *("위와 같음", "상동", "위 참조", "미정", "추후 작성", "작성 중", "작성중"),
        *("해당 없음", "해당없음", "답변 없음", "답변없음", "무응답", "미응답", "미답변", "미기재"),
    }
)
_LONGEST_PLACEHOLDER = 40
_NO_ANSWER = " .?¿-–—_{}[]()\"'“”„«»「」"  # a cell of such signs alone, folded, says nothing
# Words that answer one question and say of another one that nobody has answered it; folded.
_DOUBTFUL = frozenset(
    {
        *("empty", "blank", "nothing", "x", "/", "leer", "nichts", "keine", "offen", "geen"),
        *("leeg", "vide", "aucun", "aucune", "rien", "ninguno", "ninguna", "nada", "vacío"),
        *("nessuno", "nessuna", "niente", "nenhum", "nenhuma", "vazio", "brak", "ingen", "inget"),
        *("puste", "yok", "пусто", "なし", "無し", "特になし", "无", "無", "没有", "空", "없음"),
        "لا يوجد",
    }
)
_SHORT = 4  # letters: of a word that people write in any mixture of capitals
_WIDE = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}  # full-width forms


def _spellings(word: str) -> set[str]:
    """Return a word in capitals and small letters, a short one in every mixture of them."""
    if sum(map(str.isalpha, word)) > _SHORT:
        return {word, word.upper(), word.capitalize(), word.title()}
    return {"".join(signs) for signs in product(*({s, s.upper()} for s in word))}


# All ways to write them, so that a column of half a million cells is looked at in one go.
NOTHING_WRITTEN = frozenset(
    form for word in _NOTHING for case in _spellings(word) for form in (case, case.translate(_WIDE))
).union(_ERRORS)

_ARRAY = re.compile(r"\barray\((\[[^\[\]]*\])(?:,\s*dtype=[\w.'<>]+)?\)")
_WHOLE_ARRAY = re.compile(r"array\((.*?)(?:,\s*dtype=[\w.'<>]+)?\)", re.DOTALL)
_STRING = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
_STRINGS = re.compile(_STRING, re.DOTALL)
_UNSEPARATED = re.compile(rf"\[\s*{_STRING}(?:\s+{_STRING})+\s*\]", re.DOTALL)  # as numpy prints
_NUMBERS = re.compile(r"\[[-+\d.eE\s]+\]|\[(?:\s*(?:True|False))+\s*\]")

_TAG = re.compile(r"<[^<>]{1,400}>")
_BREAK = re.compile(r"<\s*(?:br|/p|/li|/div|/h\d|/tr)\b[^<>]*>", re.IGNORECASE)


def plain_text(text: str) -> str:
    """Return a text without HTML tags and entities, where it has any."""
    if "<" in text and _TAG.search(text):
        text = _TAG.sub("", _BREAK.sub("\n", text))
    return html.unescape(text).strip() if "&" in text else text.strip()


_ENTITY = re.compile(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,20});")
_ESCAPE = re.compile(r"(?:\\r)?\\n")
# A break before a word that goes on in small letters may as well be a path: C:\new.
_BREAK_ESCAPE = re.compile(
    r"(?:(?<=[.!?:;,)\]。！？：；、…])|(?<=[.!?] ))(?:\\r)?\\n|(?:\\r)?\\n(?=[^a-z]|$)"
)
_PATH = re.compile(r"\b[A-Za-z]:\\|\\\\\w|\\(?![nrt])[A-Za-z]")  # and TeX, and patterns
_CODE = re.compile(
    r"\b(html|xml|escap\w*|maskier\w*|unescape|regex\w*|backslash\w*|newlines?|json"
    r"|python|java(script)?|php|sql|snippets?|source ?code|quelltext|printf?|ampersand)\b"
    r"|エンティティ|エスケープ|改行コード|ソースコード|转义|实体|轉義|이스케이프",
    re.IGNORECASE,
)
# Said of other things, too; and an entity that stands where one is told what to write.
_MAYBE_CODE = re.compile(
    r"\b(codes?|source|web ?(page|site)s?|webseiten?|templates?|vorlagen?|plantillas?|modèles?"
    r"|entit(y|ies)|entität(en)?|entités?|entidad(es)?|entità|markup|mark-up|css|tags?|umlauts?"
    r"|umlaute?|character|sonderzeichen|caractères?|non-breaking|symbols?|código|codice|bron)\b"
    r"|код|шаблон|テンプレート|ソース|コード|タグ|特殊文字|模板|源码|代码|特殊字符|템플릿|코드",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    r"\b(type|write|enter|insert|use|means?|schreiben?|tippen?|verwenden?|bedeutet|heißt|écri\w+"
    r"|tape[rz]|utilise[rz]|escrib\w+|usar?|scriv\w+|typ|schrijf|gebruik|wpisz|напишите)"
    r"\s+[\"'`“„«]?&#?\w{1,20};(?=[\s.,:;!?)\"'`”“»]|$)",
    re.IGNORECASE,
)
_LISTS = ("[", "{", "(", "array(")
_MANY, _SOME = 0.2, 2  # share of cells that shows a habit even among texts about code; cells
_NOTICED, _TALK = 0.15, 0.3  # of the rows that hold entities: sure words of code, unsure ones, too


def entities_are_meant(columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether ``&auml;`` stands in a table because its rows talk about code.

    A question says what its answer is about: the whole row counts. Where few rows hold entities,
    one that surely talks about code is enough; else it takes a noticeable share.
    """
    holding = {
        i for cells in columns for i, cell in enumerate(cells) if "&" in cell and _entities(cell)
    }
    if not holding:
        return False
    rows = ["\n".join(cells[i] for cells in columns) for i in sorted(holding)]
    sure = unsure = 0
    for row in rows:
        bare = _ENTITY.sub(" ", row)
        surely = bool(_CODE.search(bare))
        sure += surely
        unsure += surely or bool(_MAYBE_CODE.search(bare) or _SHOWN.search(row))
    if sure and len(rows) < _MANY * len(columns[0]):
        return True
    return sure >= _NOTICED * len(rows) or unsure >= max(_SOME, _TALK * len(rows))


def _entities(cell: str) -> list[str]:
    return [m[0] for m in _ENTITY.finditer(cell) if html.unescape(m[0]) != m[0]]


def without_entities(cells: list[str], *, meant: bool) -> tuple[list[str] | None, str]:
    """Return cells with ``&amp;`` and its kin decoded, and examples; None where they are meant.

    Parameters
    ----------
    meant : bool
        See :func:`entities_are_meant`.
    """
    found = [(cell, name) for cell in cells if "&" in cell for name in _entities(cell)]
    if not found or any(cell.startswith(_LISTS) for cell, _ in found):
        return cells, ""  # lists are read with their escapes later
    written = list(dict.fromkeys(name for _, name in found))
    if meant:
        return None, ", ".join(written[:3])
    decoded = [html.unescape(c).replace("\xa0", " ") if _ENTITY.search(c) else c for c in cells]
    return decoded, ", ".join(written[:3])


def with_line_breaks(cells: list[str]) -> list[str]:
    r"""Return cells with the line breaks that are written as ``\n``; the same where none are."""
    holding = [cell for cell in cells if "\\n" in cell and _ESCAPE.search(cell)]
    if len(holding) < _SOME or any("\n" in cell for cell in cells):
        return cells
    if any(
        c.startswith(_LISTS) or _PATH.search(c) or _ESCAPE.search(_BREAK_ESCAPE.sub("", c))
        for c in holding
    ):
        return cells
    if _about_code(holding, cells):
        return cells
    return [_ESCAPE.sub("\n", cell).strip() if "\\n" in cell else cell for cell in cells]


def _about_code(holding: list[str], cells: list[str]) -> bool:
    talking = any(_CODE.search(_ENTITY.sub(" ", cell)) for cell in holding)
    return talking and len(set(holding)) < _MANY * sum(map(bool, cells))


def is_nothing(text: str) -> bool:
    r"""Tell whether a cell says that it is empty: ``NULL``, ``\N``, ``NaN``, ``N/A``, ``-``."""
    return text in NOTHING_WRITTEN


def is_placeholder(text: str) -> bool:
    """Tell whether a whole cell only holds the place of a text: ``TBD``, ``[see above]``, ``?``."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = plain.strip(" .…!:;-–—()[]<>{}*_\"'【】（）")
    return bare in _PLACEHOLDERS or bool(plain and not plain.strip(_NO_ANSWER))


def may_say_nothing(text: str) -> bool:
    """Tell whether a whole answer may mean that there is none: ``なし``, ``geen``, ``empty``."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    return unicodedata.normalize("NFKC", text).casefold().strip(" .。!") in _DOUBTFUL


def cell_text(value: object) -> str:
    """Return a value without a number format as a reader sees it: 3.0 is 3, errors are empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value in _ERRORS:
            return ""
        return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M:%S" if value.second else "%H:%M")
    if isinstance(value, date | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return str(value)
    except ValueError:  # a whole number of more digits than Python writes out
        return ""


def nested_value(text: str) -> list[object] | dict[str, object] | None:
    """Return the list or object that a cell spells out, None where it is an ordinary text.

    Read are JSON, the way Python prints (``['a', 'b']``) and the way numpy does (``['a' 'b']``,
    ``array(['a'], dtype=object)``). A list counts only where a text or an object is in it, so that
    ``[1]`` and ``[see below]`` stay what they are.
    """
    value = printed_value(text)
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()} if value else None
    if isinstance(value, list) and any(isinstance(item, str | dict | list) for item in value):
        return value
    return [] if value == [] else None


def printed_value(text: str) -> object:
    """Return the list or object that a program printed, of numbers too; None for any other text.

    numpy leaves out the commas: Python would glue texts together and not understand numbers.
    """
    plain = text.strip()
    if plain[:1] + plain[-1:] not in ("[]", "{}", "()") and not plain.startswith("array("):
        return None
    try:
        return cast(object, json.loads(plain))
    except (ValueError, RecursionError):
        return _python_value(plain)


def _python_value(text: str) -> object:
    whole = _WHOLE_ARRAY.fullmatch(text)  # its texts may hold brackets, too
    text = _ARRAY.sub(r"\1", whole[1] if whole else text)
    text = _UNSEPARATED.sub(lambda array: f"[{', '.join(_STRINGS.findall(array[0]))}]", text)
    if _NUMBERS.fullmatch(text):
        text = f"[{', '.join(text[1:-1].split())}]"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


# How several texts in one cell are parted, the surest sign first.
PARTING = ("\n", "<br>", "||", "|", "¦", "｜", ";;", ";", "；", " / ", " ／ ")
_BULLET = re.compile(r"\s*(?:[-–—*•·‣▪●○・]|\(?\d{1,2}[.)])\s+")
_SAME_PART = 0.2  # of the cells
_LONGEST_PART = 200  # characters of a line that is a question of its own, not part of a letter


def parting_sign(cells: Iterable[str], signs: Iterable[str], share: float) -> str:
    """Return the first sign that parts that share of the cells into several texts, "" for none.

    Where the same part (a greeting) stands in many cells, they are letters and no lists.
    """
    filled = [cell for cell in cells if cell.strip()]
    for sign in signs if filled else ():
        parted = [parts for cell in filled if len(parts := parts_of(cell, sign)) > 1]
        if len(parted) < max(1, share * len(filled)):
            continue
        often = Counter(part for parts in parted for part in set(parts)).most_common(1)[0][1]
        if often <= max(2, _SAME_PART * len(parted)):
            return sign
    return ""


def parts_of(cell: str, sign: str) -> list[str]:
    """Return the texts of a cell that a sign parts, without the marks of a list before them."""
    parts = [part.strip() for part in cell.split(sign)] if sign in cell else [cell.strip()]
    if sign == "\n":
        parts = [_BULLET.sub("", part, count=1) if _BULLET.match(part) else part for part in parts]
        if max(map(len, parts)) > _LONGEST_PART or any(part.endswith(",") for part in parts):
            return [cell]
    return [part for part in parts if part]
