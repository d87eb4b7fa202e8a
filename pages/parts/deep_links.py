"""Links between pages, and deep links into a server that has just started.

Streamlit takes a folder named ``pages`` for its old multipage mechanism until ``st.navigation``
has run once in the process. Until then a link to a page runs that page without ``main.py``. Such a
visitor is led through ``main.py``, which declares the pages, and on to the page of the link.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import streamlit as st

RUN = "run"  # name in the link of the run that is shown
PRESENT = "present"  # the page of presenter mode, which is no stop
_WANTED = "to"
_CHOSEN = "in_address"  # names by which the address says what was chosen in widgets
T = TypeVar("T")


def page_of(stop: str) -> str:
    """Return the page file of a stop."""
    return f"pages/{stop}.py"


def link_parameters() -> dict[str, str]:
    """Return what every link within the app carries: project, language, what was chosen on pages.

    The choices of one page stand in the address of the others, too: to the browser a link that
    changes them would be two steps, and Back would need two presses.
    """
    state = st.session_state
    carried = {"lang": state.get("language"), "project": state.get("project")}
    for name in sorted(state.get(_CHOSEN, ())):
        carried[name] = st.query_params.get(name)
    if not str(carried.get(RUN)).startswith("tune-"):
        carried.pop(RUN, None)  # a race or a comparison: other pages do not know it
    return {name: value for name, value in carried.items() if value}


def name_in_address(title: str) -> str:
    """Return how an address names what has a title in English: ``Where it helps`` → where-it-helps.

    Letters and digits of any script are kept.
    """
    words = "".join(letter if letter.isalnum() else " " for letter in title.casefold()).split()
    return "-".join(words)


def follow_address(name: str, key: str, known: Mapping[str, T]) -> None:
    """Give a widget the value of the address; called before it is drawn.

    Only where the address says something new (a link, a reload, Back), or the widget was not drawn
    yet: otherwise it keeps what was just chosen in it. With :func:`keep_in_address` after it.

    Parameters
    ----------
    name : str
        Of the parameter in the address.
    key : str
        Of the widget.
    known : mapping of text in the address to the widget's value
        The first is the default.
    """
    st.session_state.setdefault(_CHOSEN, set()).add(name)
    linked = st.query_params.get(name)
    if known and (linked != st.session_state.get(f"{key}_address") or key not in st.session_state):
        st.session_state[key] = known.get(linked or "", next(iter(known.values())))


def keep_in_address(name: str, key: str, known: Mapping[str, T], value: T) -> None:
    """Say in the address what a widget shows; called after it was drawn, or when it changed.

    Each change of the address is a press of Back, so a page that is merely opened makes none: the
    default needs no words, and what has two names keeps the one that was used.

    Parameters
    ----------
    name, key, known
        As of :func:`follow_address`.
    value : value of ``known``
        What the widget shows.
    """
    if known.get(st.query_params.get(name, next(iter(known)))) != value:
        st.query_params[name] = next(word for word, one in known.items() if one == value)
    st.session_state[f"{key}_address"] = st.query_params.get(name)


def filter_in_address(
    name: str, key: str, known: Collection[str], *, several: bool = False
) -> Callable[[], None]:
    """Give a filter the value of the address; returns its ``on_change``, which writes it there.

    Called before the widget is drawn. What is not known here (another project's category) counts
    as not chosen. For what is chosen, not for what is typed: an address is logged on its way.

    Parameters
    ----------
    name, key
        As of :func:`follow_address`.
    known : collection of str
        Values that can be chosen.
    several : bool
        Whether several can be.
    """
    st.session_state.setdefault(_CHOSEN, set()).add(name)
    linked, seen = st.query_params.get(name, ""), f"{key}_address"
    if linked != st.session_state.get(seen, "") or (linked and key not in st.session_state):
        chosen = [part for part in linked.split(",") if part in known]
        if several:
            st.session_state[key] = chosen
        elif chosen or linked == "":
            # "" = back to the default, which the widget has where nothing is said of it
            st.session_state.pop(key, None)
            if chosen:
                st.session_state[key] = chosen[0]
        st.session_state[seen] = linked

    def keep() -> None:
        value = st.session_state.get(key)
        text = ",".join(value) if isinstance(value, list) else value or ""
        st.session_state[seen] = text
        if text:
            st.query_params[name] = text
        else:
            st.query_params.pop(name, None)

    return keep


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
