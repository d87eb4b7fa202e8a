"""Marks before what asks and what answers, in many languages: ``Q1.``, ``Antwort:``."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from core.data.columns.column_names import TEXT_ROLES, name_list, role_of
from core.data.reading.exchanges import HELPERS, USERS
from core.data.table import Table
from core.messages import N_, Message

_LONGEST_MARK = 60  # signs
# Words before a text that asks or answers, in many languages; none is said of the other side.
_QUESTION_WORDS = frozenset(
    name_list(
        "question frage kundenfrage pregunta domanda pergunta vraag pytanie soru вопрос питання",
        "запитання въпрос fråga spørgsmål spørsmål kysymys otázka întrebare kérdés ερώτηση",
        "質問 ご質問 問 問い 問い合わせ お問い合わせ お問合せ 问题 問題 提问 问 질문 문의 문",
        "سؤال السؤال س שאלה प्रश्न सवाल คำถาม ถาม hỏi pertanyaan tanya",
    )
)
_ANSWER_WORDS = frozenset(
    name_list(
        "answer antwort réponse reponse respuesta risposta resposta antwoord odpowiedź odpowiedz",
        "cevap yanıt ответ відповідь отговор svar vastaus odpověď răspuns válasz απάντηση",
        "回答 ご回答 答 答え お答え 返答 解答 答案 答复 答覆 답변 대답 답",
        "جواب الجواب إجابة الإجابة ج תשובה उत्तर जवाब คำตอบ ตอบ đáp jawaban jawab",
    )
)
# Words and letters that tell only together: S: asks in Turkish and answers in Swedish.
_TOGETHER = tuple(
    (frozenset(name_list(asking)), frozenset(name_list(answering)))
    for asking, answering in (
        *(("", ""), ("q", "a"), ("f", "a"), ("q", "r"), ("p", "r"), ("d", "r"), ("v", "a")),
        *(("p", "o"), ("s", "c"), ("s", "y"), ("в", "о"), ("f", "s"), ("k", "v"), ("t", "j")),
        ("problem problema problème issue", "solution lösung solución soluzione solução"),
    )
)
_LABEL = re.compile(r"[\s*_-]*([^\W\d_][\w ]{1,30}?)[*_]*[:：]\s*[*_]*\s*\S")
_WAYS = [(_QUESTION_WORDS | asking, _ANSWER_WORDS | answering) for asking, answering in _TOGETHER]
_PLAIN = _QUESTION_WORDS | _ANSWER_WORDS | {"q", "a"}  # what is said nowhere else
_SPEAKERS = (USERS - _QUESTION_WORDS, HELPERS - _ANSWER_WORDS)
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def _mark_pattern(sign: str) -> re.Pattern[str]:
    words = _QUESTION_WORDS.union(_ANSWER_WORDS, *_SPEAKERS, *itertools.chain(*_TOGETHER))
    known = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    before = r"(?:(?:[-*+•·>]|#{1,6})\s+)?[*_]{0,3}[\[(【「『〔《<]?\s*+"
    return re.compile(rf"{before}(?P<word>{known}){sign}", re.IGNORECASE)


_NUMBER = r"(?P<number>\s*+(?:no\.|nr\.|№|#)?\s*+\d{1,3}(?:[.-]\d{1,3})*+)"
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
# Q: Q1. **Q**: [Q] Q - and a whole line that says Question; a) is an item of a list
SIGNED = _mark_pattern(
    rf"{_NUMBER}?\s*+[*_]{{0,3}}\s*+"
    r"(?:[\]】」』〕》>]\s*+[*_]{0,3}[.:、。]?|\.\d{1,3}[.:)]?(?=\s)"
    r"|(?:[.:、。]|(?-i:(?<![a-z]))\))(?!\w\.)|(?<=\s)[-–—]+(?=[\s*_])|\Z)[*_]{0,3}\s*+"
)
# Q1 How …, and in scripts without blanks Q 返品
UNSIGNED = _mark_pattern(rf"(?:{_NUMBER}[*_]{{0,3}}(?:\s++|(?=[{_CJK}]))|\s*+(?=[{_CJK}]))(?=\S)")


@dataclass(frozen=True)
class Marks:
    """How a document marks what asks and what answers.

    Attributes
    ----------
    pattern : pattern
        A mark at the start of a text.
    asking, answering : frozenset of str
        The words and letters in marks.
    """

    pattern: re.Pattern[str]
    asking: frozenset[str]
    answering: frozenset[str]

    @property
    def are_speakers(self) -> bool:
        """Whether customers and agents are marked."""
        return bool(self.asking & _SPEAKERS[0])

    def parted(self, text: str) -> tuple[str, str]:
        """Return ``question``, ``answer`` or "", and the text without its mark."""
        found = self.pattern.match(text.translate(WIDE))
        word = found["word"].casefold() if found else ""
        side = "question" if word in self.asking else "answer" if word in self.answering else ""
        return (side, text[found.end() :].strip()) if found and side else ("", text)


def marks_in(texts: Iterable[str], *, speakers: bool = True) -> Marks | None:
    """Return the marks of a document that has two or more of each side, else None.

    Parameters
    ----------
    speakers : bool
        Whether ``Customer:`` and ``Agent:`` count.
    """
    folded = [text.translate(WIDE) for text in texts if text.strip()]
    for pattern in (SIGNED, UNSIGNED):
        count = Counter(m["word"].casefold() for text in folded if (m := pattern.match(text)))
        ways = [*_WAYS, _SPEAKERS] if speakers and pattern is SIGNED else _WAYS
        both = [min(sum(count[word] for word in side) for side in way) for way in ways]
        if (most := max(both)) >= 2:
            return Marks(pattern, *ways[both.index(most)])
    return None


def other_labels(lines: Iterable[str], questions: int) -> list[str]:
    """Return what begins a line below at least every second question: ``Internal note: …``."""
    count = Counter(label for line in lines if (label := _label(line)))
    return [label for label, often in count.items() if often >= max(2, questions / 2)]


def _label(line: str) -> str:
    label = _LABEL.match(line)
    return label[1].strip() if label else ""


def begin_paragraphs(text: str) -> str:
    """Put a blank line before every marked line of a text, but not between two questions."""
    lines = text.splitlines()
    marks = marks_in(line.lstrip() for line in lines)
    if marks is None:
        return text
    sides = [marks.parted(line.lstrip())[0] for line in lines]
    rest = (line for line, side in zip(lines, sides, strict=True) if not side)
    labels = other_labels(rest, sides.count("question"))
    parted: list[str] = []
    before = ""
    for line, side in zip(lines, sides, strict=True):
        if side == before == "question" and not marks.are_speakers and parted[-1]:
            parted[-1] = f"{parted[-1].rstrip()}  "  # of one answer; a line break that stays
        elif side or _label(line) in labels:
            parted.append("")
        parted.append(line)
        before = side if line.strip() else ""
    return "\n".join(parted)


def asked_by_mark(text: str, pattern: re.Pattern[str]) -> str:
    """Return a question without its mark, "" where it has none that tells by itself."""
    mark = pattern.match(text.translate(WIDE))
    if mark is None or mark["word"].casefold() not in _QUESTION_WORDS | {"q", "f"}:
        return ""
    if mark["number"] is None and (len(mark["word"]) == 1 and mark["word"] not in "qQ"):
        return ""
    return text[mark.end() :].strip()


def answer_without_mark(text: str) -> str:
    """Return an answer without its mark, "" where it has none that tells by itself."""
    mark = SIGNED.match(text.translate(WIDE))
    told = mark is not None and mark["word"].casefold() in _ANSWER_WORDS | {"a"}
    return text[mark.end() :].strip() if mark and told else ""


def is_label(text: str) -> bool:
    """Tell whether a text is nothing but a mark: ``Q1``."""
    mark = SIGNED.match(text.translate(WIDE))
    return mark is not None and mark.end() == len(text)


def without_cell_marks(table: Table) -> Table:
    """Return a table without the marks that begin every question and answer: ``Q1. …``."""
    words: dict[str, str] = {}
    texts: dict[str, list[str]] = {}
    for column in table.columns:
        found = _same_mark(table.frame[column].tolist())
        if found and (found[0] in _PLAIN or role_of(column) in TEXT_ROLES):
            words[column], texts[column] = found
    for asking, answering in _WAYS:
        asked = [column for column in words if words[column] in asking]
        told = [column for column in words if words[column] in answering]
        if asked and told:
            marked = [*asked, *told]
            break
    else:  # one question may begin so by chance
        marked = [c for c in words if words[c] in _QUESTION_WORDS | {"q"} and len(texts[c]) > 1]
    if not marked:
        return table
    text = N_("Marks such as “{mark}” before the texts in {columns} were left out.")
    mark = next(cell for cell in table.frame[marked[0]].tolist() if cell)
    bare = next(cell for cell in texts[marked[0]] if cell)
    values: dict[str, str | int | float] = {
        "mark": mark.removesuffix(bare).strip()[:20],
        "columns": ", ".join(marked),
    }
    return replace(
        table,
        frame=table.frame.assign(**{c: pd.array(texts[c], dtype="str") for c in marked}),
        warnings=(*table.warnings, Message(text, values)),
    )


def _same_mark(cells: Sequence[str]) -> tuple[str, list[str]] | None:
    """Return the word of the mark before every text, and the texts without it."""
    word = ""
    bare = []
    for cell in cells:
        mark = SIGNED.match(cell[:_LONGEST_MARK].translate(WIDE)) if cell else None
        if cell and (mark is None or mark.end() == len(cell)):
            return None
        found = mark["word"].casefold() if mark else word
        if word and found != word:
            return None
        word = found
        bare.append(cell[mark.end() :] if mark else "")
    return (word, bare) if word else None
