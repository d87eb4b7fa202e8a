"""The documents that flow from stop to stop, all frozen, all identified by their content.

Aliases
-------
Rows : int array [n], positions of questions (or answers) in a :class:`QADataset`
Matrix : float32 array [n, d] or ``scipy.sparse.csr_array`` [n, d]; the product of a question
    matrix with a transposed answer matrix is a table of raw scores
"""

from typing import TYPE_CHECKING

from core.progress import Reporter, SilentReporter
from core.types.comparison import (
    BASE,
    BETTER,
    CROSS_FIT,
    NOT_SHOWN,
    SPLIT,
    TUNED,
    VERDICT_WAYS,
    WORSE,
    CompareRequest,
    Comparison,
    Counted,
    Difference,
    Generality,
    Interval,
    OfHundred,
    SliceDifference,
    SystemChoice,
    SystemResult,
)
from core.types.dataset import (
    KNOWN,
    OPEN,
    REGIMES,
    SPLITS,
    TEST_KNOWN,
    TEST_SPLIT,
    TEST_UNSEEN,
    TRAIN,
    UNSEEN,
    VALIDATION_KNOWN,
    VALIDATION_SPLIT,
    VALIDATION_UNSEEN,
    WRITTEN,
    WRITTEN_BY,
    QADataset,
    Rows,
)
from core.types.recipes import Calibration, LabelRecipe, Labels, Override
from core.types.scores import ExpertScores, ListedScores, PairScores

if TYPE_CHECKING:
    from core.types.scores import Matrix as Matrix

__all__ = [
    "BASE",
    "BETTER",
    "CROSS_FIT",
    "KNOWN",
    "NOT_SHOWN",
    "OPEN",
    "REGIMES",
    "SPLIT",
    "SPLITS",
    "TEST_KNOWN",
    "TEST_SPLIT",
    "TEST_UNSEEN",
    "TRAIN",
    "TUNED",
    "UNSEEN",
    "VALIDATION_KNOWN",
    "VALIDATION_SPLIT",
    "VALIDATION_UNSEEN",
    "VERDICT_WAYS",
    "WORSE",
    "WRITTEN",
    "WRITTEN_BY",
    "Calibration",
    "CompareRequest",
    "Comparison",
    "Counted",
    "Difference",
    "ExpertScores",
    "Generality",
    "Interval",
    "LabelRecipe",
    "Labels",
    "ListedScores",
    "OfHundred",
    "Override",
    "PairScores",
    "QADataset",
    "Reporter",
    "Rows",
    "SilentReporter",
    "SliceDifference",
    "SystemChoice",
    "SystemResult",
]
