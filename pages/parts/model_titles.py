"""What the keys of models, losses and languages are called."""

from __future__ import annotations

from core.journey.experts import expert_title
from core.messages import N_
from core.tuning.losses import LOSSES
from core.types.expert_entry import ANY_LANGUAGE, CatalogueEntry
from pages.parts.translate import language, t

_LANGUAGES = {
    "en": N_("English"),
    "ja": N_("Japanese"),
    ANY_LANGUAGE: N_("about 50 to 100 languages"),
}


def model_title(key: str) -> str:
    """Return what a base model is called; the key where it is no longer known."""
    return expert_title(key)


def loss_title(key: str) -> str:
    """Return what a loss is called; the key where it is not known."""
    return t(LOSSES[key].title) if key in LOSSES else key


def language_title(code: str) -> str:
    """Return what a language is called; the code where there is no word."""
    from babel import Locale

    if code in _LANGUAGES:
        return t(_LANGUAGES[code])
    return str(Locale.parse(language()).languages.get(code, code))


def languages_of(entry: CatalogueEntry) -> str:
    """Return the languages of a model in words; codes where there is no word."""
    words = [language_title(code) for code in entry.languages]
    return ", ".join(words) or t("languages not stated")
