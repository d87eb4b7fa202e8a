"""Texts for people that are made in one place and translated in another.

``core`` knows what happened, the page knows the reader's language. A :class:`Message` carries the
English template and its values from one to the other; the template is the gettext message id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_HALF = re.compile("[\ud800-\udfff]")


def N_(template: str) -> str:
    """Mark a text for the translation catalogue and return it unchanged."""
    return template


def _of_english(singular: str, plural: str, number: int) -> str:
    return singular if number == 1 else plural


class Plural(str):
    """A text that reads differently of one: ``format`` chooses the form by one of its values.

    Made by :func:`N_n`. As a text it is the plural, so that it goes wherever a template does:
    into messages and errors, and through a translator, which gives it the forms of its language.

    Attributes
    ----------
    singular : str
        English text for one.
    by : str
        Name of the field that counts.
    """

    singular: str
    by: str
    _form: Callable[[str, str, int], str]

    def __new__(
        cls,
        plural: str,
        singular: str,
        by: str,
        form: Callable[[str, str, int], str] = _of_english,
    ) -> Plural:
        """Make one; ``form`` is as ``ngettext``: singular, plural and number to the text."""
        made = super().__new__(cls, plural)
        made.singular, made.by, made._form = singular, by, form
        return made

    def __copy__(self) -> Plural:
        """Return itself: a text does not change."""
        return self

    def __deepcopy__(self, memo: object) -> Plural:
        """Return itself: a text does not change."""
        return self

    def __reduce__(self) -> tuple[type[Plural], tuple[str, str, str]]:
        """Leave the process as the English text, which any reader gives its language."""
        return Plural, (str(self), self.singular, self.by)

    def spoken(self, form: Callable[[str, str, int], str]) -> Plural:
        """Return the same text with the forms of another language."""
        return Plural(str(self), self.singular, self.by, form)

    def format(self, *args: object, **values: object) -> str:
        """Fill in the values, in the form that the number asks for."""
        digits = str(values[self.by]).replace(",", "")
        number = int(digits) if digits.isdecimal() else 2  # "about 7", "0.5": never one
        return self._form(self.singular, str(self), number).format(*args, **values)


def N_n(singular: str, plural: str, by: str = "count") -> str:
    """Mark a text that counts something for the catalogue: ``N_n("{count} row", "{count} rows")``.

    Parameters
    ----------
    by : str
        Name of the field that counts; a text with several counts follows the first that matters.
    """
    return Plural(plural, singular, by)


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
        document: dict[str, object] = {"template": self.template, "params": dict(self.params)}
        if isinstance(self.template, Plural):
            document |= {"singular": self.template.singular, "by": self.template.by}
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Message:
        """Read what :meth:`to_json` wrote; unknown keys are ignored."""
        params = document.get("params", {})
        assert isinstance(params, Mapping)  # written by to_json only
        template = str(document["template"])
        if "singular" in document:
            by = str(document.get("by", "count"))
            template = Plural(template, str(document["singular"]), by)
        return cls(template, dict(params))
