"""What a disk refuses is told by its reason, and never with the advice to start with nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import WorkspaceError
from core.workspace import files
from core.workspace.files import not_kept
from core.workspace.workspace import Workspace


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "may not write there"),
        (errno.EPERM, "may not write there"),
        (errno.EROFS, "may not write there"),
        (errno.EFBIG, "no file of that size"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_each_reason_has_its_own_words(number, said):
    text = str(not_kept(OSError(number, os.strerror(number)), "faq", Path("/data")))
    assert said in text
    assert "Nothing was changed" in text
    assert "empty" not in text


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EFBIG])
def test_data_and_scores_that_cannot_be_written_leave_nothing_behind(
    tmp_path, tiny_dataset, monkeypatch, number
):
    workspace = Workspace.open(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    def refuse(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(WorkspaceError, match="cannot be kept"):
        workspace.save_dataset(tiny_dataset, {})
    with pytest.raises(WorkspaceError, match="cannot be kept"):
        workspace.score_files.save("d", "file:x", {"values": np.zeros(1, np.float32)}, {})
    left = {path for path in tmp_path.rglob("*") if path.is_file()} - set(before)
    assert left == set()
