"""Which columns judge the answers: ratings, raters and votes, and columns that only may judge."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from core.data.columns.column_names import (
    ASSESSMENTS,
    JUDGING_NAMES,
    OUTCOMES,
    VOTE_POLES,
    VOTES,
    is_count,
    is_negative,
    is_school_mark,
    name_list,
    plain_name,
    role_of,
    says_who,
    says_wrong,
    smaller_is_better,
    words_of,
)
from core.data.judging.named_scales import scale_in_name
from core.data.judging.rating_words import DENYING, NEUTRAL_WORDS, RATING_WORDS, TICKS
from core.data.judging.ratings import (
    SCHOOL,
    looks_like_ratings,
    named_scale,
    plain_rating,
    rated_cells,
    read_numbers,
)
from core.data.personal.names import names_person
from core.messages import N_, Message

# A category by name that may as well be a judgement: its values decide.
JUDGEMENTS = frozenset(name_list("label labels target class gold y annotation"))

NUMBERED = "column "  # begins the names of columns that have none

_MEANS = re.compile(
    "mean|average|^avg|avg$|consensus|final|majority|overall|aggregate|gesamt|durchschnitt|mittelwert"
    "|moyenne|promedio|平均|総合|最終|综合|最终|平均"
)
_PARTS = frozenset(
    name_list("is in for test tests testset train training dev valid validation set")
)
NOT_YET = frozenset(name_list("accepted approved isselected akzeptiert godkänd liked agreed"))
# Flags of one's own that nobody may have set: a no in every row says nothing.
_UNSET = frozenset(
    name_list(
        "ok okay okng useful usable used works helpful like agree accept good",
        "gut nützlich hilfreich utile bien bon bonne útil nuttig",
    )
)
_NOTES = frozenset(name_list("nota notas notă"))  # what somebody wrote down, or a grade
# Why somebody rates a pair more than once, or what else differs between the ratings of it.
_TWICE_FOR = frozenset(
    name_list(
        "criterion criteria aspect dimension metric measure category facet kriterium kriterien",
        "aspekt merkmal metrik critère criterio aspecto aspetto kryterium criterium критерий",
        "観点 基準 指標 標準 維度 维度 指标 项目 round run pass phase attempt wave runde",
        "durchgang tour ronda giro model system engine variant version config modell variante",
        "modèle modelo modello prompt date time datetime timestamp day datum zeit uhrzeit",
        "zeitstempel fecha hora data heure session batch task hit language lang channel source",
        "file split 日付 日時 时间 日期",
        "comment comments commentary remark remarks note notes reason reasons explanation feedback",
        "kommentar kommentare bemerkung anmerkung begründung grund hinweis commentaire remarque",
        "comentario comentarios comentário commento opmerking komentarz комментарий コメント 备注",
        "product products produkt produkte produit producto produto prodotto item article artikel",
        "topic thema brand country region city location colour color size 製品 商品 产品",
    )
)
# Words that turn a judgement into something else: suitable for children, approved by Anna.
_FOR_WHOM = frozenset(
    name_list(
        "for by to with für von mit bei par pour avec por para con per da door voor met av för med",
        "przez dla для in im en",
    )
)
_STATES = frozenset(name_list("status state"))  # judgements only where words say so

_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")

_OTHER_SCRIPT = re.compile(r"[^\x00-\u024f]")
_NUMBER_AHEAD = re.compile(r"[-+]?\d+(?:[.,]\d+)?\s*[-–—:=.)(]\s*")
_STAR = re.compile("[★☆⭐🌟]")
_MOSTLY = 0.5
_FEW_UNCLEAR = 30  # columns that are looked at more closely
_FEW_WORDS, _LONGEST_WORDS = 12, 40  # distinct words of a judgement; signs of one
_SHORT_WORD = 3  # signs of a word that says little in a name: is, est, ist, es
_SPARSE = 0.25  # of the rows: a rating of fewer does not decide about the others


def is_code(texts: list[str]) -> bool:
    """Tell numbers, ids and dates from language: nine in ten values hold no word of letters."""
    if not texts:
        return False
    worded = sum(1 for text in texts if _WORD.search(text))
    return worded < len(texts) / 10


def marks(texts: Sequence[str]) -> bool:
    """Tell whether a column says yes or no, or ticks: such cells are never texts."""
    distinct = {plain_rating(text) for text in texts}
    if not distinct or len(distinct) > 3:
        return False
    numbers = read_numbers(distinct).values
    return all(mark in numbers or mark in RATING_WORDS or mark in TICKS for mark in distinct)


def is_running(texts: Sequence[str]) -> bool:
    """Tell whether the cells count the rows: 1, 2, 3 … in the order of the file."""
    numbers = read_numbers(set(texts)).values
    first = numbers.get(texts[0], -1.0) if texts else -1.0
    if first not in (0, 1) or len(texts) < (2 if first else 3):
        return False
    return all(numbers.get(text) == first + i for i, text in enumerate(texts))


def judging_name(column: str) -> bool:
    """Tell whether a name is known to judge, in any language: ``label``, ``判定``, ``Passt?``."""
    words = words_of(column)
    if _judging_word(column) or says_wrong(column) or role_of(column) == "rating":
        return True
    if words and (len(words) == 1 or words[-1] in JUDGEMENTS) and JUDGEMENTS & set(words):
        return True
    return bool({"label", "labels", "gold", "annotation"} & set(words))


def _judging_word(column: str) -> bool:
    plain, words = plain_name(column), words_of(column)
    return bool(JUDGING_NAMES & {plain, *words}) or any(
        name in plain for name in JUDGING_NAMES if len(name) > 1 and _OTHER_SCRIPT.match(name)
    )


def _words_judge(texts: Sequence[str]) -> bool:
    """Tell words of judgement (correct, not relevant, 👍) from a mere yes and no, high and low."""
    plain = {_NUMBER_AHEAD.sub("", plain_rating(text), count=1) for text in set(texts)}
    return any(
        (word in RATING_WORDS and word not in NEUTRAL_WORDS) or _STAR.search(word) for word in plain
    )


def tells_apart(column: str, found: Mapping[str, str], sample: pd.DataFrame) -> bool:
    """Tell whether a column differs between the answers to a question, where questions have more.

    That is what a judgement does; what a page or an editor needs to know is the same for all.
    """
    question, answer = found["question"], found["answer"]
    if column in (question, answer):
        return False
    pairs = sample[[question, answer, column]].drop_duplicates([question, answer])
    several = pairs[pairs[question].duplicated(keep=False)]
    if not len(several) or len(several) < _MOSTLY * len(pairs):
        return False
    return bool((several.groupby(question)[column].nunique() > 1).mean() >= _MOSTLY)


def vote_columns(free: Sequence[str], texts: Mapping[str, list[str]]) -> list[str]:
    """Return columns that count votes: of one direction each, or under a name such as votes."""
    found = {c for c in free if VOTES & {plain_name(c), *words_of(c)} and _highest(texts[c]) > 1}
    for one, other in _opposites(free):
        highest = _highest(texts[one]), _highest(texts[other])
        if min(highest) >= 0 and max(highest) > 1:
            found |= {one, other}
    return [column for column in free if column in found]


def _highest(texts: Sequence[str]) -> float:
    """Return the highest of whole numbers from 0, -1 where the texts are anything else."""
    distinct = set(texts)
    values = read_numbers(distinct).values.values()
    whole = len(values) == len(distinct) and all(v >= 0 and v % 1 == 0 for v in values)
    return max(values, default=-1.0) if whole else -1.0


def _opposites(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of names that differ only in the direction: helpful and not helpful."""
    written = {column.casefold(): column for column in columns}
    worded = {words_of(column): column for column in columns}
    denied = {no for yes, no in VOTE_POLES if not yes}
    pairs = []
    for name, column in written.items():
        turned = (name.replace(yes, no) for yes, no in VOTE_POLES if yes and yes in name)
        pairs += [(column, written[other]) for other in turned if other in written]
        words = words_of(column)
        plain = tuple(word for word in words if word not in denied)
        if plain and plain != words and plain in worded:
            pairs.append((worded[plain], column))
    return pairs


