"""BEIR folders: the texts and splits that published figures are made with, and no leaks."""

import io
import json
import zipfile

import numpy as np
import pytest

from core.data.beir import read_beir
from core.data.reading.archives import is_beir
from core.data.reading.formats import read_table
from core.errors import DataError, TooLittleDataError
from core.types import TEST_KNOWN, TEST_UNSEEN, TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN

TOPICS = (
    *("parcel", "refund", "tent", "stove", "kettle", "piano", "dentist"),
    *("library", "garden", "window", "bicycle", "island"),
)


def lines(records):
    return "\n".join(json.dumps(record) for record in records) + "\n"


def folder_of(tmp_path, qrels, queries=None, corpus=None, splits=None):
    corpus = corpus or [
        {"_id": f"d{i}", "title": topic.title(), "text": f"{topic[::-1] * 3} explained."}
        for i, topic in enumerate([*TOPICS, "unasked"])
    ]
    queries = queries or [
        {"_id": f"q{i}", "text": f"{'abcd'[i % 4] * 6} {TOPICS[i // 4]} {TOPICS[i // 4][::-1]}?"}
        for i in range(48)
    ]
    (tmp_path / "corpus.jsonl").write_text(lines(corpus))
    (tmp_path / "queries.jsonl").write_text(lines(queries))
    for name, pairs in qrels.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        rows = [f"{query}\t{document}\t{grade}" for query, document, grade in pairs]
        path.write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    if splits:
        (tmp_path / "splits.json").write_text(json.dumps(splits))
    return tmp_path


def right(start, stop):
    return [(f"q{i}", f"d{i // 4}", 1) for i in range(start, stop)]


def zip_of(folder, root=""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.rglob("*"):
            if path.is_file():
                archive.write(path, root + path.relative_to(folder).as_posix())
    return buffer.getvalue()


def test_single_qrels_are_split_like_a_table(tmp_path):
    folder = folder_of(tmp_path, {"qrels.tsv": right(0, 48)})
    dataset = read_beir(folder, name="x").dataset
    assert dataset.answers[0].startswith("Parcel lecrap")
    assert len(dataset.answers) == 13  # the document nobody asks for stays
    assert set(np.unique(dataset.split)) >= {TRAIN, TEST_KNOWN, TEST_UNSEEN}
    assert dataset.question_ids[3] == "q3" and dataset.answer_ids[12] == "d12"


def test_zip_and_folder_are_the_same_dataset(tmp_path):
    folder = folder_of(tmp_path, {"qrels.tsv": right(0, 48)})
    for root in ("", "mydata/"):
        content = zip_of(folder, root)
        assert is_beir(content)
        assert read_beir(content, name="x").dataset.id == read_beir(folder, name="x").dataset.id
        table = read_table(content, "mydata.zip")
        assert table.format == "beir" and len(table.frame) == 48


def test_training_questions_that_share_a_tested_answer_are_left_out(tmp_path):
    """Question 20 asks for the tested answer d10: learning it would give the test away."""
    qrels = {
        "qrels/train.tsv": [*right(0, 40), ("q20", "d10", 1)],
        "qrels/test.tsv": right(40, 48),
    }
    result = read_beir(folder_of(tmp_path, qrels), name="x")
    dataset = result.dataset
    assert (dataset.split == TEST_UNSEEN).sum() == 8
    assert (dataset.split == VALIDATION_UNSEEN).sum() == 4
    learned = dataset.question_group[dataset.split == TRAIN]
    assert not set(learned) & set(dataset.question_group[dataset.split == TEST_UNSEEN])
    assert not {"q20", "q21", "q22", "q23"} & set(dataset.question_ids)
    assert any("4 training questions were left out" in str(w) for w in result.warnings)


def test_a_test_over_trained_answers_is_called_known(tmp_path):
    pairs = right(0, 48)
    qrels = {"qrels/train.tsv": pairs[0::2], "qrels/test.tsv": pairs[1::2]}
    dataset = read_beir(folder_of(tmp_path, qrels), name="x").dataset
    assert (dataset.split == TEST_KNOWN).sum() == 24
    assert len(dataset.questions) == 48


def test_test_alone_serves_to_evaluate(tmp_path):
    result = read_beir(folder_of(tmp_path, {"qrels/test.tsv": right(0, 6)}), name="x")
    assert result.dataset.split.tolist() == [TEST_UNSEEN] * 6
    assert any("compare models only" in str(warning) for warning in result.warnings)


def test_declared_splits_and_groups_are_taken_as_they_are(tmp_path):
    queries = [
        {"_id": f"q{i}", "text": f"text {i} {'xyz'[i % 3]}", "group": i // 8} for i in range(48)
    ]
    splits = {
        "train": [f"q{i}" for i in range(20)],
        "validation": [f"q{i}" for i in range(20, 24)],
        "test_known": ["q24"],
        "test_unseen": [f"q{i}" for i in range(40, 48)],
    }
    folder = folder_of(tmp_path, {"qrels.tsv": right(0, 48)}, queries=queries, splits=splits)
    result = read_beir(folder, name="x")
    dataset = result.dataset
    assert len(dataset.questions) == 33
    assert (dataset.split == VALIDATION_KNOWN).sum() == 4
    assert dataset.question_group[0] == dataset.question_group[7] != dataset.question_group[8]
    assert any("15 questions without" in str(warning) for warning in result.warnings)


def test_graded_zero_and_dangling_judgements(tmp_path):
    pairs = [
        ("q0", "d0", 2),
        ("q0", "d1", 1),
        ("q1", "d1", 0),
        ("q9", "nowhere", 1),
        ("no", "d1", 1),
    ]
    dataset = read_beir(folder_of(tmp_path, {"qrels/test.tsv": pairs}), name="x").dataset
    assert dataset.question_ids == ("q0",)
    assert dataset.right_grade.tolist() == [2, 1]
    assert dataset.right_answers(0).tolist() == [0, 1]


def test_trec_qrels_with_four_columns(tmp_path):
    folder = folder_of(tmp_path, {"qrels/test.tsv": []})
    (folder / "qrels/test.tsv").write_text("q0\t0\td0\t1\nq1\t0\td1\t1\n")
    assert read_beir(folder, name="x").dataset.question_ids == ("q0", "q1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda f: (f / "corpus.jsonl").write_text('{"_id": "d0", "text": "x"}\n{oops\n'),
            "Line 2",
        ),
        (lambda f: (f / "corpus.jsonl").write_text('{"text": "no id"}\n'), "_id"),
        (lambda f: (f / "corpus.jsonl").write_bytes(b'{"_id": "\xff"}'), "not UTF-8"),
        (lambda f: (f / "queries.jsonl").unlink(), "lacks queries.jsonl"),
        (lambda f: (f / "qrels.tsv").write_text("a b c\nq0 d0 1\n"), "Line 2 of qrels.tsv"),
        (lambda f: (f / "qrels.tsv").write_text("q\td\ts\nq0\td0\tfine\n"), "Line 2 of qrels.tsv"),
        (lambda f: (f / "qrels.tsv").write_text("q\td\ts\n"), "No judgement"),
        (lambda f: (f / "splits.json").write_text("[1]"), "splits.json"),
        (lambda f: (f / "splits.json").write_text('{"exam": ["q1"]}'), "exam"),
        (
            lambda f: (f / "splits.json").write_text('{"train": ["q1"], "test": ["q1"]}'),
            "two splits",
        ),
    ],
)
def test_damaged_folders_name_file_and_line(tmp_path, change, said):
    folder = folder_of(tmp_path, {"qrels.tsv": right(0, 48)})
    change(folder)
    with pytest.raises(DataError) as caught:
        read_beir(folder, name="x")
    assert said in str(caught.value)


