"""The What if tab: one pair, changed live, and how far each expert's score moves."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.journey import labels
from core.journey.labels import CHANGES, LabelPreview, LiveScore, WhatIf
from core.messages import N_, N_n
from core.reporting.charts.chart import one_line
from core.reporting.charts.label_charts import arrow_chart
from core.types import QADataset
from pages.parts import session
from pages.parts.charts import readable, show_numbers
from pages.parts.errors import errors_shown
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm

_OFFERED = 200  # questions in the list of pairs
_COLUMNS = 80
_NAMED = 3  # of the experts that move; the arrows show the others
_AS_IT_IS, _FREE = "", "free"


@st.cache_resource(show_spinner=False, max_entries=8)
def _live(root: str, dataset_id: str, key: str) -> LiveScore | None:
    """Return what asks one expert; its model stays loaded, shared by all visitors."""
    return labels.live_expert(session.workspace(), session.dataset_of(dataset_id), key)


@st.cache_data(show_spinner=False, max_entries=512)
def _asked(root: str, dataset_id: str, key: str, question: str, answer: str) -> float | None:
    ask = _live(root, dataset_id, key)
    return None if ask is None else ask(question, answer)


def what_if_view(context: Context, preview: LabelPreview) -> None:
    """Let the user change one pair and draw how the scores move."""
    if not preview.names:
        st.info(t("No expert takes part, so there is nobody to ask."))
        return
    dataset = preview.dataset
    offered = _offered(dataset)
    pair, view = st.columns([1, 1.15], gap="medium")
    with pair:
        question = st.selectbox(
            t("Take a pair"),
            offered,
            format_func=lambda row: one_line(dataset.questions[row], _COLUMNS),
            key=f"what_if_{dataset.id}",
            persist_state="session",
        )
        answer = int(dataset.right_answer[dataset.right_question == question][0])
        texts = _changed(dataset, int(question), answer)
    with view, errors_shown():
        with st.spinner(t("Asking the experts …")):
            root = str(context.workspace.layout.root)
            experts = preview.model.recipe.experts
            scores = [_asked(root, dataset.id, key, *texts) for key in experts]
            found = labels.what_if(
                preview.model,
                [None if score is None else _always(score) for score in scores],
                (int(question), answer),
                texts,
            )
        _arrows(preview, found)


def _always(score: float) -> LiveScore:
    return lambda question, answer: score


def _offered(dataset: QADataset) -> list[int]:
    """Return questions with a right answer, none of them kept for the final test."""
    rows = dataset.seen_rows[np.isin(dataset.seen_rows, dataset.right_question)]
    places = np.linspace(0, len(rows) - 1, min(len(rows), _OFFERED)).astype(int)
    return [int(row) for row in rows[places]]


def _changed(dataset: QADataset, question: int, answer: int) -> tuple[str, str]:
    """Draw the choice of the change and both texts; returns them as they stand."""
    made = {key: change.make(dataset, question, answer) for key, change in CHANGES.items()}
    key = f"what_if_change_{dataset.id}"
    options = [_AS_IT_IS, *(change for change, texts in made.items() if texts)]
    if st.session_state.get(key, _AS_IT_IS) not in options:
        st.session_state[key] = _AS_IT_IS
    titles = {_AS_IT_IS: N_("As it is")} | {k: change.title for k, change in CHANGES.items()}
    chosen = st.pills(
        t("Change it"),
        options,
        default=_AS_IT_IS,
        required=True,
        format_func=lambda option: t(titles[option]),
        key=key,
        wrap=True,
        help=t("Or write into the texts below, for example in another language."),
    )
    if chosen in CHANGES:
        st.caption(t(CHANGES[str(chosen)].teaches))
    present = made.get(str(chosen)) or (dataset.questions[question], dataset.answers[answer])
    # Typed texts belong to this pair and change: the next one starts from its own texts.
    place = f"what_if_{dataset.id}_{question}_{chosen}"
    asked = st.text_area(t("Question"), present[0], key=f"{place}_question", height=68)
    told = st.text_area(t("Answer"), present[1], key=f"{place}_answer", height=140)
    return asked or " ", told or " "


def _arrows(preview: LabelPreview, found: WhatIf) -> None:
    names = [t("Together"), *preview.names]
    before = np.array([found.together[0], *found.before])
    after = np.array([found.together[1], *found.after])
    shown = ~np.isnan(after)
    chart = arrow_chart(
        [name for name, one in zip(names, shown, strict=True) if one],
        before[shown],
        after[shown],
        t,
    )
    st.markdown(_sentence(preview, found))
    st.plotly_chart(
        readable(chart),
        key="what_if_arrows",
        alt=tm(chart.summary),
        config={"displayModeBar": False},
    )
    silent = [name for name, one in zip(names, shown, strict=True) if not one]
    if silent:
        st.caption(
            t(
                "Cannot be asked live: {names}. Files and people have nothing to be asked, and "
                "texts leave this machine only in jobs that you start.",
                names=plain(", ".join(silent)),
            )
        )
    st.caption(
        t(
            "Scores from 0 to 100 after calibration; together by the rule, without the known right "
            "answers. Nothing here is kept."
        )
    )
    show_numbers(chart, "what_if_arrows")


def _sentence(preview: LabelPreview, found: WhatIf) -> str:
    points = [f"{100 * (found.after[k] - found.before[k]):+.0f}" for k in found.moved]
    moved = [
        f"{plain(preview.names[k])} {apart.replace('-', '−')}"
        for k, apart in zip(found.moved, points, strict=True)
    ]
    if not moved:
        return t("No expert moves by five points or more.")
    return t(
        N_n(
            "{count} of {experts} experts moves by five points or more: {listed}",
            "{count} of {experts} experts move by five points or more: {listed}",
        ),
        count=len(moved),
        experts=int((~np.isnan(found.after)).sum()),
        listed=" · ".join(moved[:_NAMED]) + (" …" if len(moved) > _NAMED else ""),
    )
