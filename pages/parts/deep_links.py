"""Links between pages, and deep links into a server that has just started.

Streamlit takes a folder named ``pages`` for its old multipage mechanism until ``st.navigation``
has run once in the process. Until then a link to a page runs that page without ``main.py``. Such a
visitor is led through ``main.py``, which declares the pages, and on to the page of the link.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

RUN = "run"  # name in the link of the run that is shown
_WANTED = "to"


def page_of(stop: str) -> str:
    """Return the page file of a stop."""
    return f"pages/{stop}.py"


def link_parameters() -> dict[str, str]:
    """Return what every link within the app carries: project and language."""
    state = st.session_state
    carried = {"lang": state.get("language"), "project": state.get("project")}
    return {name: value for name, value in carried.items() if value}


def go_to(stop: str, **selection: str) -> None:
    """Go to the page of a stop, keeping project and language in the link.

    Parameters
    ----------
    **selection : str
        More that the link carries, for example ``run``.
    """
    st.switch_page(page_of(stop), query_params=link_parameters() | selection)


def linked_run(known: Collection[str], problem: str) -> str | None:
    """Return the run that the link names, None where it names none or one that is not known.

    Parameters
    ----------
    known : collection of str
        Ids of the runs that can be shown here.
    problem : str
        Translated sentence that is shown where the link names another one.
    """
    linked = st.query_params.get(RUN)
    if linked is None or linked in known:
        return linked
    st.warning(problem, icon=":material/link_off:")
    return None


def come_in(stop: str | None) -> None:
    """Send a visitor who did not come through ``main.py`` there; called first on every page."""
    if "language" in st.session_state:
        return
    carried = {name: value for name, value in st.query_params.items() if name != _WANTED}
    st.switch_page("main.py", query_params=carried | ({_WANTED: stop} if stop else {}))


def go_on(stops: tuple[str, ...]) -> None:
    """Lead a visitor who came through :func:`come_in` to the page of the link."""
    wanted = st.query_params.get(_WANTED)
    if wanted is None:
        return
    del st.query_params[_WANTED]
    if wanted in stops:
        st.switch_page(page_of(wanted), query_params=dict(st.query_params.items()))
