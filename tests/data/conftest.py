"""Reading a file that a test made."""

from __future__ import annotations

import pytest

from core.data.file_reports import FileReport, ReadingOptions, report_on


@pytest.fixture
def read(tmp_path):
    def reading(content: bytes, name: str = "faq.csv", columns: str = "", **options) -> FileReport:
        path = tmp_path / name
        path.write_bytes(content)
        return report_on(path, options=ReadingOptions(columns=columns, **options))

    return reading
