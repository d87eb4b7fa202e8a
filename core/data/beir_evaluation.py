"""A BEIR folder or ZIP only to measure with: no training, no grouping of near-duplicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.beir_files import BeirFiles, open_beir
from core.data.distinct import clean_text
from core.errors import DataError
from core.types import TEST_UNSEEN, QADataset

MOST_TEXTS = 200_000  # questions and documents; every one is encoded by both models
_TEST = "test"


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
    chosen = {_TEST: files.qrels[_TEST]} if _TEST in files.qrels else files.qrels
    right: dict[tuple[str, str], float] = {}
    for judged in chosen.values():
        for query, document, grade in judged:
            if grade > 0 and query in files.queries and document in files.corpus:
                right[query, document] = grade
    queries = list(dict.fromkeys(query for query, _ in right))
    if not queries:
        raise DataError(
            "No judgement in the qrels of {name} names a query and a document that exist.",
            name=name,
        )
    if len(queries) + len(files.corpus) > MOST_TEXTS:
        raise DataError(
            "{name} has {queries} judged questions and {documents} documents; at most {most} "
            "texts in all can be measured here. Take a part of it.",
            name=name,
            queries=len(queries),
            documents=len(files.corpus),
            most=MOST_TEXTS,
        )
    documents = list(files.corpus)
    at_query = {key: i for i, key in enumerate(queries)}
    at_document = {key: i for i, key in enumerate(documents)}
    pairs = sorted((at_query[q], at_document[d], grade) for (q, d), grade in right.items())
    question = np.array([pair[0] for pair in pairs], np.int32)
    answer = np.array([pair[1] for pair in pairs], np.int32)
    first = answer[np.searchsorted(question, np.arange(len(queries)))]
    return QADataset(
        name=name,
        questions=tuple(clean_text(files.queries[key]) for key in queries),
        answers=tuple(clean_text(files.corpus[key]) for key in documents),
        question_ids=tuple(queries),
        answer_ids=tuple(documents),
        right_question=question,
        right_answer=answer,
        right_grade=np.array([pair[2] for pair in pairs], np.float32),
        question_group=np.unique(first, return_inverse=True)[1].reshape(-1).astype(np.int32),
        answer_group=np.arange(len(documents), dtype=np.int32),
        split=np.full(len(queries), TEST_UNSEEN, dtype="U18"),
        question_row=np.arange(1, len(queries) + 1, dtype=np.int32),
    )
