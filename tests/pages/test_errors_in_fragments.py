"""Parts of a page that are drawn again alone: the page around them cannot catch their errors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PARTS = sorted((Path(__file__).resolve().parents[2] / "pages").rglob("*.py"))


def failing(kind: str) -> None:
    import streamlit as st

    from core.errors import WorkspaceError
    from pages.parts.errors import guarded

    @st.fragment
    @guarded
    def part() -> None:
        if kind == "stop":
            st.write("before")
            st.stop()
        raise WorkspaceError("The run is gone.") if kind == "foreseen" else KeyError("secret")

    part()
    st.write("after")


@pytest.mark.parametrize(
    ("kind", "said"), [("foreseen", "The run is gone"), ("unforeseen", "Something went wrong")]
)
def test_part_that_fails_says_so_and_leaves_the_rest(kind, said):
    at = AppTest.from_function(failing, args=(kind,)).run()
    assert not at.exception
    (error,) = at.error
    assert said in error.value.replace("\\", "") and "secret" not in error.value
    assert [m.value for m in at.markdown] == ["after"]


def test_guard_lets_streamlit_stop_the_page():
    at = AppTest.from_function(failing, args=("stop",)).run()
    assert not at.exception and not at.error


def test_every_fragment_is_guarded():
    """Without it a folder deleted behind an open page is "This app has encountered an error"."""
    found = 0
    for path in PARTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            names = [ast.unparse(decorator) for decorator in node.decorator_list]
            if any(name.startswith("st.fragment") for name in names):
                found += 1
                assert names[-1] == "guarded", f"{path.name}: {node.name}"
    assert found >= 4
