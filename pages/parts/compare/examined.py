"""What the comparison job found besides search quality, read once per server."""

from __future__ import annotations

import streamlit as st

from core.journey.compare import newest_comparison
from core.journey.diagnostics import Examination, load_examination
from pages.parts import session
from pages.parts.compare.comparison_job import Compared


@st.cache_resource(max_entries=4, show_spinner=False)
def _load(root: str, compare_run: str) -> Examination:
    return load_examination(session.workspace(), compare_run)


def examination_of(seen: Compared) -> Examination:
    """Return what the comparison on the page found; empty where its run folder is gone."""
    context = seen.context
    run = newest_comparison(context.project, seen.comparison.run_id)
    return _load(str(context.workspace.layout.root), run) if run else Examination()
