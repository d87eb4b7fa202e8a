"""Data: upload a file, say what its columns are, and see what came of it."""

import streamlit as st

from core.errors import WorkspaceError
from pages.parts.data.importing import forget_import
from pages.parts.data.overview import overview
from pages.parts.data.upload import upload
from pages.parts.errors import show_error
from pages.parts.improving import can_be_improved, improve_offer
from pages.parts.page import open_page, sample_buttons
from pages.parts.translate import t

context = open_page(
    "data",
    t(
        "Here your questions and their right answers come in. They are checked, and a part of them "
        "is kept back to test later, fairly, what was learned."
    ),
)
replacing = f"replace_{context.project.id}"
if context.project.dataset_id is None:
    if not upload(context):
        st.divider()
        st.markdown(t("Nothing at hand? Look around with a sample project first."))
        sample_buttons(primary=False)
elif st.session_state.get(replacing):
    st.warning(
        t(
            "Scores, labels, models and reports made so far belong to the present data. They are "
            "kept, but the steps after this one start anew with the new data."
        ),
        icon=":material/swap_horiz:",
    )
    upload(context, replacing)
else:
    forget_import(context)
    if can_be_improved(context.project):
        improve_offer(context.project, other_way="experts")
    try:
        overview(context, replacing)
    except WorkspaceError as error:
        show_error(error)
        upload(context)
