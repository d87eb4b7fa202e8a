"""Which column of an uploaded file is what: the guess, and its correction by hand."""

from __future__ import annotations

import streamlit as st

from core.journey.data import ColumnMapping, Preview
from core.messages import N_
from pages.parts.translate import t

# Role, title, help; the first two are needed.
_ROLES = (
    ("question", N_("Question"), N_("What a customer asks or types.")),
    ("answer", N_("Answer"), N_("The text that should be found for it.")),
    ("category", N_("Category"), N_("A topic; results can be looked at per topic later.")),
    ("rating", N_("Rating"), N_("How right the answer is for the question; 0 = not right.")),
    ("language", N_("Language"), N_("Language of the question, where the file mixes several.")),
    ("source", N_("Source"), N_("Where the question came from, for example chat or e-mail.")),
    ("question_id", N_("Question number"), N_("Your own number or id of the question.")),
    ("answer_id", N_("Answer number"), N_("Your own number or id of the answer.")),
)
_NEEDED = ("question", "answer")


def column_choice(found: Preview, file_id: str) -> ColumnMapping:
    """Draw one selection per role, filled with the guess, and return what is chosen.

    Parameters
    ----------
    file_id : str
        Of the upload: another file starts from its own guess.
    """
    st.markdown(t("**Which column is what?** Correct it where the guess is wrong."))
    chosen: dict[str, str | None] = {}
    cells = st.columns(4)
    for number, (role, title, meaning) in enumerate(_ROLES):
        guess = getattr(found.mapping, role)
        needed = role in _NEEDED
        options = [*([] if needed else [None]), *found.table.columns]
        with cells[number % 4]:
            chosen[role] = st.selectbox(
                t(title),
                options,
                index=options.index(guess) if guess in options else None,
                format_func=lambda name: t("not in the file") if name is None else name,
                help=t(meaning),
                placeholder=t("Choose a column"),
                key=f"column_{role}_{file_id}_{found.table.sheet}",
            )
    mapping = ColumnMapping(**chosen)
    if not (mapping.question and mapping.answer):
        st.info(t("Choose the columns of the question and of the answer to go on."))
    elif mapping.question == mapping.answer:
        st.warning(t("Question and answer are the same column. Choose two different ones."))
    return mapping
