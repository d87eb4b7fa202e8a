"""Which row names the columns, and which column is what: by name, else by content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from core.data.table import Table
from core.messages import N_, Message

SAMPLE_ROWS = 2000  # enough to tell texts from codes
TITLE_ROWS = 20  # how far down the column names are looked for, below titles and notes


@dataclass(frozen=True)
class ColumnMapping:
    """Column names of a table for each role; None = the file has no such column."""

    question: str | None = None
    answer: str | None = None
    category: str | None = None
    language: str | None = None
    rating: str | None = None
    source: str | None = None
    question_id: str | None = None
    answer_id: str | None = None


# Per role the names in order of preference, as plain_name() leaves them. A name counts when it is
# equal, when one of its words is (ASCII), or when it contains the word (Japanese).
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "question_id": (
            *("questionid", "queryid", "qid", "ticketid", "ticket", "caseid", "rowid", "id"),
            *("質問id", "質問番号", "問い合わせid", "問い合わせ番号", "番号", "no"),
        ),
        "answer_id": (
            *("answerid", "docid", "documentid", "passageid", "corpusid", "aid", "faqid"),
            *("回答id", "回答番号", "文書id"),
        ),
        "question": (
            *("question", "questions", "query", "queries", "anchor", "customerquestion", "q"),
            *("utterance", "inquiry", "enquiry", "request", "prompt", "wording", "userinput"),
            *(
                "質問",
                "問い合わせ",
                "問合せ",
                "問合わせ",
                "お問合せ",
                "設問",
                "クエリ",
                "検索語",
                "発話",
            ),
            *("question1", "sentence1", "input", "ask"),
        ),
        "answer": (
            *("answer", "answers", "positive", "passage", "response", "responses", "reply"),
            *("a", "solution", "document", "rightanswer", "correctanswer", "goldanswer"),
            *("回答", "答え", "解答", "返答", "返信", "応答", "正解", "回答文", "対応内容"),
            *("answer1", "sentence2", "output", "completion", "context"),
        ),
        "category": (
            *("category", "categories", "topic", "subject", "label", "intent", "section", "tag"),
            *(
                "tags",
                "class",
                "カテゴリ",
                "カテゴリー",
                "分類",
                "ジャンル",
                "トピック",
                "種別",
                "区分",
            ),
        ),
        "rating": (
            *("rating", "ratings", "score", "grade", "stars", "relevance", "similarity"),
            *("評価", "スコア", "点数", "評点", "関連度", "得点"),
        ),
        "language": ("language", "lang", "locale", "言語"),
        "source": (
            *("source", "channel", "origin", "medium"),
            *("受付経路", "経路", "チャネル", "チャンネル", "媒体", "出典", "情報源"),
        ),
    }
)
ATTRIBUTES = ("category", "language", "source")  # roles that tell questions apart
_NEGATIVE = re.compile("negative|wrong|incorrect|irrelevant|不正解|誤答|負例")
_NEGATIVE_WORDS = frozenset({"neg", "negs", "bad"})
_CODE_WORDS = frozenset(
    {"id", "no", "number", "nr", "count", "date", "time", "url", "by", "length"}
)
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")
_CODE_PARTS = ("番号", "日時", "日付", "件数", "担当", "文字数")
_TEXT_ENDINGS = ("text", "value", "content", "body")
_TEXT_ROLES = ("question", "answer")


def plain_name(name: str) -> str:
    """Return a column name without case, width, spaces and signs."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name))
    return [word for word in re.split(r"[\W_]+", spaced.casefold()) if word]


def is_negative(name: str) -> bool:
    """Return True for columns of wrong answers: ``negative``, ``hard_negative_2``, ``neg``."""
    return bool(_NEGATIVE.search(plain_name(name))) or bool(_NEGATIVE_WORDS & set(_words(name)))


def _fit(name: str, role: str) -> tuple[int, int] | None:
    """Return how well a name fits a role, smaller is better, None where it does not."""
    plain, words = plain_name(name), _words(name)
    coded = bool(_CODE_WORDS & set(words)) or any(part in plain for part in _CODE_PARTS)
    known = ROLES[role]
    forms = [plain]
    forms += [plain.removesuffix(end) for end in _TEXT_ENDINGS if role in _TEXT_ROLES]
    for form in forms:
        if form in known:
            return 0, known.index(form)
    if coded or role.endswith("_id"):
        return None
    for position, candidate in enumerate(known):
        if candidate.isascii():
            # one letter is a name only where it stands alone: "a" is no answer in "is a test"
            if len(candidate) > 1 and candidate in words:
                return 1, position
        elif candidate in plain:
            return 1, position
    return None


