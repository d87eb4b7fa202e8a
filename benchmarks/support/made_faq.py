"""Made-up questions and answers in any number, with the faults that real files have.

Words follow a Zipf curve, as in language: a few are everywhere, most are rare. About four questions
share an answer and take some of its words. One text in twelve is nearly, but not quite, another
one; one row in twenty is Japanese; one in two hundred has a fault.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

HEADER = ("ticket", "question", "answer", "category", "channel", "date")
QUESTIONS_PER_ANSWER = 4
_STARTS = (
    *("How do I", "How can I", "Where can I", "What happens if I", "Is it possible to"),
    *("Why can I", "Do you", "When will you", "Can I", "I want to", "Please tell me how to"),
    *("hi, do i have to", "Who can help me to", "What does it cost to", "My colleague says that I"),
    "Am I allowed to",
)
_LINKS = tuple(
    re.findall(r"\w+", "the a my your with for to of in on and or if it is not from by at as")
)
_ENDS = ("?", "?", "?", "", ".", "??", " please", ", thanks!")
_JAPANESE = (
    *("注文", "返品", "配送", "送料", "会員", "登録", "商品", "在庫", "支払い", "領収書", "保証"),
    *("修理", "住所", "変更", "確認", "画面", "手続き", "電話", "メール", "店舗", "期限", "交換"),
    *("予約", "案内", "番号", "設定", "料金", "無料", "翌日", "休業日", "窓口"),
)
_PARTICLES = ("は", "が", "を", "に", "で", "の", "と", "も", "から", "まで")
_CATEGORIES = ("Orders", "Delivery", "Returns", "Payment", "Account", "Products", "Other")
_CHANNELS = ("mail", "chat", "phone", "form")


def _vocabulary(rng: np.random.Generator) -> np.ndarray:
    """Return 30,000 words of one to four syllables, the frequent ones short."""
    sounds = [a + b for a, b in product("bcdfghklmnprstvw", ("a", "e", "i", "o", "u", "ea", "ou"))]
    ends = ("", "n", "r", "s", "t", "l", "nd", "ck", "ng", "ment", "tion", "ing", "ed", "ly")
    words: dict[str, None] = dict.fromkeys(_LINKS)
    while len(words) < 30_000:
        count = 1 + min(3, len(words) // 700, int(rng.integers(1, 4)))
        word = "".join(sounds[i] for i in rng.integers(0, len(sounds), count))
        words[word + ends[int(rng.integers(len(ends)))]] = None
    return np.array(list(words), dtype=object)


def _zipf(rng: np.random.Generator, words: int, size: int) -> np.ndarray:
    """Return word numbers [size] with probability about 1 / (rank + 3)."""
    weight = np.cumsum(1 / (np.arange(words) + 3))
    return np.searchsorted(weight, rng.random(size) * weight[-1])


def _varied(rng: np.random.Generator, words: list[str], vocabulary: np.ndarray) -> list[str]:
    """Return the words with one of them changed, left out or doubled."""
    at, changed = int(rng.integers(len(words))), list(words)
    change = int(rng.integers(3))
    changed[at : at + 1] = (
        [str(vocabulary[int(rng.integers(len(vocabulary)))])] if change == 0 else [words[at]] * 2
    ) * (change != 1)
    return changed or words


def _japanese(rng: np.random.Generator, words: int) -> str:
    picks = rng.integers(0, len(_JAPANESE), words).tolist()
    joints = rng.integers(0, len(_PARTICLES), words).tolist()
    return "".join(_JAPANESE[a] + _PARTICLES[b] for a, b in zip(picks, joints, strict=True))


def _answers(rng: np.random.Generator, count: int, vocabulary: np.ndarray) -> list[list[str]]:
    lengths = rng.integers(10, 61, count)
    drawn = vocabulary[_zipf(rng, len(vocabulary), int(lengths.sum()))].tolist()
    answers: list[list[str]] = []
    start = 0
    for length, kind in zip(lengths.tolist(), rng.random(count).tolist(), strict=True):
        words = drawn[start : start + length]
        start += length
        if kind < 0.08 and answers:
            words = _varied(rng, answers[int(rng.integers(len(answers)))], vocabulary)
        answers.append(words)
    return answers


def _sentences(words: list[str], paragraph: bool) -> str:
    parts = [" ".join(words[i : i + 12]).capitalize() for i in range(0, len(words), 12)]
    return (".\n" if paragraph else ". ").join(parts) + "."


def rows(count: int, seed: int = 0) -> Iterator[list[str]]:
    """Yield rows of text under ``HEADER``; the same for the same count and seed."""
    rng = np.random.default_rng(seed)
    vocabulary = _vocabulary(rng)
    answers = _answers(rng, max(8, count // QUESTIONS_PER_ANSWER), vocabulary)
    texts = [
        _japanese(rng, 4 + len(words) // 3)
        if kind < 0.05
        else _sentences(words, paragraph=kind > 0.95)
        for words, kind in zip(answers, rng.random(len(answers)).tolist(), strict=True)
    ]
    of = rng.integers(0, len(answers), count).tolist()
    extra = vocabulary[_zipf(rng, len(vocabulary), 8 * count)].reshape(count, 8)
    length = rng.integers(2, 9, count).tolist()
    chance = rng.random((count, 3)).tolist()
    known: list[list[str]] = []
    for i, (at, kinds) in enumerate(zip(of, chance, strict=True)):
        words, answer = answers[at], texts[at]
        near, fault, shape = kinds
        if near < 0.02 and known:
            picked = known[int(near * 50 * len(known))]
        elif near < 0.08 and known:
            picked = _varied(rng, known[int((near - 0.02) / 0.06 * len(known))], vocabulary)
        else:
            first = int(shape * max(1, len(words) - 4))
            picked = [*extra[i, : length[i]].tolist(), *words[first : first + 2 + i % 5]]
            picked.insert(0, _STARTS[int(shape * 7919) % len(_STARTS)])
        known.append(picked)
        question = " ".join(picked) + _ENDS[i % len(_ENDS)]
        if not answer.isascii():
            question = _japanese(rng, 2 + i % 5) + "か？"
        question, answer = _with_fault(fault, question, answer)
        day = f"2026-{1 + i % 12:02}-{1 + i % 28:02}"
        category, channel = _CATEGORIES[at % len(_CATEGORIES)], _CHANNELS[i % len(_CHANNELS)]
        row = [f"T{i:07}", question, answer, category, channel, day]
        yield [*row, "surplus"] if 0.9990 <= fault < 0.9993 else row


def _with_fault(chance: float, question: str, answer: str) -> tuple[str, str]:
    """Return the texts as most are, or with one of the faults of one row in two hundred."""
    faults = (
        (0.9950, question, answer),
        (0.9960, "", answer),
        (0.9965, question, " "),
        (0.9970, "???", answer),
        (0.9975, question, "Yes."),
        (0.9980, f"{question} mail me at jo.{len(question)}@example.com", answer),
        (0.9985, f"{question} Phone +49 30 {len(answer):04} 5678", answer),
        (0.9990, f"{question}\x07", answer),
    )
    return next(((q, a) for limit, q, a in faults if chance < limit), (question, answer))


def write_csv(path: Path, count: int, seed: int = 0) -> None:
    """Write a CSV file of ``count`` rows below the column names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(count, seed))


def write_xlsx(path: Path, count: int, seed: int = 0) -> None:
    """Write a workbook of one sheet with ``count`` rows below the column names."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("FAQ")
    sheet.append(HEADER)
    for row in rows(count, seed):
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row[: len(HEADER)]])
    book.save(path)