def test_too_little_to_split(tmp_path):
    with pytest.raises(TooLittleDataError):
        read_beir(folder_of(tmp_path, {"qrels.tsv": right(0, 12)}), name="x")


def test_stackfaq_follows_its_protocol(data_dir):
    dataset = read_beir(data_dir / "stackfaq", name="stackfaq").dataset
    counts = {name: int((dataset.split == name).sum()) for name in np.unique(dataset.split)}
    assert counts == {TRAIN: 380, VALIDATION_KNOWN: 95, TEST_KNOWN: 474, TEST_UNSEEN: 300}
    assert len(dataset.answers) == 719
    assert len(np.unique(dataset.question_group)) == 125
    unseen = dataset.question_group[dataset.split == TEST_UNSEEN]
    assert not np.isin(unseen, dataset.question_group[dataset.split == TRAIN]).any()


def test_scifact_keeps_its_official_test(data_dir):
    dataset = read_beir(data_dir / "scifact", name="scifact").dataset
    assert (dataset.split == TEST_UNSEEN).sum() == 300
    assert len(dataset.answers) == 5183
    assert (dataset.split == TRAIN).sum() > 400
    held = dataset.question_group[dataset.split == TEST_UNSEEN]
    assert not np.isin(held, dataset.question_group[dataset.split != TEST_UNSEEN]).any()


def test_a_question_judged_in_two_qrels_is_told_and_kept_out_of_training(tmp_path):
    qrels = {"qrels/train.tsv": right(0, 40), "qrels/test.tsv": right(36, 48)}
    result = read_beir(folder_of(tmp_path, qrels), name="x")
    dataset = result.dataset
    split = dict(zip(dataset.question_ids, dataset.split.tolist(), strict=True))
    assert all(split[f"q{i}"] in (TEST_KNOWN, TEST_UNSEEN) for i in range(36, 40))
    said = next(str(w) for w in result.warnings if "several qrels" in str(w))
    assert "4 questions" in said and "q36" in said


def test_judgements_of_zero_are_pairs_known_to_be_wrong(tmp_path):
    wrong = [("q0", "d5", 0), ("q0", "d0", 0), ("q3", "d7", -1), ("q1", "nowhere", 0)]
    dataset = read_beir(folder_of(tmp_path, {"qrels.tsv": right(0, 48) + wrong}), name="x").dataset
    pairs = [
        (dataset.question_ids[q], dataset.answer_ids[a])
        for q, a in zip(dataset.wrong_question, dataset.wrong_answer, strict=True)
    ]
    assert pairs == [("q0", "d5"), ("q3", "d7")]


def test_other_sets_in_an_archive_are_told(tmp_path):
    folder = folder_of(tmp_path, {"qrels.tsv": right(0, 48)})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for root in ("one/", "two/"):
            for path in folder.glob("*"):
                archive.write(path, root + path.name)
    table = read_table(buffer.getvalue(), "sets.zip")
    assert any("two" in str(warning) for warning in table.warnings)
