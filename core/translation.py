"""Translations: gettext catalogues in ``locales/``, compiled in memory when first used."""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from core.messages import N_, Message, Plural, Term

LOCALES = Path(__file__).resolve().parents[1] / "locales"
LANGUAGES: Mapping[str, str] = {"en": "English", "ja": "日本語"}
DEFAULT_LANGUAGE = "en"

Translate = Callable[[str], str]

# What warnings said in earlier versions: runs keep them, and are read in every language. Whoever
# changes the words of a warning moves the old ones here (tests/test_translations.py).
FORMER = (
    N_(
        "Likeness of answers was switched off: after step {step} search for known answers lay "
        "below the base model ({now:.3f} against {base:.3f} nDCG@10 on validation questions)."
    ),
    N_(
        "Likeness of answers was switched off: after step {step} search for unseen answers lay "
        "below the base model ({now:.3f} against {base:.3f} nDCG@10 on validation questions)."
    ),
    N_("Reading the texts with the base model"),
    N_("The expert {key} failed: {reason}. The other experts are not affected."),
    N_("{device} has too little memory for {count} questions at a time; going on with {half}."),
    N_(
        "Of {count} open questions the model learns from {sure} only, those that say what a known "
        "question says in other words: no expert searches clearly better than the base model, so "
        "what the experts say of the others would teach little. A stronger expert would make them "
        "count."
    ),
    N_(
        "No check found a tuned model that searches better than the base model ({score:.3f} "
        "nDCG@10 on validation questions), so the base model was kept. Try other experts, a "
        "smaller learning rate or more questions."
    ),
    N_(
        "No check found a tuned model that searches better than the two models as they were joined "
        "({score:.3f} nDCG@10 on validation questions), so these were kept. Try other experts, a "
        "smaller learning rate or more questions."
    ),
    N_(
        "Every model of this run lost more general ability than the limit allows, even mixed with "
        "the base model, so the base model was kept. Try a smaller learning rate, fewer passes or "
        "more weight on staying close to the base model."
    ),
    N_(
        "What this run learned searches better but lost more general ability than the limit "
        "allows; mixed with the base model it stays inside the limit but searches no better than "
        "the base model ({score:.3f} nDCG@10 on validation questions), so the base model was kept. "
        "Try a smaller learning rate, fewer passes or more weight on staying close to the base "
        "model."
    ),
)


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; English, the source, needs none."""
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    if language not in LANGUAGES or not path.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        texts = read_po(file, locale=language)
    for text in list(texts):
        if not isinstance(text.id, str):  # a document that keeps words alone has lost the singular
            texts.add(text.id[-1], (text.string or ("",))[-1])
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(language: str) -> Translate:
    """Return the function that turns an English text into the given language."""
    found = catalogue(language)

    def own(text: str) -> str:
        return text.spoken(found.ngettext) if isinstance(text, Plural) else found.gettext(text)

    return own


def translate(message: Message, language: str) -> str:
    """Return a message in the given language, with its values filled in."""
    own = translator(language)
    values = {
        name: own(value) if isinstance(value, Term) else value
        for name, value in message.params.items()
    }
    return own(message.template).format(**values)