def role_of(name: str) -> str | None:
    """Return the role that a column name speaks of, None where it is not a known name."""
    if is_negative(name):
        return None
    fits = [(fit, role) for role in ROLES if (fit := _fit(name, role)) is not None]
    return min(fits, key=lambda pair: pair[0][0])[1] if fits else None


def header_position(grid: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the row with the column names, None where no row has two names.

    It is the first row with two filled cells: exports often carry a title above the table. Below
    the first filled row it counts only if most rows under it have two filled cells too; otherwise
    a file of one column with stray commas would be taken for a table.
    """
    filled = [sum(1 for cell in row if cell.strip()) for row in grid]
    first = next((i for i, count in enumerate(filled) if count), None)
    if first is None:
        return None
    for i in range(first, min(len(filled), first + TITLE_ROWS)):
        if filled[i] < 2:
            continue
        below = [count for count in filled[i + 1 :] if count]
        if i == first or (below and sum(count >= 2 for count in below) > len(below) / 2):
            return i
    return None


def header_warnings(header: Sequence[str], position: int) -> list[Message]:
    """Return what the user should know about the row taken as column names."""
    warnings = []
    if position > 0:
        text = N_("The column names were found in row {row}; the rows above it were skipped.")
        warnings.append(Message(text, {"row": position + 1}))
    if not any(role_of(cell) for cell in header) and any(
        len(cell) > 60 or cell.rstrip().endswith(("?", "？")) for cell in header
    ):
        text = N_(
            "Row {row} was taken as column names, but it looks like a question and an answer. If "
            "the file has no column names, add a first row such as: question, answer."
        )
        warnings.append(Message(text, {"row": position + 1}))
    return warnings


def guess_mapping(table: Table) -> ColumnMapping:
    """Find the columns by name (English, Japanese; case, spaces and underscores do not count).

    Where no name fits, the two columns with the longest texts are question and answer; the
    question is the one with more question marks, else the one with more distinct texts, else the
    shorter one. Columns named as negatives are never taken as answers.
    """
    sample = table.frame.head(SAMPLE_ROWS)
    texts = {column: [text for text in sample[column] if text] for column in table.columns}
    found: dict[str, str] = {}
    for level in (0, 1):  # equal names first, over all roles, then names that contain one
        for role in ROLES:
            if role in found:
                continue
            fits = [
                (fit, position, column)
                for position, column in enumerate(table.columns)
                if column not in found.values() and not is_negative(column)
                if (fit := _fit(column, role)) is not None and fit[0] == level
                if role not in _TEXT_ROLES or not _is_code(texts[column])
            ]
            if fits:
                found[role] = min(fits)[2]
    missing = [role for role in _TEXT_ROLES if role not in found]
    if missing:
        free = [
            column
            for column in table.columns
            if column not in found.values() and not is_negative(column)
            if texts[column] and not _is_code(texts[column])
        ]
        longest = sorted(free, key=lambda c: -sum(map(len, texts[c])) / len(texts[c]))[:2]
        if len(missing) == 2 and len(longest) == 2:
            question = max(longest, key=lambda c: _questionness(texts[c]))
            found["question"] = question
            found["answer"] = next(c for c in longest if c != question)
        elif len(missing) == 1 and longest:
            found[missing[0]] = longest[0]
    return ColumnMapping(**found)


def _is_code(texts: list[str]) -> bool:
    """Tell numbers, ids and dates from language: nine in ten values hold no word of letters."""
    if not texts:
        return False
    worded = sum(1 for text in texts if _WORD.search(text))
    return worded < len(texts) / 10


def _questionness(texts: list[str]) -> tuple[float, float, float]:
    marks = sum(1 for text in texts if re.search("[?？؟]|ですか|ますか", text)) / len(texts)
    distinct = len(set(texts)) / len(texts)
    return round(marks, 1), round(distinct, 2), -sum(map(len, texts)) / len(texts)
