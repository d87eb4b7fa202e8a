"""A BEIR folder as a dataset: with its own splits, without leaks, or only to measure with."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.checks import finding
from core.data.importing import ImportResult, ImportSettings, RowCounts, summarise
from core.data.matching import clean_text
from core.data.near_duplicates.grouping import Grouping, group_texts
from core.data.pairs import text_findings
from core.data.personal.masking import personal_in
from core.data.reading.archives import BeirFiles, beir_warnings, open_beir
from core.data.splitting import split_by_group
from core.errors import DataError
from core.messages import N_, Message, N_n
from core.progress import Progress
from core.types import (
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    QADataset,
)

MOST_TEXTS = 200_000  # questions and documents to measure with; both models encode every one
_TEST = "test"
_NAMES: Mapping[str, str] = {name: name for name in SPLITS} | {
    "validation": VALIDATION_KNOWN,
    "dev": VALIDATION_UNSEEN,
    "test": TEST_UNSEEN,
}
_SEEN = (TRAIN, VALIDATION_KNOWN)


@dataclass(frozen=True, eq=False)
class _Judged:
    """Judged queries and all documents of a BEIR folder as rows; names as in ``QADataset``."""

    queries: list[str]
    documents: list[str]
    questions: list[str]
    answers: list[str]
    right_question: np.ndarray
    right_answer: np.ndarray
    right_grade: np.ndarray
    wrong_question: np.ndarray
    wrong_answer: np.ndarray

    @classmethod
    def of(
        cls, files: BeirFiles, name: str, qrels: Sequence[str], among: Container[str] | None = None
    ) -> _Judged:
        """Take the judgements of the named qrels, of queries ``among`` these alone.

        Above 0 is right, all else known to be wrong.

        Raises
        ------
        DataError
            If no judgement names a query and a document that exist.
        """
        right = {
            (query, document): grade
            for key in qrels
            for query, document, grade in files.qrels[key]
            if grade > 0 and files.queries.get(query) and files.corpus.get(document)
        }
        judged = {query for query, _ in right}
        queries = [q for q in files.queries if q in judged and (among is None or q in among)]
        if not queries:
            raise DataError(
                "No judgement in the qrels of {name} names a query and a document that exist.",
                name=name,
            )
        documents = list(files.corpus)
        at_query = {key: i for i, key in enumerate(queries)}
        at_document = {key: i for i, key in enumerate(documents)}
        pairs = sorted(
            (at_query[q], at_document[d], grade) for (q, d), grade in right.items() if q in at_query
        )
        wrong = sorted(
            {
                (at_query[query], at_document[document])
                for key in qrels
                for query, document, grade in files.qrels[key]
                if grade <= 0 and (query, document) not in right
                if query in at_query and files.corpus.get(document)
            }
        )
        return cls(
            queries,
            documents,
            [clean_text(files.queries[key]) for key in queries],
            [clean_text(files.corpus[key]) for key in documents],
            np.array([pair[0] for pair in pairs], np.int32),
            np.array([pair[1] for pair in pairs], np.int32),
            np.array([pair[2] for pair in pairs], np.float32),
            np.array([pair[0] for pair in wrong], np.int32),
            np.array([pair[1] for pair in wrong], np.int32),
        )


def read_beir(
    source: Path | bytes,
    *,
    name: str,
    settings: ImportSettings | None = None,
    source_sha256: str = "",
    stretch: Progress | None = None,
) -> ImportResult:
    """Read a BEIR folder, or the bytes of its ZIP, into a dataset.

    The text of a document is ``title + " " + text``. Documents that no query asks for stay in the
    collection; queries without a judgement above 0 are left out and counted.

    Splits come from ``splits.json`` if there is one (its groups are then taken as they are), else
    from the names in ``qrels/`` (``test`` = unseen answers, ``dev`` = their validation), else,
    with a single ``qrels.tsv``, from :func:`core.data.splitting.split_by_group`. With ``train``
    and ``test`` only, a tenth of the training groups becomes validation; for leaks see
    :func:`core.data.beir.without_leaks`. Without ``train`` the data serve to evaluate.

    Raises
    ------
    DataError
        If a file is missing or unreadable, or no query has a right answer.
    """
    settings = settings or ImportSettings()
    files = open_beir(source)
    named = None if settings.split_anew else named_splits(files)
    judged = _Judged.of(files, name, list(files.qrels), named)
    queries = judged.queries
    warnings = [*beir_warnings(files), *_left_out(len(files.queries) - len(queries))]
    grouping = group_texts(
        judged.questions,
        judged.answers,
        judged.right_question,
        judged.right_answer,
        settings=settings.grouping,
        stretch=stretch,
    )
    question_group, answer_group = grouping.question_group, grouping.answer_group
    if files.query_group:
        question_group, answer_group = _given_groups(files, queries, judged.documents, grouping)

    kept = np.ones(len(queries), bool)
    if named is None:
        split = split_by_group(
            question_group,
            seed=settings.seed,
            settings=settings.splitting,
            question_cluster=grouping.question_cluster,
        )
    else:
        split = np.array([named[key] for key in queries], dtype="U18")
        if not files.splits:
            split, kept = _without_leaks(split, question_group)
            share = settings.splitting.validation_unseen
            split = _with_validation(split, question_group, settings.seed, share)
    if not kept.all():
        text = N_n(
            "{count} training question was left out, because its answers are "
            "also right for test questions.",
            "{count} training questions were left out, because their answers "
            "are also right for test questions.",
        )
        warnings.append(Message(text, {"count": int((~kept).sum())}))
    if TRAIN not in split[kept]:
        text = N_("There are no training questions: these data can be used to compare models only.")
        warnings.append(Message(text))

    chosen = np.flatnonzero(kept)
    moved = np.full(len(queries), -1, np.int32)
    moved[chosen] = np.arange(len(chosen), dtype=np.int32)
    of_kept, wrong_kept = kept[judged.right_question], kept[judged.wrong_question]
    dataset = QADataset(
        name=name,
        questions=tuple(judged.questions[i] for i in chosen),
        answers=tuple(judged.answers),
        question_ids=tuple(queries[i] for i in chosen),
        answer_ids=tuple(judged.documents),
        right_question=moved[judged.right_question[of_kept]],
        right_answer=judged.right_answer[of_kept],
        right_grade=judged.right_grade[of_kept],
        question_group=question_group[chosen],
        answer_group=answer_group,
        split=split[chosen],
        question_row=(chosen + 1).astype(np.int32),
        attributes={
            name: tuple(values.get(queries[i], "") for i in chosen)
            for name, values in files.query_attributes.items()
        },
        source_sha256=source_sha256,
        wrong_question=moved[judged.wrong_question[wrong_kept]],
        wrong_answer=judged.wrong_answer[wrong_kept],
    )
    rows = dataset.question_row.tolist()
    summary = summarise(
        dataset,
        grouping,
        RowCounts(len(files.queries), len(rows)),
        text_findings(dataset.questions, [""] * len(rows), rows) | {"short_answers": finding([])},
        personal_in(dataset),
    )
    warnings += [*grouping.warnings, *summary.split.warnings]
    return ImportResult(dataset, (), summary, tuple(warnings))


def _left_out(count: int) -> list[Message]:
    if not count:
        return []
    text = N_n(
        "{count} question without a right answer or without a split was left out.",
        "{count} questions without a right answer or without a split were left out.",
    )
    return [Message(text, {"count": count})]


def named_splits(files: BeirFiles) -> dict[str, str] | None:
    """Return the split of each query id, None where the folder names none.

    Raises
    ------
    DataError
        If a split has an unknown name, or ``splits.json`` puts a query into two.
    """
    if files.splits:
        source: Mapping[str, Sequence[str]] = files.splits
    elif "" in files.qrels:
        return None
    else:
        source = {name: [query for query, _, _ in judged] for name, judged in files.qrels.items()}
    unknown = sorted(set(source) - set(_NAMES))
    if unknown:
        raise DataError(
            "The split {unknown} is not known. Known are: {known}.",
            unknown=", ".join(unknown),
            known=", ".join(_NAMES),
        )
    result: dict[str, str] = {}
    for name in sorted(source, key=lambda name: SPLITS.index(_NAMES[name])):
        for query in source[name]:
            if files.splits and query in result:
                raise DataError(
                    "The query {query} is in two splits of splits.json ({first} and {second}).",
                    query=query,
                    first=result[query],
                    second=_NAMES[name],
                )
            result[query] = _NAMES[name]  # judged in several qrels: the test has it
    return result


def _given_groups(
    files: BeirFiles, queries: list[str], documents: list[str], grouping: Grouping
) -> tuple[np.ndarray, np.ndarray]:
    """Return question and answer groups as the files name them.

    Texts without a name keep the group that was found. Without ``splits.json``, named groups
    that near-duplicates connect are joined.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found = np.concatenate([grouping.question_group, grouping.answer_group])
    given = [files.query_group.get(key) for key in queries]
    given += [files.corpus_group.get(key) for key in documents]
    number: dict[str, int] = {}
    for group in given:
        if group is not None:
            number.setdefault(group, len(number))
    if files.splits:
        spare = len(number)
        label = [
            number[group] if group is not None else spare + int(other)
            for group, other in zip(given, found, strict=True)
        ]
        result = np.array(label, np.int64)
    else:
        first = [number[group] for group in given if group is not None]
        second = [
            len(number) + int(other)
            for group, other in zip(given, found, strict=True)
            if group is not None
        ]
        size = len(number) + int(found.max()) + 1
        graph = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
        _, component = connected_components(graph.tocsr(), directed=False)
        result = component[len(number) + found]
    _, result = np.unique(result, return_inverse=True)
    return result[: len(queries)].astype(np.int32), result[len(queries) :].astype(np.int32)


