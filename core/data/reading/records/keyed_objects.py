"""Objects whose names say something: questions with their answers, topics, ids of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.data.columns.column_names import TEXT_ROLES, role_of
from core.data.reading.row_kinds import QUESTION_MARKS
from core.data.reading.unfolding import text_of
from core.data.table import NotUsed
from core.messages import Message, N_n

Record = dict[str, object]
NO_DOCUMENT = N_n(
    "{count} judgement names a document that does not exist: {ids}.",
    "{count} judgements name a document that does not exist: {ids}.",
)
_ENDS = (*QUESTION_MARKS, ".", "!", "…", "。", "！")
_NEARLY_ALL, _MOSTLY, _HARDLY = 0.8, 0.5, 0.2
_FEWEST = 3  # pairs
_SAMPLE = 200  # records that tell what all are
_RELEVANCE = ("relevan", "qrel", "judg")  # in the names of maps that join questions and documents
_MOST_MAPS = 20  # objects of a document that may be its maps


# Questions as names


def read_dictionary(document: object) -> list[object] | None:
    """Read an object whose names are the questions and whose values are the answers."""
    if not isinstance(document, dict) or len(document) < _FEWEST or not _asks_and_tells(document):
        return None
    told = _tells_names(document)
    return [_pair(key, value, told) for key, value in document.items()]


def read_dictionaries(document: object) -> list[object] | None:
    """Read an object of topics, each with an object of questions and answers."""
    if not isinstance(document, dict) or not document:
        return None
    groups = {name: value for name, value in document.items() if isinstance(value, dict) and value}
    every = {key: text for value in groups.values() for key, text in value.items()}
    if len(groups) < len(document) or len(every) < _FEWEST or not _asks_and_tells(every):
        return None
    told = _tells_names(every)
    return [
        {**_pair(key, text, told), "category": name}
        for name, value in groups.items()
        for key, text in value.items()
    ]


def are_questions(document: Mapping[str, object]) -> bool:
    """Tell whether the names of an object are sentences with lists or objects of answers.

    Names of columns may be sentences, too (those of a survey); but these are few beside many rows.
    """
    values = list(document.values())
    if len(values) < _FEWEST or all(isinstance(value, str) for value in values):
        return False
    ending = sum(str(key).rstrip().endswith(_ENDS) for key in document)
    if all(isinstance(value, dict) for value in values):
        asking = sum(str(key).rstrip().endswith(QUESTION_MARKS) for key in document)
        return asking >= _NEARLY_ALL * len(values) and all(map(_answers, values))
    if not all(isinstance(value, str) or _are_texts(value) for value in values):
        return False
    lengths = {len(value) if isinstance(value, list) else 1 for value in values}
    longest = max(lengths)
    named = {"question", "answer"} <= {role_of(str(key)) for key in document}
    if ending >= _MOSTLY * len(values):
        if lengths == {longest} and longest > 1:  # as columns are
            lists = [value for value in values if isinstance(value, list)]
            asks = any(all(str(t).rstrip().endswith(QUESTION_MARKS) for t in v) for v in lists)
            return not named and not asks and longest < len(values)
        return longest <= len(values) * (_MOSTLY if named else 1)
    spaced = sum(" " in str(key).strip() for key in document)
    return longest == 1 and spaced >= _NEARLY_ALL * len(values) and not named


def _asks_and_tells(pairs: Mapping[str, object]) -> bool:
    """Tell whether the names of an object are questions and its values their answers."""
    if are_questions(pairs):
        return True
    texts = sum(isinstance(value, str) for value in pairs.values())
    asked = sum(1 for key in pairs if " " in key.strip() or key.rstrip().endswith(("?", "？")))
    return texts == len(pairs) and asked >= _NEARLY_ALL * len(pairs)


def _tells_names(pairs: Mapping[str, object]) -> bool:
    """Tell whether the names are the answers, to the questions that their lists hold."""
    lists = [value for value in pairs.values() if isinstance(value, list)]
    texts = [str(item) for value in lists for item in value]
    asking = sum(text.rstrip().endswith(QUESTION_MARKS) for text in texts)
    named = sum(key.rstrip().endswith(QUESTION_MARKS) for key in pairs)
    return bool(texts) and asking >= _NEARLY_ALL * len(texts) and named < _HARDLY * len(pairs)


def _pair(name: str, value: object, told: bool) -> Record:
    if told:
        return {"question": value, "answer": name}
    return {"question": name, **value} if isinstance(value, dict) else _asked(name, value)


def _asked(question: str, answer: object) -> Record:
    return {"question": question, "answer": answer}


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _answers(value: object) -> bool:
    roles = {role_of(str(key)) for key in value} if isinstance(value, dict) else set()
    return "answer" in roles and "question" not in roles


# Ids as names


def keyed_records(document: Mapping[str, object]) -> list[object] | None:
    """Return the records of an object whose names are their ids, None where it holds no such."""
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(value, dict) for value in values):
        return None
    sample = values[:_SAMPLE]
    if sum(map(_asks_itself, sample)) < _MOSTLY * len(sample):
        return None
    return with_ids(document)


def with_ids(document: Mapping[str, object]) -> list[object]:
    """Return the objects in an object, each with its name as its id."""
    return [
        {"id": key, **value} if "id" not in value else value
        for key, value in document.items()
        if isinstance(value, dict)
    ]


def _asks_itself(record: object) -> bool:
    """Tell whether a record holds texts of a question and an answer under names of its own."""
    if not isinstance(record, dict):
        return False
    roles = {key: role_of(str(key)) for key in record}
    return all(
        any(text_of(record[key]) for key, held in roles.items() if held == role and record[key])
        for role in TEXT_ROLES
    )


# Maps of texts, and one of what belongs together


@dataclass(frozen=True)
class TextMaps:
    """Questions and documents by their ids, and which documents answer which question.

    Attributes
    ----------
    questions, documents : mapping of id to text
    relevant : list of (question id, document id, grade)
        The grade is None where the file gives none.
    documents_name : str
        What the file calls the documents.
    """

    questions: Mapping[str, str]
    documents: Mapping[str, str]
    relevant: Sequence[tuple[str, str, object]]
    documents_name: str

    def records(self) -> list[object]:
        """Return a record for each judged pair, and for each question without one."""
        found: list[object] = []
        answered = set()
        for question, document, grade in self.relevant:
            if question in self.questions and document in self.documents:
                answered.add(question)
                pair = _asked(self.questions[question], self.documents[document])
                ids = {"question_id": question, "answer_id": document}
                found.append(pair | ids | ({} if grade is None else {"rating": grade}))
        found += [
            _asked(text, "") | {"question_id": question}
            for question, text in self.questions.items()
            if question not in answered
        ]
        return found

    def not_used(self) -> list[NotUsed]:
        """Return how many documents belong to no question."""
        rest = self.documents.keys() - {document for _, document, _ in self.relevant}
        return [NotUsed("list", self.documents_name, len(rest))] if rest else []

    def warnings(self) -> list[Message]:
        """Name the documents that are asked for and not there."""
        lost = [d for _, d, _ in self.relevant if d not in self.documents]
        shown = ", ".join(d[:40] for d in lost[:5]) + (", …" if len(lost) > 5 else "")
        return [Message(NO_DOCUMENT, {"count": len(lost), "ids": shown})] if lost else []


def text_maps(document: object) -> TextMaps | None:
    """Return the maps of a data set for retrieval (LlamaIndex, BEIR in one file), None for others.

    They are known by their ids: those of one map name questions and list documents.
    """
    if not isinstance(document, dict):
        return None
    maps = {str(k): v for k, v in document.items() if isinstance(v, dict) and len(v) > 1}
    if not 3 <= len(maps) <= _MOST_MAPS:
        return None
    texts = {name: held for name, value in maps.items() if (held := _texts_by_id(value))}
    for name, value in maps.items():
        relevant = None if name in texts else list(_related(value))
        if not relevant:
            continue
        judging = any(part in name.casefold() for part in _RELEVANCE)
        asking = {question for question, _, _ in relevant}
        told = {held for _, held, _ in relevant}
        fits = [
            (role_of(one) == "question", role_of(other) != "question", one, other)
            for one in texts
            for other in texts
            if one != other
            # columns of pandas share the numbers of their rows: pages of row 3 are no other rows
            if judging or texts[one].keys() != texts[other].keys()
            if len(asking & texts[one].keys()) >= _NEARLY_ALL * len(asking)
            if len(told & texts[other].keys()) >= _NEARLY_ALL * len(told)
        ]
        if fits:
            *_, one, other = max(fits, key=lambda fit: fit[:2])
            return TextMaps(texts[one], texts[other], relevant, other)
    return None


def _texts_by_id(value: Mapping[str, object]) -> dict[str, str] | None:
    """Return the text of each id; as in BEIR a title goes before it. None where most have none."""
    texts: dict[str, str] = {}
    for key, item in value.items():
        if not isinstance(item, str | dict):
            return None
        text = text_of(item)
        title = item.get("title") if isinstance(item, dict) else None
        texts[str(key)] = f"{title} {text}" if isinstance(title, str) and title != text else text
    worded = sum(" " in text.strip() or not text.isascii() for text in texts.values())
    return texts if worded >= _MOSTLY * len(texts) else None


def _related(value: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """Yield question, document and grade: ids in a list, one alone, or with a grade each."""
    for key, held in value.items():
        if isinstance(held, dict):
            for name, grade in held.items():
                if isinstance(grade, bool | int | float):
                    yield str(key), str(name), grade
        else:
            for item in held if isinstance(held, list) else [held]:
                if isinstance(item, str | int):
                    yield str(key), str(item), None
