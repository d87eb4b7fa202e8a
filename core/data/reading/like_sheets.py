"""Sheets of a workbook that are one table: one for each topic, product or month.

Drafts, archives, translations and other versions of the same questions are no part of it: wrong
or old answers would be learned as right ones. In doubt a sheet is left out, and that is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from core.data.checks import sure_language
from core.data.columns.column_names import (
    NOT_TO_SHOW,
    TEXT_ROLES,
    name_list,
    plain_name,
    role_of,
    whole_name_role,
    words_of,
)
from core.data.logs.log_names import COUNT_NAMES, QUESTION_NAMES

CATEGORY = "Category"
_ASKED, _COUNTED = frozenset(QUESTION_NAMES), frozenset(COUNT_NAMES)  # columns of search logs
_LEAST_TEXT = 12  # letters on average of questions and answers; words and numbers have fewer
_OTHER_VERSION = 0.2  # share of the questions that another sheet asks, too
_SCALES = (1, 5, 10, 100)  # ends of ratings
_SHOWN_TEXTS = 400  # of a sheet, to tell its language

# Sheets with answers that were taken back, are not finished, or are no answers.
_SPARE = NOT_TO_SHOW | frozenset(
    name_list(
        "drafts template templates archive archives archived deleted removed trash rejected",
        "retired obsolete unpublished wip todo review use wrong bad incorrect negatives negative",
        "hard helpful pending superseded expired inactive withdrawn discontinued invalid",
        "duplicates",
        "entwürfe vorlage vorlagen muster archiv archiviert archivierte archivierter gelöscht",
        "gelöschte papierkorb abgelehnt abgelehnte veraltete falsch falsche unveröffentlicht alt",
        "offen offene zurückgezogen inaktiv ungültig obsolète obsolètes brouillons archivé",
        "archivés archivées supprimé supprimés rejeté rejetés modèle modèles borradores plantilla",
        "plantillas archivo archivado archivados eliminado eliminados rechazado rechazados",
        "obsoleto obsoletos bozze archivio archiviati eliminati rascunhos arquivo arquivados",
    )
)
# Only beside "FAQ" or the name of another sheet: alone they may be a topic.
_SPARE_BESIDE = frozenset(
    name_list(
        "backup copy copies example examples sample samples test kopie sicherung beispiel",
        "beispiele copie exemple exemples copia ejemplo ejemplos esempio esempi cópia exemplo",
        "exemplos",
    )
)
_SPARE_INSIDE = re.compile(
    "テンプレ|下書き|草稿|廃止|削除|ボツ|没案|アーカイブ|非公開|記入例|废弃|删除|模板"
    "|작성중|초안|삭제|폐기"
)
_SPARE_WHOLE = re.compile(
    "旧.*|例|見本|サンプル|コピー|控え|バックアップ|备份|副本|示例|样例|복사본|백업|예시"
)
_NEUTRAL = frozenset(
    name_list(
        "faq faqs q a qa answer answers question questions entry entries item items list the and",
        "of for do to be not antwort antworten frage fragen einträge punkte liste der die das und",
        "réponses questions respuestas preguntas risposte domande respostas perguntas points",
        "puntos",
    )
)
_COPY = re.compile(r"(.+?)\s*\(\d+\)")
_VERSION = re.compile(r"\bv(?:er(?:sion)?)?[.\s_]*(\d+(?:\.\d+)*)\b", re.IGNORECASE)
_NO_TOPIC = re.compile(
    r"(?:sheet|tabelle|feuille?|hoja|foglio|planilha|blad|лист|arkusz|sayfa|シート|工作表|시트)?"
    r"[\s_-]*\d*|train(?:ing)?|validation|valid|val|dev|test",
    re.IGNORECASE,
)
_LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hi", "hr", "hu"),
    *("id", "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr"),
    *("sv", "th", "tr", "uk", "vi", "zh"),
)
_ASIAN_LANGUAGES = re.compile(
    "日本語|日文|英語|英文|英语|中文|中国語|韓国語|한국어|영어|일본어|중국어"
)
_KANA, _HAN = re.compile("[\u3041-\u30ff]"), re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, eq=False)
class SheetTexts:
    """What is looked at of a sheet.

    Attributes
    ----------
    title : str
    names : tuple of str
        Of its columns; "" where a filled column has none.
    records : sequence of mapping of column to str
    named : bool
        Whether the names stand in a row of the sheet.
    """

    title: str
    names: tuple[str, ...]
    records: Sequence[Mapping[str, str]]
    named: bool = True

    def exact(self, role: str) -> list[str]:
        """Return the columns whose whole name is known for a role."""
        return [name for name in self.names if whole_name_role(name) == role]

    def texts(self, role: str) -> list[str]:
        """Return the filled cells of these columns."""
        columns = self.exact(role)
        return [row[c] for row in self.records for c in columns if row.get(c)]


def first_sheet(sheets: Sequence[SheetTexts]) -> int:
    """Return the sheet to read: the first with rows, a cover or an overview aside.

    That is one whose cells are short but for one column, where a later sheet names questions and
    answers.
    """
    filled = [i for i, sheet in enumerate(sheets) if sheet.records] or [0]
    first = sheets[filled[0]]
    if first.exact("question") or first.exact("answer") or _columns_of_texts(first) > 1:
        return filled[0]
    for i in filled:
        if _is_labelled(sheets[i]) or all(_reads_as_texts(sheets[i], r) for r in TEXT_ROLES):
            return i
    return filled[0]


def _is_labelled(sheet: SheetTexts) -> bool:
    """Return True where rows begin with Question and Answer."""
    begin = sheet.names[0] if sheet.names else ""
    labels = {begin, *(row[begin] for row in sheet.records if row.get(begin))}
    return all(any(whole_name_role(label) == role for label in labels) for role in TEXT_ROLES)


def _columns_of_texts(sheet: SheetTexts) -> int:
    means = []
    for name in sheet.names:
        cells = [row[name] for row in sheet.records if row.get(name)]
        means.append(sum(map(_length, cells)) / max(len(cells), 1))
    return sum(mean >= _LEAST_TEXT for mean in means)


def _length(text: str) -> int:
    """Return the letters of a text; a sign of Japanese says about as much as three letters."""
    return len(text) + 2 * len(_HAN.findall(text)) + len(_KANA.findall(text))


def _reads_as_texts(sheet: SheetTexts, role: str) -> bool:
    texts = sheet.texts(role)
    return bool(texts) and sum(map(_length, texts)) >= _LEAST_TEXT * len(texts)


def sheets_together(sheets: Sequence[SheetTexts], first: int) -> list[int]:
    """Return the sheets that are one table with the first, in their order.

    A template or an archive in the first place gives way to a sheet with the same columns.
    """
    begin, filled = sheets[first], [i for i, sheet in enumerate(sheets) if sheet.records]
    alike = [i for i in filled if i == first or _same_columns(begin, sheets[i])]
    titles = [sheet.title for sheet in sheets]
    current = [i for i in alike if not is_spare(titles[i], titles)]
    if not current:
        return [first]
    base = sheets[current[0]]
    kept = [current[0]]
    asked = _questions(base)
    searches = not base.exact("answer")
    for i in current[1:]:
        own = _questions(sheets[i])
        shared = len(own & asked) > _OTHER_VERSION * min(len(own), len(asked))
        if not own or (shared and not searches) or _language_differs(base, sheets[i]):
            continue
        if not _same_scale(base, sheets[i]):
            continue
        kept.append(i)
        asked |= own
    if _are_translations([sheets[i] for i in kept]):
        return kept[:1]
    return _without_older_versions(kept, titles)


def _questions(sheet: SheetTexts) -> set[str]:
    columns = sheet.exact("question") or [n for n in sheet.names if plain_name(n) in _ASKED]
    return {row[c].casefold().strip() for row in sheet.records for c in columns if row.get(c)}


def _same_columns(one: SheetTexts, other: SheetTexts) -> bool:
    """Return True where two sheets name the same columns of texts and of ratings."""
    plain = [[plain_name(name) for name in sheet.names] for sheet in (one, other)]
    for names, sheet in zip(plain, (one, other), strict=True):
        if not sheet.named or "" in names or len(set(names)) < len(names):
            return False
    if not one.exact("answer"):
        # a log of searches
        asks = bool(one.exact("question")) or any(plain_name(n) in _ASKED for n in one.names)
        return set(plain[0]) == set(plain[1]) and asks and bool(_COUNTED & set(plain[0]))
    if not one.exact("question") or any(_are_numbers(other.texts(role)) for role in TEXT_ROLES):
        return False
    for role in (*TEXT_ROLES, "rating"):
        left, right = one.exact(role), other.exact(role)
        named_alike = sorted(map(plain_name, left)) == sorted(map(plain_name, right))
        if not named_alike and not (len(left) == len(right) == 1 and role != "rating"):
            return False
    ratings = [{plain_name(n) for n in s.names if role_of(n) == "rating"} for s in (one, other)]
    return ratings[0] == ratings[1]


def _are_numbers(texts: Sequence[str]) -> bool:
    """Return True for the counts of an overview."""
    return 2 * sum(text.strip(" %").replace(".", "").isdigit() for text in texts) >= len(texts)


def shared_names(first: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the columns of a sheet as the first one calls them; texts may be spelt otherwise."""
    known = {plain_name(name): name for name in first}
    found = []
    for name in names:
        alike = known.get(plain_name(name))
        for role in TEXT_ROLES:
            if alike is None and whole_name_role(name) == role:
                alike = next((n for n in first if whole_name_role(n) == role), None)
        found.append(alike or name)
    return found