def take_rating(
    found: dict[str, str],
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
    *,
    rated: bool,
) -> list[str]:
    """Find the judgement by its name, its words, or because it tells answers apart.

    A mere yes and no, or few small numbers, may be a judgement or anything else (published,
    difficult): such columns are returned, to be named.

    Parameters
    ----------
    rated : bool
        The file is known to hold ratings: then any column that may judge is the rating.
    """
    if "rating" in found or not ("question" in found and "answer" in found):
        return []
    unclear = []
    for column in sorted(free, key=says_who):  # numbers of raters rate only where nothing else may
        if not _may_judge(column, found, texts[column]):
            continue
        binary = set(read_numbers(set(texts[column])).values.values()) <= {-1, 0, 1}
        unnamed = column.startswith(NUMBERED) and (
            (binary and is_code(texts[column])) or marks(texts[column])
        )
        if rated or unnamed or judging_name(column) or _words_judge(texts[column]):
            _take_judgement(column, found, texts, notes)
            return []
        unclear.append(column)
    others = [c for c in free if c not in unclear and _may_hold(c, found)]
    less_sure = [c for c in others if _in_own_words(c, found, texts[c], sample)]
    less_sure += [
        column
        for column in unclear[:_FEW_UNCLEAR]
        if names_person(column)
        or (looks_like_ratings(texts[column], named=False) and tells_apart(column, found, sample))
    ]
    wrong = [c for c in others if _all_wrong(c, texts[c])]
    less_sure += [c for c in wrong if not any(_same_family(c, d) for d in free if d != c)]
    if less_sure:
        _take_judgement(less_sure[0], found, texts, notes)
        return []
    return unclear


