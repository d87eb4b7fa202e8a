"""The receipt of a deletion: what was removed, what was kept and why, what is not reached."""

from __future__ import annotations

import streamlit as st

from core.journey.projects import ERASED_TITLES, ErasureReceipt, receipt_file
from pages.parts.translate import moment, plain, t, tm

_KEY = "erasure_receipt"


def keep_receipt(receipt: ErasureReceipt) -> None:
    """Keep a receipt until it was seen: the page is drawn anew after a deletion."""
    st.session_state[_KEY] = receipt


def show_receipt() -> None:
    """Draw the receipt of what was just deleted, if there is one."""
    receipt: ErasureReceipt | None = st.session_state.get(_KEY)
    if receipt is None:
        return
    with st.container(border=True, key="receipt"):
        st.markdown(f":material/receipt_long: **{t('Deleted: {what}', what=plain(receipt.what))}**")
        st.caption(t("By {who} on {at}", who=plain(receipt.who or "–"), at=moment(receipt.at)))
        removed = [
            t("{title}: {count}", title=t(ERASED_TITLES[one.kind]), count=f"{one.count:,}")
            for one in receipt.removed
        ]
        st.markdown("\n".join(f"- {plain(line)}" for line in removed) or t("Nothing was there."))
        for title, messages in (
            (t("Kept:"), receipt.kept),
            (t("Not reached by this deletion:"), receipt.not_reached),
        ):
            if messages:
                st.markdown(title)
                st.markdown("\n".join(f"- {plain(tm(message))}" for message in messages))
        with st.container(horizontal=True):
            st.download_button(
                t("Download this receipt"),
                receipt_file(receipt),
                file_name="receipt.json",
                icon=":material/download:",
                on_click="ignore",
            )
            if st.button(t("Close"), icon=":material/close:", key="receipt_close"):
                del st.session_state[_KEY]
                st.rerun()
