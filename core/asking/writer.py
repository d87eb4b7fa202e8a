"""Questions that nobody asked yet, written from the answers: by patterns of a language, no model.

An answer says what it is an answer to: in its first sentences ("To cancel, …", "If a card is lost,
…", "You can …"), in the words that few other answers have, and in the question that somebody did
ask. Patterns turn these into the styles in which customers write: a question, a few keywords, a
complaint, a title. What comes out is often clumsy, so nothing of it is taken on trust: a question
is kept only if the experts find its answer among their first three (round trip, as in Alberti et
al. 2019, "Synthetic QA Corpora Generation with Roundtrip Consistency", arXiv:1906.05416), and it
never becomes part of a test.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.matching import clean_text
from core.data.near_duplicates.grouping import GroupingSettings, nearest_known
from core.data.near_duplicates.ngrams import plain_form
from core.data.open_questions import why_no_question
from core.labels.model import QUESTIONS_AT_ONCE, LabelModel
from core.types import TRAIN, WRITTEN, WRITTEN_BY, QADataset, Rows
from core.types.written import KEYWORDS, STYLES, TITLE, WrittenQuestion

MOST_OF_ANSWER = 8
FOUND_AMONG = 3  # of the experts' best answers
_SENTENCES = 4  # of an answer are looked at: what it is about comes first
_FEW_WORDINGS = 2  # of an answer: where people asked in more ways, rewording them gains nothing
_KEYWORDS = (2, 4)  # in a short and in a longer search
_LONGEST = 140  # characters of a written question


@dataclass(frozen=True)
class WritingPattern:
    """How a sentence, or the part of it that ``finds`` catches, becomes a question.

    Attributes
    ----------
    finds : compiled expression
        Its group ``x`` goes into the templates.
    makes : mapping of style to templates with the field ``{x}``
    """

    finds: re.Pattern[str]
    makes: Mapping[str, tuple[str, ...]]


def _pattern(finds: str, **makes: tuple[str, ...]) -> WritingPattern:
    return WritingPattern(re.compile(finds, re.IGNORECASE), makes)


# Of a sentence the first pattern that fits is used; each sentence has its own turn.
_ENGLISH = (
    _pattern(
        r"^to (?P<x>(?!be\b|have\b)[a-z]+\b[^,;:]{3,70}),",
        question=("How do I {x}?",),
        complaint=("I can't {x}",),
        title=("how to {x}",),
    ),
    _pattern(
        r"^(?:if|when|once|unless) (?P<x>[^,;:]{6,90}?)(?:,| (?:we|you can|please)\b)",
        question=("What happens if {x}?",),
        complaint=("{x}, what now?",),
        title=("{x}",),
    ),
    _pattern(
        r"^(?:yes|no)?,?\s*you (?:can|may|could|might|should) (?:also |always |still |only |just )?"
        r"(?P<x>[a-z]+\b[^.;:]{4,90}?)(?=[.;:!?]|$)",
        question=("Can I {x}?", "How can I {x}?"),
        complaint=("I want to {x}",),
        title=("{x}",),
    ),
    _pattern(
        r"^you (?:can't|cannot|can not|don't have to|don't need to) "
        r"(?P<x>[a-z]+\b[^.;:]{4,90}?)(?=[.;:!?]|$)",
        question=("Can I {x}?",),
        complaint=("Why can't I {x}?",),
        title=("{x}",),
    ),
    _pattern(
        r"^we (?:only |also |always |still )?(?P<x>(?!are\b|have\b|can\b|will\b|do\b)[a-z]+\b"
        r"[^.;:]{4,90}?)(?=[.;:!?]|$)",
        question=("Do you {x}?",),
        title=("{x}",),
    ),
    _pattern(
        r"^(?:please |just |simply )?(?P<x>(?:add|apply|book|call|cancel|change|check|choose|click|"
        r"contact|create|delete|disable|download|enable|enter|export|find|go to|import|install|"
        r"look|make|mark|open|order|press|print|put|remove|rename|report|return|search|select|send|"
        r"set|share|sign|switch|tap|try|turn|type|upload|use|write)\b[^.;:]{4,90}?)(?=[.;:!?]|$)",
        question=("Should I {x}?",),
        title=("{x}",),
    ),
    _pattern(
        r"^(?P<x>(?!(?:an?|the)? ?(?:alternative|answer|this|that|it|there|here|these|those|he|"
        r"she|they|we|you|i|while|for|between|in|on|at|with|without|as|one|another|if|when|what|"
        r"which|who|how|but|so|and|or|also|then|most|some|any|every|nothing|nobody)\b)"
        r"(?:(?:the|an?|your|our) )?[a-z][^,.;:()]{2,50}?) "
        r"(?:is|are|was|were|has|have|can|will|costs?|takes?|needs?|includes?|works?|comes?)\b",
        question=("What about {x}?",),
        complaint=("There is a problem with {x}",),
        title=("{x}",),
    ),
)
_JAPANESE = (
    _pattern(
        r"^(?P<x>[^、。]{2,39}?[^、。の])(?:場合|とき|際)(?:は|に|には)?[、，]",
        question=("{x}場合はどうすればよいですか？",),
        complaint=("{x}のですが、どうすればいいですか",),
        title=("{x}とき",),
    ),
    _pattern(
        r"^(?P<x>[^、。]{2,30}?)(?:には|するには)[、，]",
        question=("{x}にはどうすればよいですか？",),
        complaint=("{x}方法がわかりません",),
        title=("{x}方法",),
    ),
    _pattern(
        r"^(?P<x>[^、。]{1,23}?[^、。のてとにもがを])(?:は|では|なら)[、，]?",
        question=("{x}について教えてください。", "{x}はどうなっていますか？"),
        complaint=("{x}のことで困っています",),
        title=("{x}",),
    ),
    _pattern(
        r"^(?P<x>[^、。]{1,23}?[^、。のてとにもがを])(?:を|が)",
        question=("{x}はできますか？",),
        title=("{x}",),
    ),
)
# What somebody asked already, in other words.
_ENGLISH_ASKED = (
    _pattern(
        r"^(?:how (?:do|can|could|would|should) (?:i|you|we|one)|how to|can i|is it possible to|"
        r"is there (?:a|any) way to) (?P<x>[^?]{4,110})\??$",
        question=("How can I {x}?", "Is there a way to {x}?", "Is it possible to {x}?"),
        complaint=("I can't find how to {x}",),
        keywords=("{x}",),
        title=("how to {x}",),
    ),
    _pattern(
        r"^(?:what(?:'s| is| are)) (?:the )?(?P<x>[^?]{3,110})\??$",
        question=("Which is the {x}?",),
        complaint=("I am looking for the {x}",),
        keywords=("{x}",),
    ),
    _pattern(
        r"^(?P<x>[^?]{4,110})$",
        question=("How do I get {x}?", "What about {x}?"),
        complaint=("I need help with {x}",),
    ),
    _pattern(r"^(?P<x>[^?]{4,110})\?$", complaint=("I wonder: {x}?",)),
)
_JAPANESE_ASKED = (
    _pattern(
        r"^(?P<x>.{2,40}?)(?:について)?(?:教えてください|知りたいです|知りたい)。?$",
        question=("{x}はどうなりますか？",),
        title=("{x}について",),
    ),
    _pattern(
        r"^(?P<x>.{2,40}?)(?:は)?(?:できますか|可能ですか|大丈夫ですか)[。？?]?$",
        question=("{x}は可能でしょうか？",),
        title=("{x}の可否",),
    ),
    _pattern(r"^(?P<x>[^。？?]{2,40})$", question=("{x}について教えてください。",)),
)
_PERSONS = {
    **{"your": "my", "yours": "mine", "yourself": "myself", "you": "I", "you're": "I'm"},
    **{"you've": "I've", "you'd": "I'd", "you'll": "I'll"},
    **{"our": "your", "ours": "yours", "us": "you", "we": "you", "we're": "you're"},
    **{"we've": "you've", "we'll": "you'll", "we'd": "you'd"},
}
_STOP_WORDS = (
    "a about after again all also always am an and any are as at be because been before being "
    "both but by can cannot can't could did do does doesn't doing don't done down each either "
    "else etc even ever every few for from get gets getting go goes going got had has have "
    "having he her here him his how i i'd i'll i'm i've if in instead into is isn't it it'll "
    "it's its itself just know let like likely make makes many may maybe me might more most "
    "much must my need no nor not now of off on once one only or other our out over own please "
    "put really same see she should simply since so some something still such sure than that "
    "that's the their them then there there's these they thing things think this those through "
    "to too try under until up us use used using very via want was way we well were what when "
    "where whether which while who why will with without won't would yes yet you you'd you'll "
    "you're you've your yourself "
)
_ENGLISH_STOP = frozenset(_STOP_WORDS.split())
_URL = re.compile(r"\S*(?:https?://|www\.)\S*|\S+@\S+")
_MARKUP = re.compile(r"<[^>\n]{1,60}>|\[(?:closed|duplicate|on hold)\]|[`*_~#|{}\[\]<>\\]+")
_PARTS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+|\s{3,}")
_LEAD = re.compile(r"^[\s\-–•·>:;,.、。「『（(]+")
_ENGLISH_WORD = re.compile(r"[^\W\d_][\w'’+.-]*\w|[^\W\d_]")
# What carries meaning in Japanese: kanji with their endings left off, katakana, Latin letters.
_JAPANESE_WORD = re.compile(r"[\u4e00-\u9fff々]{2,}|[\u30a1-\u30ffー]{2,}|[A-Za-z][A-Za-z0-9]+")


@dataclass(frozen=True)
class Language:
    """How questions are written in a language.

    Attributes
    ----------
    of_answers, of_questions : tuples of WritingPattern
        For a sentence of the answer, and for a question that somebody asked.
    words : callable
        The words of a text that carry meaning, in order.
    turned : callable
        A part of an answer from the customer's point of view.
    space : str
        Between keywords.
    """

    of_answers: tuple[WritingPattern, ...]
    of_questions: tuple[WritingPattern, ...]
    words: Callable[[str], list[str]]
    turned: Callable[[str], str]
    space: str = " "


def _english_words(text: str) -> list[str]:
    found = _ENGLISH_WORD.findall(text)
    return [word for word in found if word.casefold().replace("’", "'") not in _ENGLISH_STOP]


def _my(text: str) -> str:
    """Return an English text with the persons exchanged: your order → my order."""
    words = text.replace("’", "'").split(" ")
    turned = [_PERSONS.get(word.casefold(), word) for word in words]
    # "you" at the end or before a full stop is an object: "we tell you" → "you tell me".
    if turned and turned[-1] == "I":
        turned[-1] = "me"
    return " ".join(turned)


LANGUAGES: Mapping[str, Language] = {
    "en": Language(_ENGLISH, _ENGLISH_ASKED, _english_words, _my),
    "ja": Language(_JAPANESE, _JAPANESE_ASKED, _JAPANESE_WORD.findall, str, "　"),
}


def write_from_answers(
    dataset: QADataset,
    language: str,
    *,
    most: int = MOST_OF_ANSWER,
    answers: Rows | None = None,
) -> list[WrittenQuestion]:
    """Write questions from answers without any model; the round trip is yet to be made.

    Parameters
    ----------
    language : str
        ``en`` or ``ja``: what is not in :data:`LANGUAGES` gets keywords only.
    most : int
        Questions of one answer.
    answers : int array or None
        Rows of the answers to write from; None = all.

    Returns
    -------
    list of WrittenQuestion
        Ordered by answer. No question nearly repeats another or one that somebody asked, of
        whatever part of the data: the words of a test question are never learned from.
    """
    speech = LANGUAGES.get(language) or Language((), (), _english_words, str)
    rows = np.arange(len(dataset.answers)) if answers is None else np.asarray(answers)
    rare = _rareness([speech.words(answer) for answer in dataset.answers])
    asked = _asked_of_group(dataset)
    written: list[WrittenQuestion] = []
    for row in rows.tolist():
        known = asked.get(int(dataset.answer_group[row]), [])
        found = _of_answer(dataset.answers[row], known, speech, rare)
        written += [WrittenQuestion(text, row, style) for style, text in found[:most]]
    return distinct(dataset, written)


def distinct(dataset: QADataset, written: Iterable[WrittenQuestion]) -> list[WrittenQuestion]:
    """Return the written questions that are none and repeat none, in their order."""
    seen = {plain_form(text) or text for text in dataset.questions}
    fresh: list[WrittenQuestion] = []
    for question in written:
        text = clean_text(question.text)[:_LONGEST].strip()
        plain = plain_form(text) or text
        if plain in seen or why_no_question(text) is not None:
            continue
        seen.add(plain)
        fresh.append(dataclasses.replace(question, text=text))
    known = [dataset.questions[row] for row in dataset.judged_rows.tolist()]
    threshold = GroupingSettings().question_similarity
    near = nearest_known([question.text for question in fresh], known, threshold)
    return [question for question, place in zip(fresh, near.tolist(), strict=True) if place < 0]


def _asked_of_group(dataset: QADataset) -> dict[int, list[str]]:
    """Return the training questions of each group of answers."""
    found: dict[int, list[str]] = {}
    for row in dataset.rows(TRAIN).tolist():
        found.setdefault(int(dataset.question_group[row]), []).append(dataset.questions[row])
    return found


def _rareness(words: Sequence[Sequence[str]]) -> Callable[[str], float]:
    """Return how rare a word is among the answers: log of n / the answers that have it."""
    counts = Counter(word.casefold() for own in words for word in {w.casefold() for w in own})
    total = max(len(words), 1)

    def rare(word: str) -> float:
        return float(np.log(total / counts.get(word.casefold(), 1)))

    return rare


def _of_answer(
    answer: str, asked: Sequence[str], speech: Language, rare: Callable[[str], float]
) -> list[tuple[str, str]]:
    """Return style and text of what one answer gives, the likeliest first, styles in turn."""
    plain = _MARKUP.sub(" ", _URL.sub(" ", answer))
    sentences = [_LEAD.sub("", part).strip() for part in _PARTS.split(plain)]
    sentences = [part for part in sentences if len(speech.words(part)) >= 2][:_SENTENCES]
    made: dict[str, list[str]] = {style: [] for style in STYLES}
    reworded = 0 < len(asked) <= _FEW_WORDINGS
    heading = _MARKUP.sub(" ", min(asked, key=len)).strip() if reworded else ""
    for sentence in sentences:
        _fill(made, _fitting(sentence, speech.of_answers), speech.turned)
    if heading:
        _fill(made, _fitting(heading, speech.of_questions), str)
    head, own = speech.words(heading), speech.words(" ".join(sentences))
    short, longer = _KEYWORDS
    made[KEYWORDS].insert(0, speech.space.join(_rarest(own, rare, longer)))
    if head:
        extra = [word for word in _rarest(own, rare, short) if word not in head]
        made[KEYWORDS].insert(0, speech.space.join([*_rarest(head, rare, longer), *extra[:1]]))
        made[KEYWORDS].insert(2, speech.space.join(_rarest(head, rare, short)))
    if sentences:
        made[TITLE].append(speech.turned(sentences[0]))
    order = itertools.zip_longest(*([(style, text) for text in made[style]] for style in STYLES))
    return [pair for turn in order for pair in turn if pair is not None and pair[1].strip()]


def _fitting(text: str, patterns: Sequence[WritingPattern]) -> Iterable[tuple[str, str, str]]:
    """Yield style, template and the part of a text that the first fitting pattern catches."""
    for pattern in patterns:
        match = pattern.finds.match(text)
        if match is not None:
            for style, templates in pattern.makes.items():
                yield from ((style, template, match.group("x").strip()) for template in templates)
            return


def _fill(
    made: dict[str, list[str]],
    fitting: Iterable[tuple[str, str, str]],
    turned: Callable[[str], str],
) -> None:
    for style, template, caught in fitting:
        made[style].append(template.format(x=turned(caught)))


def _rarest(words: Sequence[str], rare: Callable[[str], float], count: int) -> list[str]:
    """Return the words that few other answers have, in the order of the text."""
    distinct_words = list({word.casefold(): word for word in reversed(words)}.values())[::-1]
    repeated = Counter(word.casefold() for word in words)
    best = sorted(distinct_words, key=lambda w: -rare(w) * (1 + np.log(repeated[w.casefold()])))
    chosen = set(best[:count])
    return [word for word in distinct_words if word in chosen]


# The round trip, and a place in the data.


def with_written(dataset: QADataset, written: Sequence[WrittenQuestion]) -> QADataset:
    """Return the dataset with written questions at its end; marked as such, never tested.

    Questions that were written before stay. Rows of all other questions stay where they are.
    """
    count, taken = len(written), set(dataset.question_ids)
    numbered = (f"w{number}" for number in itertools.count(1))
    ids = itertools.islice((name for name in numbered if name not in taken), count)
    answers = np.array([question.answer for question in written], np.int32)
    n_q = len(dataset.questions)
    attributes = {name: (*own, *[""] * count) for name, own in dataset.attributes.items()}
    own_marks = dataset.attributes.get(WRITTEN_BY, ("",) * n_q)
    attributes[WRITTEN_BY] = (*own_marks, *(question.provenance for question in written))
    return dataclasses.replace(
        dataset,
        questions=(*dataset.questions, *(question.text for question in written)),
        question_ids=(*dataset.question_ids, *ids),
        right_question=np.concatenate([dataset.right_question, np.arange(n_q, n_q + count)]).astype(
            np.int32
        ),
        right_answer=np.concatenate([dataset.right_answer, answers]).astype(np.int32),
        right_grade=np.concatenate([dataset.right_grade, np.ones(count)]).astype(np.float32),
        question_group=np.concatenate(
            [dataset.question_group, dataset.answer_group[answers]]
        ).astype(np.int32),
        split=np.concatenate([dataset.split.astype("U18"), np.full(count, WRITTEN, "U18")]),
        question_row=np.concatenate([dataset.question_row, np.zeros(count)]).astype(np.int32),
        attributes=attributes,
        question_weight=np.concatenate([dataset.question_weight, np.ones(count)]).astype(
            np.float32
        ),
        must_find=np.concatenate([dataset.must_find, np.zeros(count, bool)]),
    )


def without_written(dataset: QADataset, rows: Rows | None = None) -> QADataset:
    """Return the dataset without its written questions, or without some of them.

    Without any left it is again what it was before the first was written.
    """
    gone = dataset.written_rows if rows is None else np.intersect1d(rows, dataset.written_rows)
    left = dataset.of_questions(np.setdiff1d(np.arange(len(dataset.questions)), gone))
    if not len(left.written_rows):
        kept = {name: own for name, own in left.attributes.items() if name != WRITTEN_BY}
        left = dataclasses.replace(left, attributes=kept)
    return left


def written_in(dataset: QADataset) -> list[WrittenQuestion]:
    """Return the written questions of a dataset, in the order of their rows."""
    marks = dataset.attributes.get(WRITTEN_BY, ())
    found = []
    for row in dataset.written_rows.tolist():
        by, _, style = marks[row].rpartition(": ")
        answer = int(dataset.right_answers(row)[0])
        found.append(WrittenQuestion(dataset.questions[row], answer, style, by))
    return found


def round_trip(labels: LabelModel, rows: Rows) -> np.ndarray:
    """Return which written questions lead the experts back to the answer they were written from.

    Parameters
    ----------
    labels : LabelModel
        Without blend: what the experts say, who know nothing of right answers.
    rows : int array [n]
        Rows of the written questions.

    Returns
    -------
    bool array [n]
        True where fewer than three answers have at least the label of the answer; those of its
        group say nearly the same and count as the answer. Equal labels count against it: experts
        who have no opinion have found nothing.
    """
    dataset, found = labels.dataset, np.zeros(len(rows), bool)
    answers = np.arange(len(dataset.answers), dtype=np.int32)
    for start in range(0, len(rows), QUESTIONS_AT_ONCE):
        part = np.asarray(rows[start : start + QUESTIONS_AT_ONCE])
        targets, known = labels.block(part, answers)
        targets = np.where(known, targets, -1.0)
        own = dataset.question_group[part][:, None] == dataset.answer_group[None]
        best = np.where(own, targets, -1.0).max(axis=1)
        ahead = ((targets >= best[:, None]) & ~own).sum(axis=1)
        found[start : start + len(part)] = (ahead < FOUND_AMONG) & (best >= 0)
    return found
