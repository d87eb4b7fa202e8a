"""A file that is made when somebody asks for it, and can then be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import BinaryIO

import streamlit as st
from streamlit import runtime

from core.types.rights import EXPORT_FILES
from pages.parts.errors import errors_shown
from pages.parts.rights import only
from pages.parts.translate import t

FORGOTTEN_AFTER_S = (60.0, 90.0)  # time enough to begin a download


@dataclass(frozen=True)
class MadeFile:
    """One file on offer; all texts are translated.

    Attributes
    ----------
    key : str
        Of the widgets.
    path : Path
        Where the file lies once it was made.
    make, again, working : str
        What the button says before and after it was made, and while it is being made.
    download : str
        What the download button says; ``{size}`` is filled in.
    name, mime : str
        Of the download.
    stale : bool
        What lies there is no longer what would be made: it is not offered.
    """

    key: str
    path: Path
    make: str
    again: str
    working: str
    download: str
    name: str
    mime: str
    stale: bool = False

    def show(self, build: Callable[[], object]) -> None:
        """Draw the buttons; ``build`` makes the file."""
        there = self.path.is_file() and not self.stale
        with st.container(horizontal=True, vertical_alignment="center"):
            if there:
                st.download_button(
                    self.download.format(size=size_text(self.path.stat().st_size)),
                    lambda: opened_for_download(self.path),
                    self.name,
                    self.mime,
                    key=f"download_{self.key}",
                    icon=":material/download:",
                    on_click="ignore",
                )
            pressed = st.button(
                self.again if there else self.make,
                key=f"make_{self.key}",
                type="tertiary" if there else "secondary",
                icon=":material/refresh:" if there else ":material/draft:",
                **only(EXPORT_FILES),
            )
        if pressed:
            with errors_shown(), st.spinner(self.working):
                build()
                st.rerun()  # the journey bar above shows the step as done


def opened_for_download(path: Path) -> BinaryIO:
    """Open a file for a download, and see to it that its address is soon forgotten.

    Read when somebody asks for it: it may be large. Streamlit serves it at an address that works
    without the page (its name is a hash of the content, which nobody guesses) until two later
    runs of any page; where nobody comes, that would be for as long as the server lives.
    """
    for seconds in FORGOTTEN_AFTER_S:
        timer = Timer(seconds, _forget_downloads)
        timer.daemon = True
        timer.start()
    return path.open("rb")


def _forget_downloads() -> None:
    """Remove downloads that belong to no page any more; one is marked first and removed next."""
    if runtime.exists():
        runtime.get_instance().media_file_mgr.remove_orphaned_files()


def size_text(size: int) -> str:
    """Return a number of bytes as people read it."""
    return (
        t("{number} MB", number=round(size / 1e6))
        if size >= 1e6
        else t("{number} kB", number=max(1, round(size / 1e3)))
    )


def file_name(name: str, ending: str) -> str:
    """Return a name for a download: the user's, without anything that a file system minds."""
    words = "".join(sign if sign.isalnum() else "-" for sign in name).split("-")
    return f"{'-'.join(filter(None, words))[:80] or 'project'}{ending}"
