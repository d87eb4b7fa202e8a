"""Printing to PDF: with a real Chromium where there is one, and what is said where it fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from core.errors import DataError
from core.reporting import paper

PAGE = "<!DOCTYPE html><title>Sheet</title><p>First page</p>"


@pytest.mark.skipif(paper.browser() is None, reason="needs a Chromium")
def test_a_page_becomes_a_pdf_that_can_be_read():
    from io import BytesIO

    from pypdf import PdfReader

    content = paper.printed(PAGE)
    (page,) = PdfReader(BytesIO(content)).pages
    assert "First page" in page.extract_text()
    assert "file://" not in page.extract_text(), "no address of this machine on the paper"
    assert paper.can_print()


def test_without_chromium_it_is_said_what_to_do(monkeypatch):
    monkeypatch.setattr(paper.shutil, "which", lambda name: None)
    assert paper.browser() is None
    with pytest.raises(DataError, match="no Chromium on this machine"):
        paper.printed(PAGE)


def stand_in(folder: Path, script: str) -> str:
    """Write a program that is taken for Chromium."""
    program = folder / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "sleep 60"])
def test_a_chromium_that_fails_or_hangs_is_given_up(tmp_path, monkeypatch, script):
    """A hung browser would hold the lock, and with it everybody's reports, for ever."""
    slept = tmp_path / "slept"
    program = stand_in(tmp_path, f"{script}; touch {slept}")
    monkeypatch.setattr(paper, "browser", lambda: program)
    with pytest.raises(DataError, match="did not print"):
        paper.printed(PAGE, timeout_s=1)
    assert not slept.exists(), "it was waited for to the end"
    assert paper._one_at_a_time.acquire(timeout=1)
    paper._one_at_a_time.release()


@pytest.mark.parametrize(("user", "sandboxed"), [(0, False), (1000, True)])
def test_the_sandbox_goes_only_where_it_cannot_be_and_keys_stay_here(
    tmp_path, monkeypatch, user, sandboxed
):
    told = {}

    def run(command, **settings):
        told.update(command=command, **settings)
        target = next(part for part in command if part.startswith("--print-to-pdf="))
        Path(target.partition("=")[2]).write_bytes(b"%PDF-1.7")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    monkeypatch.setattr(paper, "browser", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(paper.subprocess, "run", run)
    assert paper.printed(PAGE) == b"%PDF-1.7"
    assert ("--no-sandbox" not in told["command"]) is sandboxed
    assert "secret" not in str(told["env"]) and "OPENAI_API_KEY" not in told["env"]
    assert any(part.startswith("--host-resolver-rules=MAP *") for part in told["command"])
    profile = next(part for part in told["command"] if part.startswith("--user-data-dir="))
    assert not Path(profile.partition("=")[2]).parent.exists(), "nothing is left behind"