def _without_leaks(split: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make declared splits honest: no training question of a group that is tested as unseen.

    Such training questions are left out. Where that would cost more than half of them, the test
    was never one of unseen answers: then its questions from trained groups are named "known".
    """
    split = split.copy()
    learned = np.isin(split, _SEEN)
    held = np.isin(split, (TEST_UNSEEN, VALIDATION_UNSEEN))
    leaking = learned & np.isin(group, group[held])
    if leaking.sum() <= learned.sum() / 2:
        return split, ~leaking
    shared = held & np.isin(group, group[learned])
    split[shared & (split == TEST_UNSEEN)] = TEST_KNOWN
    split[shared & (split == VALIDATION_UNSEEN)] = VALIDATION_KNOWN
    return split, np.ones(len(split), bool)


def _with_validation(split: np.ndarray, group: np.ndarray, seed: int, share: float) -> np.ndarray:
    """Move a share of the training groups to validation where there is none."""
    split = split.copy()
    if np.isin(split, (VALIDATION_KNOWN, VALIDATION_UNSEEN)).any():
        return split
    free = np.setdiff1d(group[split == TRAIN], group[split != TRAIN])
    if len(free) >= 2:
        rng = np.random.default_rng(seed)
        chosen = rng.choice(free, max(1, round(share * len(free))), replace=False)
        split[(split == TRAIN) & np.isin(group, chosen)] = VALIDATION_UNSEEN
    return split


def read_for_evaluation(source: Path | bytes, name: str) -> QADataset:
    """Read a BEIR set with all its judged queries as test questions.

    Where ``qrels/test.tsv`` is there, it alone counts, as in published figures. Queries with the
    same first right document form one group.

    Raises
    ------
    DataError
        If a file is missing or unreadable, no query has a right answer, or there are too many
        texts.
    """
    return evaluation_dataset(open_beir(source), name)


def evaluation_dataset(files: BeirFiles, name: str) -> QADataset:
    """Return a set that was read already, see :func:`read_for_evaluation`."""
    judged = _Judged.of(files, name, [_TEST] if _TEST in files.qrels else list(files.qrels))
    queries = len(judged.queries)
    if queries + len(files.corpus) > MOST_TEXTS:
        raise DataError(
            "{name} has {queries} judged questions and {documents} documents; at most {most} "
            "texts in all can be measured here. Take a part of it.",
            name=name,
            queries=queries,
            documents=len(files.corpus),
            most=MOST_TEXTS,
        )
    first = judged.right_answer[np.searchsorted(judged.right_question, np.arange(queries))]
    return QADataset(
        name=name,
        questions=tuple(judged.questions),
        answers=tuple(judged.answers),
        question_ids=tuple(judged.queries),
        answer_ids=tuple(judged.documents),
        right_question=judged.right_question,
        right_answer=judged.right_answer,
        right_grade=judged.right_grade,
        question_group=np.unique(first, return_inverse=True)[1].reshape(-1).astype(np.int32),
        answer_group=np.arange(len(judged.documents), dtype=np.int32),
        split=np.full(queries, TEST_UNSEEN, dtype="U18"),
        question_row=np.arange(1, queries + 1, dtype=np.int32),
    )
