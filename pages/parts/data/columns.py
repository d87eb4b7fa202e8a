"""Which column of an uploaded file is what: the guess in colours, its correction, what it gives."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.journey import data
from core.journey.data import ColumnMapping, Outcome, Preview
from core.messages import N_, N_n
from pages.parts.translate import plain, t, tm

# Role, title, help; the first two are needed.
_ROLES = (
    ("question", N_("Question"), N_("What a customer asks or types.")),
    ("answer", N_("Answer"), N_("The text that should be found for it.")),
    ("category", N_("Category"), N_("A topic; results can be looked at per topic later.")),
    ("rating", N_("Rating"), N_("How right the answer is for the question; 0 = not right.")),
    ("language", N_("Language"), N_("Language of the question, where the file mixes several.")),
    ("source", N_("Source"), N_("Where the question came from, for example chat or e-mail.")),
    (
        "weight",
        N_("Weight"),
        N_("How often a question is asked, or what it is worth; the verdict by weight uses it."),
    ),
    ("must_find", N_("Must be found"), N_("Marks questions whose search has to succeed.")),
    ("question_id", N_("Question number"), N_("Your own number or id of the question.")),
    ("answer_id", N_("Answer number"), N_("Your own number or id of the answer.")),
)
_NEEDED = ("question", "answer")
_PREVIEW_ROWS, _LONGEST = 20, 400
# Translucent, so that they go with a light and a dark theme.
_COLOURS = {
    "question": "rgba(33, 110, 220, 0.20)",
    "answer": "rgba(30, 150, 70, 0.20)",
    "rating": "rgba(230, 160, 0, 0.22)",
    "negatives": "rgba(210, 50, 50, 0.20)",
}
_OTHER = "rgba(128, 128, 128, 0.14)"
_BADGES = {"question": "blue", "answer": "green", "rating": "orange", "negatives": "red"}


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
    mapping = replace(found.mapping, **chosen)  # type: ignore[arg-type]
    mapping = _more(found, mapping, f"{file_id}_{found.table.sheet}")
    if not (mapping.question and mapping.answer):
        st.info(t("Choose the columns of the question and of the answer to go on."))
    elif mapping.question == mapping.answer:
        st.warning(t("Question and answer are the same column. Choose two different ones."))
    return mapping


def _more(found: Preview, mapping: ColumnMapping, key: str) -> ColumnMapping:
    """Draw what only some files have: a scale, wrong answers, further questions and answers."""
    if mapping.rating:
        scales = ["", *data.SCALES]
        as_found = mapping.rating == found.mapping.rating
        scale = st.selectbox(
            t("Scale of the ratings"),
            scales,
            index=scales.index(found.mapping.scale) if as_found else 0,
            format_func=lambda name: name.replace("-", "–") if name else t("from the values"),
            help=t("Which rating means “right”, and which “not right at all”."),
            key=f"scale_{key}_{mapping.rating}",
            width=260,
        )
        mapping = replace(mapping, scale=scale, rater=mapping.rater if as_found else None)
        mapping = _ratings(found, mapping, key)
    else:
        mapping = replace(mapping, raters=())
    others = [c for c in found.table.columns if c not in mapping.roles().values()]
    if found.mapping.negatives or mapping.negatives:
        negatives = st.multiselect(
            t("Answers that are known to be wrong"),
            others,
            default=[c for c in found.mapping.negatives if c in others],
            key=f"negatives_{key}",
            placeholder=t("Choose"),
        )
        mapping = replace(mapping, negatives=tuple(negatives))
    offered = [p for p in found.guess.offered if {*p} - {mapping.question, mapping.answer}]
    if offered:
        further = st.multiselect(
            t("Further questions and answers to take from each row"),
            offered,
            default=[pair for pair in offered if pair in found.mapping.further],
            format_func=" → ".join,
            help=t("Other wordings or languages that stand in columns of their own."),
            key=f"further_{key}",
            placeholder=t("Choose"),
        )
        mapping = replace(mapping, further=tuple(further))
    return mapping


def _ratings(found: Preview, mapping: ColumnMapping, key: str) -> ColumnMapping:
    """Draw further raters, and what words mean that are not understood."""
    if found.mapping.raters:
        columns = [c for c in found.table.columns if c not in mapping.roles().values()]
        raters = st.multiselect(
            t("Further raters"),
            columns,
            default=[c for c in found.mapping.raters if c in columns],
            help=t("The grades of all raters of a pair are averaged."),
            key=f"raters_{key}_{mapping.rating}",
            placeholder=t("Choose"),
        )
        mapping = replace(mapping, raters=tuple(raters))
    unknown = data.unknown_ratings(found, mapping)
    if unknown:
        place = f"{key}_{mapping.rating}"
        for_right, for_wrong = st.columns(2)
        right = for_right.multiselect(
            t("Ratings that mean “right”"),
            unknown,
            key=f"right_{place}",
            placeholder=t("Choose"),
        )
        wrong = for_wrong.multiselect(
            t("Ratings that mean “wrong”"),
            [word for word in unknown if word not in right],
            key=f"wrong_{place}",
            placeholder=t("Choose"),
        )
        words = [*((word, 1.0) for word in right), *((word, 0.0) for word in wrong)]
        mapping = replace(mapping, words=tuple(words))
    return mapping


def show_rows(found: Preview, mapping: ColumnMapping, file_id: str) -> None:
    """Draw the first rows with the roles of the columns in colours."""
    roles = {column: role for role, column in mapping.roles().items()}
    roles |= dict.fromkeys(mapping.negatives, "negatives") | dict.fromkeys(mapping.raters, "rating")
    for question, answer in mapping.further:
        roles = {question: "question", answer: "answer"} | roles
    if mapping.context:
        roles[mapping.context] = "question"
    titles = {role: t(title) for role, title, _ in _ROLES} | {"negatives": t("Wrong answer")}
    badges = [
        f":{_BADGES.get(role, 'gray')}-badge[{plain(column)}: {titles[role]}]"
        for column, role in roles.items()
        if column in found.table.columns
    ]
    if badges:
        st.markdown(" ".join(badges))
    first = found.table.frame.head(_PREVIEW_ROWS).astype(object)
    first = first.map(lambda text: text if len(text) <= _LONGEST else text[:_LONGEST] + " …")
    first.insert(0, t("Row"), found.table.row_numbers[:_PREVIEW_ROWS], allow_duplicates=True)
    first = first.reset_index(drop=True)
    wide = {name: st.column_config.TextColumn(width="medium") for name in found.table.columns}
    coloured = first.style if first.columns.is_unique else None
    if coloured is not None:
        for column, role in roles.items():
            if column in first.columns:
                colour = _COLOURS.get(role, _OTHER)
                coloured.set_properties(subset=[column], **{"background-color": colour})
    st.dataframe(
        first if coloured is None else coloured,
        hide_index=True,
        height=260,
        column_config=wide,
        key=f"preview_{file_id}",
    )


def show_outcome(tried: Outcome, rows: int) -> None:
    """Draw what would be taken, before anything is written."""
    if tried.refused is not None:
        st.error(plain(tm(tried.refused)), icon=":material/error:")
        return
    text = t(
        "**{pairs}** right pairs of {questions} questions and {answers} answers will be taken.",
        pairs=f"{tried.pairs:,}",
        questions=f"{tried.questions:,}",
        answers=f"{tried.answers:,}",
    )
    parts = [text]
    if tried.wrong:
        parts.append(
            t(
                N_n("{count} pair is known to be wrong.", "{count} pairs are known to be wrong."),
                count=f"{tried.wrong:,}",
            )
        )
    if tried.unanswered:
        parts.append(
            t(
                N_n(
                    "{count} row has no answer: an open question.",
                    "{count} rows have no answer: open questions.",
                ),
                count=f"{tried.unanswered:,}",
            )
        )
    if tried.rows < rows:
        parts.append(
            t(
                N_n("Tried on the first {count} row.", "Tried on the first {count} rows."),
                count=f"{tried.rows:,}",
            )
        )
    st.markdown(" ".join(parts))
    for reason, count in tried.set_aside:
        told = plain(tm(reason))
        st.caption(
            t(
                N_n("Set aside: {count} row. {reason}", "Set aside: {count} rows. {reason}"),
                count=f"{count:,}",
                reason=told,
            )
        )
