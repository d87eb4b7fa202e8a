"""The shape of the vectors before and after tuning: four figures, and a picture in two dimensions.

All four look at unit vectors of questions and answers together. What changed is given with an
interval from a delete-a-group jackknife over answer groups (Shao & Tu 1995, section 2.3), which,
unlike a bootstrap, never puts the same text twice into a figure about distances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.messages import N_, Message

BLOCKS = 20
MAX_TEXTS = 600  # of each kind; figures of pairs are steady far below that
_TINY = 5e-4  # a change that would be printed as nothing


@dataclass(frozen=True, eq=False)
class Cloud:
    """Texts as one model sees them.

    Attributes
    ----------
    vectors : float array [n, d]
        Unit vectors.
    left, right : int arrays [m]
        Right pairs, as rows of ``vectors``.
    """

    vectors: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def without(self, gone: np.ndarray) -> Cloud:
        """Return the cloud without the rows marked in a bool array [n], and their pairs."""
        place = np.cumsum(~gone) - 1
        kept = ~(gone[self.left] | gone[self.right])
        return Cloud(self.vectors[~gone], place[self.left[kept]], place[self.right[kept]])


def anisotropy(cloud: Cloud) -> float:
    """Return the mean cosine of two different texts (Ethayarajh 2019, arXiv:1909.00512)."""
    x = np.asarray(cloud.vectors, np.float64)
    own = float((x**2).sum())
    return (float((x.sum(axis=0) ** 2).sum()) - own) / (len(x) * (len(x) - 1))


def effective_rank(cloud: Cloud) -> float:
    """Return exp(entropy) of the normalised singular values (Roy & Vetterli 2007, EUSIPCO)."""
    x = np.asarray(cloud.vectors, np.float64)
    square = x.T @ x if x.shape[0] >= x.shape[1] else x @ x.T
    singular = np.sqrt(np.clip(np.linalg.eigvalsh(square), 0, None))
    share = singular / singular.sum()
    share = share[share > 1e-12]
    return float(np.exp(-(share * np.log(share)).sum()))


def alignment(cloud: Cloud) -> float:
    """Return the mean squared distance of right pairs (Wang & Isola 2020, arXiv:2005.10242)."""
    gap = cloud.vectors[cloud.left].astype(np.float64) - cloud.vectors[cloud.right]
    return float((gap**2).sum(axis=1).mean())


def uniformity(cloud: Cloud) -> float:
    """Return log mean exp(−2‖x − y‖²) over two different texts (Wang & Isola 2020)."""
    x = np.asarray(cloud.vectors, np.float64)
    squares = (x**2).sum(axis=1)
    near = np.exp(-2 * np.clip(squares[:, None] + squares - 2 * (x @ x.T), 0, None))
    return float(np.log((near.sum() - np.trace(near)) / (len(x) * (len(x) - 1))))


@dataclass(frozen=True)
class ShapeMeasure:
    """One figure about the shape, with a plain sentence for either direction.

    Attributes
    ----------
    title, meaning : str
        For translation.
    more, less, same : str
        What a higher, a lower, an unchanged figure says.
    source : str
    measure : callable
        Cloud → float.
    """

    title: str
    meaning: str
    more: str
    less: str
    same: str
    source: str
    measure: Callable[[Cloud], float]


SHAPE_MEASURES: Mapping[str, ShapeMeasure] = {
    "anisotropy": ShapeMeasure(
        N_("Likeness of any two texts (anisotropy)"),
        N_("Mean cosine of two texts drawn by chance; near 0 they point in all directions."),
        N_("Texts that have nothing to do with each other look more alike than before."),
        N_("Texts that have nothing to do with each other are told apart better than before."),
        N_("Texts that have nothing to do with each other look as alike as before."),
        "Ethayarajh 2019, arXiv:1909.00512",
        anisotropy,
    ),
    "effective_rank": ShapeMeasure(
        N_("Directions in use (effective rank)"),
        N_("How many directions the vectors really use; a falling number means lost distinctions."),
        N_("The model uses more directions to tell texts apart than before."),
        N_("The model uses fewer directions to tell texts apart than before."),
        N_("The model uses as many directions to tell texts apart as before."),
        "Roy & Vetterli 2007, EUSIPCO",
        effective_rank,
    ),
    "alignment": ShapeMeasure(
        N_("Distance of right pairs (alignment)"),
        N_("Mean squared distance of a question and its right answer; 0 would be the same place."),
        N_("Questions lie further from their right answers than before."),
        N_("Questions lie nearer to their right answers than before."),
        N_("Questions lie as near to their right answers as before."),
        "Wang & Isola 2020, arXiv:2005.10242",
        alignment,
    ),
    "uniformity": ShapeMeasure(
        N_("Spread over the space (uniformity)"),
        N_("The lower, the more evenly all texts are spread; about −4 is the best there can be."),
        N_("All texts lie closer together than before."),
        N_("All texts are spread more evenly than before."),
        N_("All texts are spread as before."),
        "Wang & Isola 2020, arXiv:2005.10242",
        uniformity,
    ),
}


@dataclass(frozen=True)
class ShapeChange:
    """One figure before and after.

    Attributes
    ----------
    measure : str
        Key of ``SHAPE_MEASURES``.
    low, high : float
        95% jackknife interval of after − before.
    """

    measure: str
    before: float
    after: float
    low: float
    high: float

    @property
    def title(self) -> str:
        """What the figure is called, for translation."""
        return SHAPE_MEASURES[self.measure].title

    @property
    def sentence(self) -> Message:
        """What the change means; "as before" where the interval holds zero."""
        measure = SHAPE_MEASURES[self.measure]
        if self.low <= 0 <= self.high or abs(self.after - self.before) < _TINY:
            return Message(measure.same)
        return Message(measure.more if self.after > self.before else measure.less)


def shape_changes(
    before: Cloud, after: Cloud, groups: np.ndarray, *, seed: int
) -> tuple[ShapeChange, ...]:
    """Return every figure before and after, with the interval of its change.

    Parameters
    ----------
    before, after : Cloud
        The same texts in the same order.
    groups : int array [n]
        Answer group of each text; groups are left out together.
    """
    from scipy.stats import t as student

    codes = np.unique(groups, return_inverse=True)[1].reshape(-1)
    count = int(codes.max()) + 1
    blocks = min(BLOCKS, count)
    block = (np.random.default_rng(seed).permutation(count) % blocks)[codes]
    reach = float(student.ppf(0.975, blocks - 1)) if blocks > 1 else np.inf
    changes = []
    for key, one in SHAPE_MEASURES.items():
        was, now = one.measure(before), one.measure(after)
        left_out = np.array(
            [
                one.measure(after.without(block == b)) - one.measure(before.without(block == b))
                for b in range(blocks)
            ]
            if blocks > 1
            else [0.0]
        )
        error = np.sqrt((blocks - 1) / blocks * ((left_out - left_out.mean()) ** 2).sum())
        half = reach * float(error) if blocks > 1 else np.inf
        changes.append(ShapeChange(key, was, now, now - was - half, now - was + half))
    return tuple(changes)


@dataclass(frozen=True, eq=False)
class Projection:
    """Both models' vectors in two dimensions, by one projection.

    Attributes
    ----------
    before, after : float32 arrays [n, 2]
    explained : float in [0, 1]
        Share of the variation that the two dimensions hold.
    """

    before: np.ndarray
    after: np.ndarray
    explained: float


def joint_projection(before: np.ndarray, after: np.ndarray) -> Projection | None:
    """Project vectors [n, d] of both models with one PCA that was fitted on both together.

    Fitted on each alone, the pictures would be turned against each other and could not be compared.
    None where the two models have vectors of different length.
    """
    from sklearn.decomposition import PCA

    if before.shape[1] != after.shape[1] or len(before) < 2:
        return None
    pca = PCA(n_components=2, svd_solver="full").fit(np.vstack([before, after]))
    return Projection(
        pca.transform(before).astype(np.float32),
        pca.transform(after).astype(np.float32),
        float(np.nan_to_num(pca.explained_variance_ratio_.sum())),
    )
