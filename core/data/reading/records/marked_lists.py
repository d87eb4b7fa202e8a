"""Lists of a record whose elements say themselves whether they are right."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from core.data.columns.column_names import ANNOTATIONS, plain_name, role_of
from core.data.reading.unfolding import TEXT_KEYS

Record = dict[str, object]
# What elements of a list are marked with, the clearest first.
_MARKS = (
    *("isaccepted", "accepted", "acceptedanswer", "isbest", "isselected", "iscorrect", "correct"),
    *("isrelevant", "relevant", "isgold", "ispositive", "isright", "selected", "label"),
)
_SCORES = frozenset(("score", "votes", "upvotes", "votecount", "pmscore", "rating", "rank"))
_ACCEPTED_ID, _IDS = "acceptedanswerid", ("id", "answerid", "aid", "postid")


def with_marked_lists(record: Record, spans: Collection[str]) -> Record:
    """Part a list whose elements say themselves whether they are right.

    Parameters
    ----------
    spans : collection of str
        Lists whose texts hold the answers beside them.
    """
    accepted = next((v for k, v in record.items() if _plain(k) == _ACCEPTED_ID), None)
    rated = {role_of(str(key)) for key in record} >= {"question", "answer"}
    for key, value in record.items():
        if rated and plain_name(str(key)) in ANNOTATIONS:
            continue  # they judge the pair, and are no texts themselves
        parted = _parted(value) or _parted_by_id(value, accepted)
        if parted is None:
            continue
        right, wrong = (_without_scores(part) for part in parted)
        others = {k: v for k, v in record.items() if k != key}
        # the passage that was chosen is what a search should find, not the answer made of it
        name = "positive_passages" if "passage" in key.casefold() or key in spans else key
        return others | {name: right, f"negative {key}": wrong}
    return record


def _without_scores(items: list[object]) -> list[object]:
    """Leave out what else rates the elements, where a mark says which are right."""
    return [
        {k: v for k, v in item.items() if _plain(k) not in _SCORES}
        if isinstance(item, dict)
        else item
        for item in items
    ]


def _plain(key: object) -> str:
    return re.sub(r"[\W_]+", "", str(key)).casefold()


def _mark_in(keys: Iterator[object]) -> object | None:
    """Return the clearest mark among keys, None where there is none."""
    marks = {_plain(key): key for key in keys}
    return next((marks[mark] for mark in _MARKS if mark in marks), None)


def _parted_by_id(value: object, accepted: object) -> tuple[list[object], list[object]] | None:
    """Part answers by the id of the accepted one, None where it is none of them."""
    if accepted in (None, "") or not isinstance(value, list):
        return None
    items = [item for item in value if isinstance(item, dict)]
    key = next((k for item in items[:1] for k in item if _plain(k) in _IDS), None)
    right: list[object] = [
        item for item in items if key is not None and str(item.get(key)) == str(accepted)
    ]
    return (right, [item for item in items if item not in right]) if right else None


def _parted(value: object) -> tuple[list[object], list[object]] | None:
    """Return the right and the wrong elements of a list with marks, None where it has none."""
    if isinstance(value, dict):
        lists = {k: v for k, v in value.items() if isinstance(v, list)}
        mark = _mark_in(iter(lists))
        if mark is None:
            return None
        place = next((key for key in TEXT_KEYS if key in lists and key != mark), None)
        if place is None or len(lists[place]) != len(lists[mark]):
            return None
        items: list[tuple[object, object]] = list(zip(lists[mark], lists[place], strict=True))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        mark = _mark_in(iter(value[0]))
        if mark is None or not all(mark in item for item in value):
            return None
        items = [(item[mark], {k: v for k, v in item.items() if k != mark}) for item in value]
    else:
        return None
    if not all(flag in (0, 1, True, False) for flag, _ in items):
        return None
    return [item for flag, item in items if flag], [item for flag, item in items if not flag]