def _may_be_person(column: str) -> bool:
    return (column.istitle() and column.isalpha()) or names_person(column)


def _take_judgement(
    column: str, found: dict[str, str], texts: Mapping[str, list[str]], notes: list[Message]
) -> None:
    found["rating"] = column
    if found.get("category") == column:
        del found["category"]
    if says_wrong(column):  # said where it is turned round
        return
    values = ", ".join(sorted(set(texts[column]))[:7])
    text = N_(
        "The column {column} holds {values}, so it was taken as a judgement of the answer: 0 "
        "or a word such as “no” means that the answer is wrong. If it says something else, "
        "choose no column as the rating."
    )
    notes.append(Message(text, {"column": column, "values": values}))


def _may_hold(column: str, found: Mapping[str, str], *, stated: bool = False) -> bool:
    """Tell whether a column is free to be a judgement, and its name says nothing else."""
    judging = judging_name(column) or column.startswith(NUMBERED)
    held = column in found.values() and not (judging and found.get("category") == column)
    if held or set(words_of(column)) <= _PARTS or (is_count(column) and not stated):
        return False
    return not smaller_is_better(column) or says_wrong(column)


def _may_judge(column: str, found: Mapping[str, str], texts: Sequence[str]) -> bool:
    """Tell whether what a column holds may be a judgement, and its name says nothing else."""
    judging = judging_name(column) or column.startswith(NUMBERED)
    stated = bool(set(words_of(column)) & _STATES) and not read_numbers(set(texts)).values
    if not _may_hold(column, found, stated=stated) or is_running(texts):
        return False
    return (
        looks_like_ratings(texts, named=False)
        or (judging and _graded(texts))
        or (_judging_word(column) and len(read_numbers(set(texts)).values) == len(set(texts)))
        or (says_wrong(column) and marks(texts))
        or on_named_scale(column, texts)
    )


def on_named_scale(column: str, texts: Sequence[str]) -> bool:
    """Tell whether the name tells a scale of ratings, and nearly all values lie on it."""
    ends = scale_in_name(column)
    values = read_numbers(texts).values if ends else {}
    if ends is None or len(values) < len(set(texts)):
        return False
    return named_scale(np.array([values[text] for text in texts]), ends) is not None


def _in_own_words(
    column: str, found: Mapping[str, str], texts: Sequence[str], sample: pd.DataFrame
) -> bool:
    """Tell whether a name that judges stands above few words, not all of them known.

    Left alone, all answers would be right, also those that such a word calls wrong. The words must
    show that they judge: under a name that means a judgement one of them is known, under others
    most of them or one for right and one for wrong; or they differ between the answers to a
    question.
    """
    distinct = set(texts)
    if not 2 <= len(distinct) <= min(_FEW_WORDS, len(texts) / 2) or read_numbers(distinct).values:
        return False
    if max(map(len, distinct)) > _LONGEST_WORDS:
        return False
    name = plain_name(column)
    if name in ASSESSMENTS and any(plain_rating(text) in RATING_WORDS for text in distinct):
        return True
    if name in JUDGING_NAMES - OUTCOMES - NOT_YET - _NOTES and _grade(name, distinct):
        return True
    judging = bool(ASSESSMENTS & set(words_of(column))) or _whole_name_judges(column)
    return judging and _judging_word(column) and tells_apart(column, found, sample)


def _grade(name: str, words: Collection[str]) -> bool:
    """Tell whether most words under a name are known to judge, or two of them differ in grade.

    The name itself is known, and its opposite: ``nützlich`` and ``unnützlich`` under Nützlich.
    """
    own = {name: 1.0} | {f"{no}{name}": 0.0 for no in (*DENYING, "un", "in")}
    grades = [RATING_WORDS.get(plain_rating(word), own.get(plain_name(word))) for word in words]
    known = [grade for grade in grades if grade is not None]
    return len(set(known)) > 1 or len(known) > len(grades) / 2


