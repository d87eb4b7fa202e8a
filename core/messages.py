"""Texts for people that are made in one place and translated in another.

``core`` knows what happened, the page knows the reader's language. A :class:`Message` carries the
English template and its values from one to the other; the template is the gettext message id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_HALF = re.compile("[\ud800-\udfff]")


def N_(template: str) -> str:
    """Mark a text for the translation catalogue and return it unchanged."""
    return template


class Term(str):
    """A value of a message that is itself a text of the catalogue, such as the name of a role."""


@dataclass(frozen=True)
class Message:
    """A sentence with values: ``Message(N_("Row {row}: the answer is empty."), {"row": 7})``.

    Attributes
    ----------
    template : str
        English text with ``str.format`` fields; the key of the translation catalogue.
    params : mapping of str to str, int or float
        Values of the fields. Kept to JSON types, so that a message survives in an event log.
    """

    template: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Replace halves of characters: no page and no log could show the sentence with them."""
        odd = {
            name: value.encode("utf-8", "replace").decode()
            for name, value in self.params.items()
            if isinstance(value, str) and not value.isascii() and _HALF.search(value)
        }
        if odd:
            object.__setattr__(self, "params", {**self.params, **odd})

    def __str__(self) -> str:
        return self.template.format(**self.params)

    def to_json(self) -> dict[str, object]:
        """Return the form kept in event logs and result files."""
        return {"template": self.template, "params": dict(self.params)}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Message:
        """Read what :meth:`to_json` wrote; unknown keys are ignored."""
        params = document.get("params", {})
        assert isinstance(params, Mapping)  # written by to_json only
        return cls(str(document["template"]), dict(params))
