"""Tiny models, and a workspace of its own for every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.workspace.workspace import Workspace
from tests.tiny_models import faq, tiny_bert, tiny_static

__all__ = ["faq", "tiny_bert", "tiny_static"]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Open the workspace that commands use which name none."""
    monkeypatch.setenv("WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Workspace.open()
