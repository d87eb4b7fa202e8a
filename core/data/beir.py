"""A BEIR folder as a dataset, with its own splits where it has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.beir_files import open_beir
from core.data.beir_splits import given_groups, named_splits, with_validation, without_leaks
from core.data.checks import finding, guess_language, personal_data
from core.data.distinct import clean_text
from core.data.grouping import Grouping, group_texts
from core.data.importing import ImportResult, ImportSettings, ImportSummary
from core.data.pairing import text_findings
from core.data.splitting import split_by_group, split_figures
from core.errors import DataError
from core.messages import N_, Message
from core.progress import Progress
from core.types import TRAIN, QADataset


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
    :func:`core.data.beir_splits.without_leaks`. Without ``train`` the data serve to evaluate.

    Raises
    ------
    DataError
        If a file is missing or unreadable, or no query has a right answer.
    """
    settings = settings or ImportSettings()
    files = open_beir(source)
    right = {
        (query, document): grade
        for judged in files.qrels.values()
        for query, document, grade in judged
        if grade > 0 and query in files.queries and document in files.corpus
    }
    named = named_splits(files)
    judged = {query for query, _ in right}
    queries = [q for q in files.queries if q in judged and (named is None or q in named)]
    if not queries:
        raise DataError(
            "No judgement in the qrels of {name} names a query and a document that exist.",
            name=name,
        )
    warnings = _left_out(len(files.queries) - len(queries))
    documents = list(files.corpus)
    at_query = {key: i for i, key in enumerate(queries)}
    at_document = {key: i for i, key in enumerate(documents)}
    pairs = sorted(
        (at_query[q], at_document[d], grade) for (q, d), grade in right.items() if q in at_query
    )
    right_question = np.array([p[0] for p in pairs], np.int32)
    right_answer = np.array([p[1] for p in pairs], np.int32)
    questions = [clean_text(files.queries[key]) for key in queries]
    answers = [clean_text(files.corpus[key]) for key in documents]
    grouping = group_texts(
        questions,
        answers,
        right_question,
        right_answer,
        settings=settings.grouping,
        stretch=stretch,
    )
    question_group, answer_group = grouping.question_group, grouping.answer_group
    if files.query_group:
        question_group, answer_group = given_groups(files, queries, documents, grouping)

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
            split, kept = without_leaks(split, question_group)
            share = settings.splitting.validation_unseen
            split = with_validation(split, question_group, settings.seed, share)
    if not kept.all():
        text = N_(
            "{count} training questions were left out, because their answers are also right for "
            "test questions."
        )
        warnings.append(Message(text, {"count": int((~kept).sum())}))
    if TRAIN not in split[kept]:
        text = N_("There are no training questions: these data can be used to compare models only.")
        warnings.append(Message(text))

    chosen = np.flatnonzero(kept)
    moved = np.full(len(queries), -1, np.int32)
    moved[chosen] = np.arange(len(chosen), dtype=np.int32)
    judged_kept = kept[right_question]
    grade = np.array([p[2] for p in pairs], np.float32)
    dataset = QADataset(
        name=name,
        questions=tuple(questions[i] for i in chosen),
        answers=tuple(answers),
        question_ids=tuple(queries[i] for i in chosen),
        answer_ids=tuple(documents),
        right_question=moved[right_question[judged_kept]],
        right_answer=right_answer[judged_kept],
        right_grade=grade[judged_kept],
        question_group=question_group[chosen],
        answer_group=answer_group,
        split=split[chosen],
        question_row=(chosen + 1).astype(np.int32),
        attributes={
            name: tuple(values.get(queries[i], "") for i in chosen)
            for name, values in files.query_attributes.items()
        },
        source_sha256=source_sha256,
    )
    summary = _summary(dataset, grouping, len(files.queries))
    warnings += [*grouping.warnings, *summary.split.warnings]
    return ImportResult(dataset, (), summary, tuple(warnings))


def _left_out(count: int) -> list[Message]:
    if not count:
        return []
    text = N_("{count} questions without a right answer or without a split were left out.")
    return [Message(text, {"count": count})]


def _summary(dataset: QADataset, grouping: Grouping, read: int) -> ImportSummary:
    rows = dataset.question_row.tolist()
    none = [""] * len(rows)
    found = text_findings(dataset.questions, none, rows)
    several = np.bincount(dataset.right_question, minlength=len(rows)) > 1
    return ImportSummary(
        rows_read=read,
        rows_taken=len(rows),
        rows_set_aside=read - len(rows),
        rows_merged=0,
        questions=len(dataset.questions),
        answers=len(dataset.answers),
        questions_with_several_answers=int(several.sum()),
        near_duplicate_questions=grouping.question_near_duplicates,
        near_duplicate_answers=grouping.answer_near_duplicates,
        groups=len(np.unique(dataset.question_group)),
        contradictions=(),
        short_questions=found["short_questions"],
        short_answers=finding([]),
        long_texts=found["long_texts"],
        wordless=finding([]),
        personal_data=personal_data(dataset.questions, rows),
        language=guess_language([*dataset.questions, *dataset.answers]),
        split=split_figures(dataset.split, dataset.question_group),
    )