def is_spare(title: str, titles: Collection[str]) -> bool:
    """Return True for sheets of drafts, templates, copies and of what was taken back."""
    text = title.strip()
    copied = _COPY.fullmatch(text)
    if copied:
        if copied[1] in {other.strip() for other in titles}:
            return True
        text = copied[1]
    if _SPARE_INSIDE.search(text) or _SPARE_WHOLE.fullmatch(text):
        return True
    known = _SPARE | _SPARE_BESIDE
    elsewhere = {w for other in titles if other != title for w in words_of(other)} - known
    said = [word for word in words_of(text) if not word.isdigit()]
    rest = {word for word in said if word not in _NEUTRAL and word not in elsewhere}
    beside = len(rest) < len(set(said))
    return bool(rest) and rest <= (known if beside else _SPARE)


def _language_differs(one: SheetTexts, other: SheetTexts) -> bool:
    left, right = _language(one), _language(other)
    return left is not None and right is not None and left != right


def _language(sheet: SheetTexts) -> str | None:
    """Return a language or script that is sure, None where it is not."""
    return sure_language([text for role in TEXT_ROLES for text in sheet.texts(role)[:_SHOWN_TEXTS]])


def _are_translations(sheets: Sequence[SheetTexts]) -> bool:
    """Return True where every title names a language."""
    if len(sheets) < 2:
        return False
    names = [_language_words(sheet.title) for sheet in sheets]
    if not all(names):
        return False
    codes = all(len(word) == 2 for words in names for word in words)
    # HR and IT are departments, too: one language in both, and they are no translations.
    found = {_language(sheet) for sheet in sheets}
    return not (codes and len(found) == 1 and None not in found)


