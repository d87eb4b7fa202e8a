"""A visitor without a browser: speaks the app's websocket, so that only the server is timed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class Visit:
    """One run of a page's script as its visitor sees it.

    Attributes
    ----------
    seconds : float
        From asking for the page until the server said that it is done.
    kilobytes : float
        All that the server sent, in units of 1,000 bytes.
    switches : mapping of title to widget id
        Tabs, and the folded parts that are drawn once they are opened.
    heaviest : str
        The element that took the most bytes.
    """

    seconds: float
    kilobytes: float
    switches: dict[str, tuple[str, bool]]
    heaviest: str


@contextmanager
def server(workspace: Path) -> Iterator[str]:
    """Start the app and yield its address once it answers."""
    port = free_port()
    process = start_server(workspace, port)
    try:
        yield wait_for(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(workspace: Path, port: int) -> subprocess.Popen[bytes]:
    """Start ``streamlit run app.py``, offline and without opening a browser."""
    environment = {**os.environ, "WORKSPACE": str(workspace), "HF_HUB_OFFLINE": "1"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    return subprocess.Popen(
        [*command, f"--server.port={port}", "--server.address=127.0.0.1"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(url: str) -> str:
    """Return the address once the server behind it answers."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return url
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing answers at {url}")


@dataclass
class Visitor:
    """One browser tab: a session of the app with the widgets that it has touched.

    Attributes
    ----------
    url : str
        Of the server.
    query : mapping
        What the link carries: project and language.
    """

    url: str
    query: dict[str, str]
    page: str = ""
    touched: dict[str, Any] = field(default_factory=dict)
    _socket: Any = None

    def __enter__(self) -> Visitor:
        from websockets.sync.client import connect

        address = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = connect(address, subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def open(self, page: str) -> Visit:
        """Go to a page as by a link, with no widget touched."""
        self.page = page
        self.touched.clear()
        return self.rerun()

    def switch(self, visit: Visit, title: str) -> Visit:
        """Open a tab or a folded part of the page."""
        widget, is_tab = visit.switches[title]
        self.touched[widget] = title if is_tab else True
        return self.rerun()

    def rerun(self) -> Visit:
        """Run the page again with the widgets as they are."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        asked = BackMsg()
        asked.rerun_script.query_string = urlencode(self.query)
        asked.rerun_script.page_name = self.page
        for widget, value in self.touched.items():
            state = asked.rerun_script.widget_states.widgets.add(id=widget)
            setattr(state, "string_value" if isinstance(value, str) else "bool_value", value)
        began = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        return self._listen(began)

    def _listen(self, began: float) -> Visit:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        sizes: list[tuple[int, str]] = []
        tabs: dict[tuple[int, ...], str] = {}
        switches: dict[str, tuple[str, bool]] = {}
        while True:
            data = self._socket.recv(timeout=_PATIENCE_SECONDS)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            if kind == "script_finished" and not early:
                break
            what = str(kind)
            if kind == "delta":
                what = _told_of(message)
                place = tuple(message.metadata.delta_path)
                block = message.delta.add_block
                if block.HasField("tab_container"):
                    tabs[place] = block.tab_container.id
                elif block.HasField("tab") and tabs.get(place[:-1]):
                    switches[block.tab.label] = (tabs[place[:-1]], True)
                elif block.HasField("expandable") and block.expandable.id:
                    switches[block.expandable.label] = (block.expandable.id, False)
            sizes.append((len(data), what))
        took = time.perf_counter() - began
        size, what = max(sizes)
        total = sum(size for size, _ in sizes) / 1e3
        return Visit(took, total, switches, f"{what} ({size / 1e3:.0f} kB)")


def _told_of(message: Any) -> str:
    """Return the kind of an element; a page that shows an error must not pass for a fast one."""
    from streamlit.proto.Alert_pb2 import Alert

    element = message.delta.new_element
    kind = str(element.WhichOneof("type"))
    if kind == "exception" or (kind == "alert" and element.alert.format == Alert.ERROR):
        raise RuntimeError(f"the page shows an error: {element.alert.body or element.exception}")
    return kind
