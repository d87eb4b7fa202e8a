"""What one row of a grid is: names, talk, a sum, a note, a heading, a comment, one like others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.columns.column_names import ROLES, name_list, plain_name, words_of

LONGEST_NAME = 60
QUESTION_MARKS = ("?", "？", "؟")
_COMMENTS = ("#", "//", "%", "--", ";")
_SUMS = frozenset(
    [
        *("total", "totals", "subtotal", "grandtotal", "sum", "average", "mean", "count"),
        *("summe", "gesamt", "gesamtsumme", "insgesamt", "zwischensumme", "anzahl", "mittelwert"),
        *("durchschnitt", "somme", "moyenne", "totale", "totaal", "suma", "razem", "toplam"),
        *("итого", "всего", "合計", "総計", "小計", "計", "平均", "件数", "总计", "合计", "小计"),
        *("평균", "합계"),
    ]
)
# What is counted below a table, and the words between: "24 questions in all", "24 rows affected".
_COUNTED = frozenset(
    [
        *ROLES["question"],
        *ROLES["answer"],
        *name_list(
            "rows row entries entry records items pairs faq faqs terms searches number of in all",
            "no the affected returned selected found queries zeilen einträge eintrag datensätze",
            "paare zahl der die nr lignes entrées nombre de des le filas entradas registros número",
            "en righe voci numero di linhas número rijen aantal van wiersze wierszy liczba pytań",
            "rader antal satır kayıt adet записей вопросов строк количество 件 問 行 項目 全 条 项",
            "个 题 共 개 건 항목",
        ),
    ]
)
_COUNTED_THINGS = re.compile(r"\(?\s*\d[\d.,]*\s*\)?\s*[^\W\d]|\D+[:：]\s*\d")
# What stands alone below a table and is no question: notes, sources, pages, rights, ends.
_NOTE = re.compile(
    r"[*†‡※©¹²³]|\(c\)\s|[-=_~–—]{2,}|<.*>$"
    r"|(?:notes?|nb|n\.b|notas?|hinweise?|anmerkung(?:en)?|bemerkung(?:en)?|remarques?|opmerking(?:en)?"
    r"|uwagi?|not|примечани[ея]|注|注記|注意|備考|备注|비고|참고|ملاحظة|obs|anm"
    r"|sources?|quellen?|fuentes?|fontes?|fonti|bron|źródło|kaynak|источник|出典|出所|来源|來源|출처"
    r"|المصدر|källa|kilde|stand|datenstand|as of|last (?:updated?|modified|changed)|updated|version"
    r"|(?:zuletzt )?(?:aktualisiert|geändert)|mise à jour|(?:última )?actualización|actualizado"
    r"|aggiornat[oa]|最終更新日?|更新日|作成日|作成者|更新时间|export(?:ed)?|author|autor|filters?)\s*[:：]"
    r"|(?:page|seite|página|pagina|strona|sayfa|страница|стр|sida|side|صفحة|페이지|s|p)\.?\s*\d+"
    r"(?:\s*(?:of|von|de|sur|di|van|z|из|av|af|من|/)\s*\d+)?$|\d+\s*/\s*\d+(?:\s*ページ)?$"
    r"|第?\s*\d+\s*(?:頁|页|ページ|페이지)(?:\s*[,/]?\s*[全共]\s*\d+\s*(?:頁|页|ページ))?$"
    r"|(?:the )?end(?: of (?:the )?(?:list|file|report|table|document|faqs?|data|export))?\.?$"
    r"|ende (?:der|des|vom) \w+$|fin (?:de|du) .{2,25}$|fine (?:del|della|dell') ?\w+$"
    r"|einde .{2,20}$"
    r"|koniec \w+$|конец \w+$|以上$|끝$|完$|(?:applied|active) filters?\b"
    r"|(?:generated|exported|printed|created|downloaded) (?:on|by|at|from|with)\b"
    r"|(?:erstellt|exportiert|gedruckt|generiert) (?:am|von|mit|aus)\b"
    r"|(?:prepared|written|compiled|maintained|reviewed|approved|updated|edited|owned)"
    r" by\s"
    r"|(?:verfasst|geprüft|freigegeben|zusammengestellt|gepflegt|bearbeitet)"
    r" (?:von|am)\b"
    r"|(?:préparé|rédigé|vérifié|approuvé|validé|établi|mis à jour) (?:le|par)\b"
    r"|(?:preparado|elaborado|revisado|aprobado|aprovado|redactado|atualizado) (?:el|por|em)\b"
    r"|(?:preparato|redatto|approvato|verificato|curato) (?:il|da)\b"
    r"|(?:opgesteld|gemaakt|goedgekeurd|bijgewerkt) (?:door|op)\b|(?:przygotował|opracował)a?\b"
    r"|(?:подготовил|составил|утвердил)а?\s|(?:hazırlayan|onaylayan)\b"
    r"|(?:作成者?|編集者?|承認者?|監修|担当者?|编制|审核|编写|작성자?|검토자?)\s+\S"
    r"|(?:document )?(?:version|versión|versione|versão|versie|wersja|версия|fassung|revision"
    r"|rev\.?|sürüm|バージョン|版本|버전|第)\s*v?\d[\d.]*版?(?:\s*\(?(?:draft|final|entwurf)\)?)?$"
    r"|v\d+(?:\.\d+)*$"
    r"|(?:généré|exporté|imprimé|créé) (?:le|par)\b"
    r"|(?:generado|exportado|creado|gerado) (?:el|por|em)\b"
    r"|(?:generato|esportato|creato) (?:il|da)\b"
    r"|(?:strictly |company )?(?:confidential|vertraulich|confidentiel|confidencial|riservato"
    r"|vertrouwelijk|poufne|gizli|конфиденциально|社外秘|機密|内部资料|대외비)\b"
    r"|(?:for )?internal use only|nur für den internen gebrauch|copyright\b"
    r"|all rights reserved|alle rechte vorbehalten|tous droits réservés",
    re.IGNORECASE,
)
_ENDING = 300  # signs at the end of a text that tell whether it is a sentence
# How sentences end, in languages that need no sign for it by their verb. Requests (ください, 세요)
# are not among them: forms ask so, and what they ask is the name of a column.
_SENTENCE = re.compile(
    r"(?=.{8}).*[.。!！?？؟…]$|(?=.{5}).*(?:です|ます|ません|ました|ですか|ますか|でしょうか"
    r"|니다|니까|[어아여해돼워와져려나까가네군데은는예에]요|[吗嗎呢]|怎么办|怎麼辦)$",
    re.DOTALL,
)
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")
_MOSTLY, _ASKING = 0.9, 0.8  # shares of numbers and of questions in a column of theirs
_FIRST_COLUMNS = 50  # that tell what the rows of a wide table are like
_FILLED = 0.75  # share of the columns that a row of the table fills
_LONGEST_NOTE = 200  # signs
MARKED_HEADING = re.compile(
    r"[#=]{1,6}\s|[■□●◆◇▼▶►◎]|【.*】$|[A-Z][.)]\s|[IVX]{1,5}[.)]\s"
    r"|(?:section|chapter|part|topic|category|abschnitt|kapitel|teil|thema|kategorie|partie|chapitre"
    r"|rubrique|sección|capítulo|categoría|sezione|capitolo|rozdział|раздел|bölüm)\b"
    r"|第\s*\d+\s*[章節节部]|.*[:：]$",
    re.IGNORECASE,
)
_LONGEST_HEADING = 40
NUMBER = re.compile(r"[-+−]?[\d.,\s%€$£¥]*\d[\d.,\s%€$£¥]*")


def texts_of(row: Sequence[str]) -> list[str]:
    """Return the filled cells of a row without outer spaces."""
    return [cell.strip() for cell in row if cell.strip()]


def is_comment(row: Sequence[str]) -> bool:
    """Tell whether a row begins with a sign of comments and says something behind it."""
    first = row[0].strip() if row else ""
    return first.startswith(_COMMENTS) and first not in _COMMENTS


def is_talk(row: Sequence[str]) -> bool:
    """Tell whether a row holds a question or a long text: no row of names does."""
    return any(len(cell) > LONGEST_NAME or cell.rstrip().endswith(QUESTION_MARKS) for cell in row)


def sums_up(row: Sequence[str]) -> bool:
    """Tell whether a row is a sum: ``Total | 24``, ``Total: 24 questions``, ``合計 | 24件``."""
    texts = texts_of(row)
    if not texts or is_talk(texts):
        return False
    label, *values = texts
    if plain_name(label) in _SUMS and values and all(map(is_number, values)):
        return True
    whole = " ".join(texts)
    words = {plain_name(word) for word in words_of(NUMBER.sub(" ", whole))}
    if not (NUMBER.search(whole) and words) or words - _SUMS - _COUNTED:
        return False
    counted = len(texts) == 1 and bool(_COUNTED_THINGS.match(label))  # 24 questions
    return counted or bool(words & _SUMS)


def is_note(row: Sequence[str], wide: bool) -> bool:
    """Tell whether a row says something below a table in one cell."""
    texts = texts_of(row)
    if len(texts) != 1 or texts[0].endswith(QUESTION_MARKS) or len(texts[0]) > _LONGEST_NOTE:
        return False
    return wide or bool(_NOTE.match(texts[0]))


def may_head(row: Sequence[str], wide: bool) -> bool:
    """Tell whether a row with one text may head those below; ``wide``: over several columns."""
    (text,) = texts_of(row) or [""]
    longest = LONGEST_NAME if wide else _LONGEST_HEADING
    return 1 < len(text) <= longest and not text.endswith(QUESTION_MARKS)


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, also with a currency or percent."""
    return bool(NUMBER.fullmatch(cell.strip()))


