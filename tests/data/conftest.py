"""Reading a file that a test made."""

from __future__ import annotations

import io

import pytest

from core.data.file_reports import FileReport, ReadingOptions, report_on
from core.jobs.parcel import pack, unpack


def as_sent(report: FileReport) -> FileReport:
    """Return the report as it comes out of the process that reads files."""
    content = io.BytesIO()
    pack(report, content)
    content.seek(0)
    again = unpack(content)
    assert again == report
    return again


@pytest.fixture
def read(tmp_path):
    def reading(content: bytes, name: str = "faq.csv", columns: str = "", **options) -> FileReport:
        path = tmp_path / name
        path.write_bytes(content)
        return as_sent(report_on(path, options=ReadingOptions(columns=columns, **options)))

    return reading