def _language_words(title: str) -> set[str]:
    return {*words_of(title)} & _language_names() | {*_ASIAN_LANGUAGES.findall(title)}


@cache
def _language_names() -> frozenset[str]:
    from babel import Locale

    found: set[str] = set()
    for code in _LANGUAGES:
        locale = Locale.parse(code)
        found |= {code, str(locale.get_language_name("en")), str(locale.get_language_name())}
    return frozenset(name.casefold() for name in found)


def _same_scale(one: SheetTexts, other: SheetTexts) -> bool:
    """Return True where ratings of both sheets end alike, or there are none."""
    ends = []
    for sheet in (one, other):
        column = next((n for n in sheet.names if role_of(n) == "rating"), None)
        if column is None:
            return True
        cells = {row[column].casefold() for row in sheet.records if row.get(column)}
        try:
            most = max(map(float, cells), default=0.0)
        except ValueError:
            ends.append(cells)
        else:
            ends.append({str(next((end for end in _SCALES if most <= end), most))})
    return bool(ends[0] & ends[1])


def _without_older_versions(kept: list[int], titles: Sequence[str]) -> list[int]:
    """Leave out v1 where there is v2."""
    newest: dict[str, tuple[tuple[int, ...], int]] = {}
    for i in kept:
        found = _VERSION.search(titles[i])
        number = tuple(map(int, found[1].split("."))) if found else (-i,)
        name = _VERSION.sub("", titles[i]).casefold().strip() if found else f"\x00{i}"
        newest[name] = max(newest.get(name, (number, i)), (number, i))
    return sorted(i for _, i in newest.values())


def topics_of(sheets: Sequence[SheetTexts]) -> list[str] | None:
    """Return the topic that each title names, None where they name none or there are no answers."""
    titles = [sheet.title.strip() for sheet in sheets]
    if not sheets[0].exact("answer") or all(map(_NO_TOPIC.fullmatch, titles)):
        return None
    return titles