def _all_wrong(column: str, texts: Sequence[str]) -> bool:
    """Tell whether the whole name of a column judges, and its only value is: wrong.

    ``Passt?`` beside ``nein`` in every row; not ``Works offline``, nor what was not accepted yet
    or is a flag that nobody may have set.
    """
    distinct = {plain_rating(text) for text in texts}
    if len(distinct) != 1 or not _whole_name_judges(column) or _UNSET & set(words_of(column)):
        return False
    value = next(iter(distinct))
    return read_numbers([value]).values.get(value, 1.0) in (0, -1) or RATING_WORDS.get(value) == 0


def _whole_name_judges(column: str) -> bool:
    """Tell whether all of a name judges: ``Est pertinent ?``, ``Antwort korrekt``, ``label``."""
    words = words_of(column)
    if not judging_name(column) or NOT_YET & {plain_name(column), *words}:
        return False
    others = [w for w in words if w not in JUDGING_NAMES | JUDGEMENTS]
    others = [w for w in others if len(w) > _SHORT_WORD or w in _FOR_WHOM]
    return all(role_of(w) in ("answer", "rating") or _judging_word(w) for w in others)


def drop_sparse(
    found: dict[str, str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
) -> None:
    """Let no rating decide about the rows that nearly all lack one: name it instead.

    A single tick among empty cells is the rating, and so is a column that only says what is wrong,
    or that rates some of several answers to the same questions.
    """
    rating = found.get("rating")
    if rating is None or not ("question" in found and "answer" in found):
        return
    pairs = sample[(sample[found["question"]] != "") & (sample[found["answer"]] != "")]
    filled = [*filter(None, rated_cells(pairs[rating].tolist()))]
    if len(filled) >= _SPARSE * len(pairs) or says_wrong(rating) or len(set(filled)) < 2:
        return
    answered = pairs.drop_duplicates([found["question"], found["answer"]])
    if answered[found["question"]].duplicated(keep=False).mean() >= _MOSTLY:
        return
    del found["rating"]
    text = N_(
        "Only {filled} of {count} rows are rated in {column} ({values}), so it is not used: all "
        "answers count as right. If it is a judgement, choose it as the rating; then rows without "
        "one are set aside."
    )
    values = ", ".join(sorted(set(filled))[:7])
    told = {"filled": len(filled), "count": len(pairs)}
    notes.append(Message(text, {"column": rating, "values": values, **told}))


def rater_column(found: Mapping[str, str], free: Sequence[str], sample: pd.DataFrame) -> str | None:
    """Return the column that says who rated, where several people rate the same pair."""
    roles = (found.get("question"), found.get("answer"), found.get("rating"))
    if not all(roles):
        return None
    several = sample[sample.duplicated(list(roles[:2]), keep=False)]
    for column in free if len(several) else ():
        if not says_who(column) or column in found.values():
            continue
        if several.groupby(list(roles[:2]))[column].nunique().gt(1).any():
            return column
    return None


def rater_by_content(frame: pd.DataFrame, pair: Sequence[str], rating: str) -> str | None:
    """Return the only column that names who rated, by what it holds; None where none is sure.

    It differs wherever a pair is rated more than once, and a name of it stands beside several
    pairs. Numbers and marks may be ratings of something else.

    Parameters
    ----------
    pair : sequence of two str
        The columns of question and answer.
    """
    rated = frame[frame[rating] != ""]
    several = rated[rated.duplicated([*pair], keep=False)]
    found = []
    for column in frame.columns if len(several) else ():
        if column in (*pair, rating) or _TWICE_FOR & set(words_of(column)):
            continue
        names = set(rated[column]) - {""}
        lettered = any(any(map(str.isalpha, name)) for name in names)
        if len(names) < 2 or len(names) > len(rated) / 2 or not lettered or marks([*names]):
            continue
        if role_of(column) or is_count(column) or max(map(len, names)) > _LONGEST_WORDS:
            continue
        if (several[column] != "").all() and not several.duplicated([*pair, column]).any():
            found.append(column)
    return found[0] if len(found) == 1 else None


def school_scale(
    rating: str | None,
    columns: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
) -> str:
    """Return the scale of school marks, "" where the ratings are none."""
    if rating is None or not is_school_mark(rating, columns):
        return ""
    values = read_numbers(texts[rating]).values
    if len(values) < len(set(texts[rating])) or not all(1 <= v <= 6 for v in values.values()):
        return ""
    text = N_(
        "{column} was read as school marks from 1 (best, right) to 6 (worst, wrong). If 1 is the "
        "worst, choose another scale."
    )
    notes.append(Message(text, {"column": rating}))
    return SCHOOL


def take_accepted(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> None:
    """Prefer the mark of the accepted answer to the votes beside it."""
    rating = found.get("rating")
    if rating is None or plain_name(rating) not in ("score", "votes", "points", "vote"):
        return
    for column in free:
        marked = "accepted" in plain_name(column) and column not in found.values()
        if marked and marks(texts[column]) and len(set(texts[column])) > 1:
            found["rating"] = column
            return


def take_raters(
    found: dict[str, str],
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
    *,
    rated: bool,
) -> tuple[str, ...]:
    """Find more columns that rate the same pairs: ``Rating Anna``, ``Rating Ben``; ``judge_2``."""
    if not ("question" in found and "answer" in found):
        return ()

    def may_rate(column: str, named: bool) -> bool:
        words = set(words_of(column))
        if column in found.values() or words <= _PARTS or is_count(" ".join(words - {*_DIGITS})):
            return False
        if smaller_is_better(column) or says_wrong(column) or is_negative(column):
            return False
        if says_who(column) and not says_who(rating or column):
            return False  # numbers of the raters
        return looks_like_ratings(texts[column], named=named)

    rating = found.get("rating")
    if rating is None:  # Rating Anna, Rating Ben, where all ratings are the same
        family = [c for c in free if _rating_words(c) and may_rate(c, True)]
        family = [c for c in family if any(_same_family(c, d) for d in family if d != c)]
        if len(family) < 2:
            return ()
        rating = found["rating"] = family[0]
    elif says_wrong(rating) or smaller_is_better(rating):
        return ()
    others = []
    for column in free:
        akin = _same_family(rating, column)
        strangers = role_of(rating) is None and role_of(column) is None
        strangers = strangers and not {*words_of(rating), *words_of(column)} & JUDGEMENTS
        person = strangers and _may_be_person(column)  # Anna, Ben
        if not (akin or strangers) or not may_rate(column, akin or person):
            continue
        if not (akin or person or rated or tells_apart(column, found, sample)):
            continue
        if akin or _same_values(texts[rating], texts[column]):
            others.append(column)
    whole = next((c for c in [rating, *others] if _MEANS.search(plain_name(c))), None)
    if others and whole is not None:
        rest = [c for c in [rating, *others] if c != whole]
        found["rating"] = whole
        text = N_("{whole} was taken as the rating; {others} go into it and are not used.")
        notes.append(Message(text, {"whole": whole, "others": ", ".join(rest)}))
        return ()
    if others:
        text = N_(
            "Several columns rate the same pairs: {columns}. Each was taken as a rater of its own; "
            "their grades are averaged."
        )
        notes.append(Message(text, {"columns": ", ".join([rating, *others])}))
    return tuple(others)


_DIGITS = frozenset("0123456789") | frozenset("abcdefgh") | frozenset(("id", "no", "nr"))


def _rating_words(name: str) -> bool:
    return role_of(name) == "rating" or bool(
        {"judge", "rater", "annotator", "reviewer", "gutachter", "bewerter", "expert", "assessor"}
        & set(words_of(re.sub(r"\d+$", "", name)))
    )


def _same_family(first: str, second: str) -> bool:
    """Tell whether two names differ in one word or number only: who rated."""
    a, b = (words_of(re.sub(r"(?<=[^\W\d])(?=\d)", " ", name)) for name in (first, second))
    if len(a) == len(b) > 1:
        same = sum(x == y for x, y in zip(a, b, strict=True))
        return same == len(a) - 1 and any(_rating_words(x) or len(x) > 2 for x in set(a) & set(b))
    stem, longer = (a, b) if len(a) < len(b) else (b, a)
    # rating, rating 2
    return len(longer) == len(stem) + 1 and longer[: len(stem)] == stem and longer[-1].isdigit()


def _same_values(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether two columns are filled on the same scale."""
    a, b = ({plain_rating(text) for text in texts} for texts in (first, second))
    x, y = read_numbers(a).values, read_numbers(b).values
    if x and y:
        return max(x.values()) <= 2 * max(y.values()) and max(y.values()) <= 2 * max(x.values())
    return not x and not y and bool(a & b)


def _graded(texts: Sequence[str]) -> bool:
    """Tell degrees (2.5, 0.8) from the numbers of classes."""
    values = read_numbers(texts).values
    some = [values.get(text, -1.0) for text in texts]
    return set(some) <= {0, 1} or (
        min(some) >= 0 and max(some) <= 5 and any(value % 1 for value in some)
    )
