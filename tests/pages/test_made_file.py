"""A download's address does not outlive the page: whoever finds it later gets nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages.parts import made_file


def test_a_downloaded_report_is_forgotten_although_nobody_comes(tmp_path, monkeypatch):
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)
    timers = []
    monkeypatch.setattr(
        made_file,
        "Timer",
        lambda seconds, do: timers.append((seconds, do)) or SimpleNamespace(start=lambda: None),
    )
    there = SimpleNamespace(
        exists=lambda: True, get_instance=lambda: SimpleNamespace(media_file_mgr=manager)
    )
    monkeypatch.setattr(made_file, "runtime", there)
    report = tmp_path / "report.html"
    report.write_bytes(b"<html>")
    monkeypatch.setattr("streamlit.runtime.media_file_manager._get_session_id", lambda: "a session")
    placeholder = manager.add_deferred(
        lambda: made_file.opened_for_download(report), "text/html", "here", file_name="r.html"
    )
    address = manager.execute_deferred(placeholder)
    name = address.rpartition("/")[2].partition("?")[0]
    assert storage.get_file(name).content == b"<html>"
    assert [seconds for seconds, _ in timers] == list(made_file.FORGOTTEN_AFTER_S)
    timers[0][1]()
    assert storage.get_file(name), "a download that just began goes on"
    timers[1][1]()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(name)
