"""The report as PDF: printed by a Chromium of this machine, without network and without scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock

from core.errors import AppError, DataError

# As Debian, Fedora, macOS and Google's own packages call it; the first one found is taken.
BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("chromium-headless-shell", "microsoft-edge"),
)
TIMEOUT_S = 60.0
# The page is ours, escaped, and its own policy forbids scripts and requests. Chromium could be told
# not to run scripts at all, but its command for printing is one.
_SETTINGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check"),
    *("--no-pdf-header-footer", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-default-apps", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_one_at_a_time = Lock()  # a Chromium takes half a gigabyte; twenty readers may press at once


def browser() -> str | None:
    """Return the Chromium that can print, None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@cache
def can_print() -> bool:
    """Return whether a Chromium is here that really prints: tried once, with an empty page."""
    try:
        return bool(printed("<!DOCTYPE html><title>-</title><p>-"))
    except AppError:
        return False


def printed(page: str, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Return an HTML document as PDF, as Chromium prints it.

    The profile is a folder that is thrown away; Chromium's sandbox stays on, except where the app
    runs as root, for whom Chromium refuses to start with it.

    Raises
    ------
    DataError
        If there is no Chromium, or it fails or takes too long.
    """
    chromium = browser()
    if chromium is None:
        raise DataError(
            "There is no Chromium on this machine, so no PDF can be made. Download the page, open "
            "it and print it to PDF with your browser."
        )
    with _one_at_a_time, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        command = [
            chromium,
            *_SETTINGS,
            *(["--no-sandbox"] if as_root else []),
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        # What counts is whether the file is there, whatever Chromium says.
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                command,
                check=False,
                timeout=timeout_s,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(folder),
            )
        content = target.read_bytes() if target.is_file() else b""
    if not content.startswith(b"%PDF"):
        raise DataError(
            "Chromium did not print the report within {seconds} seconds. Download the page, open "
            "it and print it to PDF with your browser.",
            seconds=round(timeout_s),
        )
    return content


def _environment(folder: str) -> dict[str, str]:
    """Return what Chromium needs to know: nothing of the app's keys and settings."""
    passed = {
        key: os.environ[key] for key in ("PATH", "LANG", "FONTCONFIG_PATH") if key in os.environ
    }
    return {**passed, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