@dataclass(frozen=True)
class ColumnKind:
    """What the cells of a column are.

    Attributes
    ----------
    place : int
    length : float
        Signs of a cell on average.
    coded, asking, saying : float
        Shares of numbers and dates, of questions, of sentences (questions among them).
    """

    place: int
    length: float
    coded: float
    asking: float
    saying: float

    @property
    def spoken(self) -> bool:
        """Whether questions or sentences stand here."""
        return max(self.asking, self.saying) >= _ASKING

    def may_hold(self, text: str) -> bool:
        """Tell whether a text is of the same kind, and neither far shorter nor far longer."""
        if is_coded(text):
            return self.coded >= _MOSTLY or not self.spoken
        if self.coded >= _MOSTLY or (self.saying >= _ASKING and not says_something(text)):
            return False
        # “What is the right answer?” stands above answers
        rare = self.asking <= 1 - _ASKING if asks(text) else self.asking >= _ASKING
        return not rare and as_long(text, self.length)


def column_kinds(rows: Sequence[Sequence[str]]) -> list[ColumnKind]:
    """Return the kinds of the columns that most rows fill, of the first ones in a wide table."""
    kinds = []
    for i in range(min(max(map(len, rows), default=0), _FIRST_COLUMNS)):
        cells = [row[i].strip() for row in rows if i < len(row) and row[i].strip()]
        if 2 * len(cells) > len(rows):
            shares = [
                sum(map(kind, cells)) / len(cells) for kind in (is_coded, asks, says_something)
            ]
            kinds.append(ColumnKind(i, sum(map(len, cells)) / len(cells), *shares))
    return kinds


def looks_like(row: Sequence[str], kinds: Sequence[ColumnKind]) -> bool:
    """Tell whether the cells of a row are as long and of the same kind as those of its columns.

    Where no column holds sentences or questions, nothing tells a row from the head of a report.
    """
    filled = [kind for kind in kinds if kind.place < len(row) and row[kind.place].strip()]
    return (
        len(filled) > 1
        and len(filled) >= _FILLED * len(kinds)
        and any(kind.spoken for kind in filled)
        and all(kind.may_hold(row[kind.place].strip()) for kind in filled)
    )


def as_long(text: str, usual: float) -> bool:
    """Tell whether a text is neither far shorter nor far longer than is usual."""
    return usual / 3 <= len(text) <= 3 * usual


def is_coded(text: str) -> bool:
    """Tell numbers, dates and single letters from words."""
    return not _LETTERS.search(text)


def asks(text: str) -> bool:
    """Tell whether a text ends with a question mark."""
    return text.rstrip().endswith(QUESTION_MARKS)


def says_something(text: str) -> bool:
    """Tell whether a text is a sentence or a question: no name ends so."""
    return bool(_SENTENCE.search(text.strip()[-_ENDING:]))
