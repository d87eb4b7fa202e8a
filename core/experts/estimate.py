"""How long an expert will take on this machine."""

from __future__ import annotations

from core.experts.catalogue import catalogue
from core.experts.entry import CROSS_ENCODER, EMBEDDING, CatalogueEntry
from core.workspace.modelstore import ModelStore


def estimate_seconds(entry: CatalogueEntry, n_texts: int, store: ModelStore) -> float | None:
    """Return the seconds that encoding takes, None before anything was measured here.

    Parameters
    ----------
    n_texts : int
        Texts (for cross-encoders: pairs) that are not in the cache.

    Returns
    -------
    float or None
        From the speed of this model when it last scored; else from that of the other models,
        scaled by the catalogue's relative speeds (a rough figure: texts differ in length).
    """
    speeds = store.speeds()
    if entry.key in speeds:
        return n_texts / speeds[entry.key]
    if entry.family not in (EMBEDDING, CROSS_ENCODER):
        return None
    known = catalogue()
    references = [
        speed / known[key].relative_speed for key, speed in speeds.items() if key in known
    ]
    if not references:
        return None
    return n_texts / (entry.relative_speed * min(references))
