"""The data sheet of an exported dataset: Croissant 1.0, written as plain JSON-LD.

Croissant (https://docs.mlcommons.org/croissant/docs/croissant-spec.html) says in one file which
files there are, what their fields mean and how they belong together, so that catalogues and
loaders read data without a description by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.types import QADataset

NAME = "croissant.json"
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_LOOKED_FOR = (
    "Looked for automatically before the export (e-mail, telephone, cards, accounts, national ids, "
    "addresses, names; English and Japanese). Texts that hold some are exported only where a "
    "person said why they may be."
)
_TEXT, _NUMBER = "sc:Text", "sc:Float"
# File → its records: field, type and meaning.
_RECORDS: Mapping[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "corpus.jsonl": (
        "Answers: the collection that is searched.",
        (("_id", _TEXT, "Id of the answer."), ("text", _TEXT, "The answer.")),
    ),
    "queries.jsonl": (
        "Questions with a known right answer.",
        (("_id", _TEXT, "Id of the question."), ("text", _TEXT, "The question.")),
    ),
    "open_questions.jsonl": (
        "Questions without a known answer.",
        (("_id", _TEXT, "Id of the question."), ("text", _TEXT, "The question.")),
    ),
    "written_questions.jsonl": (
        "Synthetic questions: written from answers, asked by nobody.",
        (("_id", _TEXT, "Id of the question."), ("text", _TEXT, "The question.")),
    ),
}
_JUDGED = (
    ("query-id", _TEXT, "Id of a question."),
    ("corpus-id", _TEXT, "Id of an answer that is right for it."),
    ("score", _NUMBER, "Grade of relevance, above 0."),
)


def croissant(dataset: QADataset, files: Mapping[str, str]) -> str:
    """Return the data sheet of the files of an exported folder.

    Parameters
    ----------
    files : mapping of path to text
    """
    counts = f"{len(dataset.questions)} questions, {len(dataset.answers)} answers"
    document: dict[str, Any] = {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": dataset.name or "questions and answers",
        "description": (
            f"{counts}, {len(dataset.right_question)} judged pairs, split for learning and testing "
            "so that the same or nearly the same answers never stand on both sides."
        ),
        "version": "1.0.0",
        "identifier": dataset.id,
        "isLiveDataset": False,
        "dataCollection": "Uploaded by its owner; texts are cleaned, near-duplicates are grouped.",
        "personalSensitiveInformation": _LOOKED_FOR,
        "distribution": [_file(path, text) for path, text in files.items()],
        "recordSet": [_record_set(path) for path in files if _fields(path)],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _file(path: str, text: str) -> dict[str, Any]:
    kinds = {
        "jsonl": "application/jsonlines",
        "tsv": "text/tab-separated-values",
        "json": "application/json",
    }
    content = text.encode()
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{len(content)} B",
        "encodingFormat": kinds[path.rpartition(".")[2]],
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _fields(path: str) -> tuple[tuple[str, str, str], ...]:
    return _JUDGED if path.startswith("qrels/") else _RECORDS.get(path, ("", ()))[1]


def _record_set(path: str) -> dict[str, Any]:
    key = path.rpartition(".")[0].replace("/", "_")
    meaning = _RECORDS[path][0] if path in _RECORDS else f"Judgements of the split {key}."
    return {
        "@type": "cr:RecordSet",
        "@id": key,
        "name": key,
        "description": meaning,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{key}/{name}",
                "name": name,
                "description": about,
                "dataType": kind,
                "source": {"fileObject": {"@id": path}, "extract": {"column": name}},
            }
            for name, kind, about in _fields(path)
        ],
    }
