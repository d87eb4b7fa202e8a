"""Which words of an answer the question uses too, as places in the text, for marking them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from core.experts.lexical import normalise, runs, words

COMMON = 0.2  # a word of more than this share of all answers tells nothing
SAMPLE = 2000  # answers that are looked at to find the common ones


def common_words(answers: Sequence[str]) -> frozenset[str]:
    """Return the words that more than ``COMMON`` of the answers use; no list of stop words."""
    step = -(-len(answers) // SAMPLE) or 1
    sample = answers[::step]
    counts: Counter[str] = Counter()
    for answer in sample:
        counts.update(set(words(answer)))
    least = max(COMMON * len(sample), 2)  # among a handful of answers, two are no habit
    return frozenset(word for word, count in counts.items() if count > least)


def shared_spans(question: str, answer: str, common: Collection[str]) -> list[tuple[int, int]]:
    """Return the places [start, end) in the answer of words that the question uses too.

    Parameters
    ----------
    common : collection of str
        Words to leave out, see :func:`common_words`.

    Returns
    -------
    list of (int, int)
        Ascending, not touching each other. In scripts without spaces, pairs of characters that both
        texts share.
    """
    wanted = set(words(question)) - set(common)
    spans: list[tuple[int, int]] = []
    for start, run, unspaced in runs(answer):
        plain = normalise(run)
        if not unspaced or len(run) == 1:
            if plain in wanted:
                spans.append((start, start + len(run)))
        elif len(plain) == len(run):  # else places in the two do not fit each other
            spans += [
                (start + i, start + i + 2)
                for i, pair in enumerate(pairwise(plain))
                if "".join(pair) in wanted
            ]
    return _joined(spans)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def in_pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return the text cut at the spans: pieces and whether each is marked; joined, it is whole."""
    pieces, reached = [], 0
    for start, end in spans:
        pieces += [(text[reached:start], False), (text[start:end], True)]
        reached = end
    pieces.append((text[reached:], False))
    return [(piece, marked) for piece, marked in pieces if piece]
