"""What people see: of a text that ``plain`` made ready for markdown, and of a whole page."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

# Signs that are escaped, cuts that show nothing, spaces that HTML would swallow, ends of lines.
_MADE_READY = re.compile(r"\\(\W)|:small\[\]|&nbsp;|  \n")
_SEEN = {":small[]": "", "&nbsp;": "\u00a0", "  \n": "\n"}


def as_seen(markdown: str) -> str:
    """Return markdown as it is read: a kept space stays one that does not break, as in a copy."""
    return _MADE_READY.sub(lambda found: found[1] or _SEEN[found[0]], markdown)


def texts(at: AppTest) -> str:
    """Return the sentences of a page, without the signs that keep markdown from reading them."""
    kinds = (at.title, at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")
