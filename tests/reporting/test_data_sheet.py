"""The data sheet is valid Croissant, and its records are those of the files."""

from __future__ import annotations

import io
import json
from zipfile import ZipFile

import pytest

from core.data.beir import read_beir
from core.reporting.data_sheet import NAME
from core.reporting.exchange import beir_archive


def unpacked(dataset, folder):
    with ZipFile(io.BytesIO(beir_archive(dataset))) as archive:
        archive.extractall(folder)
    return folder / "beir"


def test_sheet_is_valid_and_reads_every_record(tmp_path, tiny_dataset):
    mlcroissant = pytest.importorskip("mlcroissant")
    folder = unpacked(tiny_dataset, tmp_path)
    sheet = mlcroissant.Dataset(jsonld=folder / NAME)
    assert not sheet.metadata.issues.errors
    records = list(sheet.records("corpus"))
    read = {record["corpus/text"].decode() for record in records}
    assert read == set(tiny_dataset.answers)
    judged = list(sheet.records("qrels_train"))
    assert judged and float(judged[0]["qrels_train/score"]) > 0


def test_every_file_has_its_hash_and_the_folder_is_read_back(tmp_path, tiny_dataset):
    import hashlib

    folder = unpacked(tiny_dataset, tmp_path)
    sheet = json.loads((folder / NAME).read_text())
    listed = {one["contentUrl"]: one["sha256"] for one in sheet["distribution"]}
    held = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {NAME}
    assert set(listed) == held
    for name, sha256 in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    assert sheet["personalSensitiveInformation"].startswith("Looked for automatically")
    again = read_beir(folder, name="again").dataset
    assert set(again.questions) == set(tiny_dataset.questions)
