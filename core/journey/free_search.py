"""A question typed by hand, searched by the model before and after tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.jobs.folder import RunFolder
from core.journey.model_arms import encoders, is_query_side
from core.types import QADataset
from core.types.expert_entry import DOCUMENT, QUERY
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.evaluation.movements import AnswerMove
    from core.experts.encoders import Encoder


@dataclass(frozen=True, eq=False)
class Searcher:
    """Base and tuned model side by side on the whole corpus, for questions typed by hand.

    Attributes
    ----------
    before, after : Encoder
    before_answers, after_answers : float32 arrays [n_a, d]
    """

    before: Encoder
    after: Encoder
    before_answers: np.ndarray
    after_answers: np.ndarray

    def warm_up(self) -> None:
        """Load both models, so that no search waits for it."""
        for encoder in (self.before, self.after):
            encoder.encode(["."], QUERY)

    def search(self, question: str, right: np.ndarray, depth: int = 10) -> list[AnswerMove]:
        """Return the two result lists of a question as one list of answers with both ranks.

        Parameters
        ----------
        right : int array
            Answer rows known to be right; may be empty.
        """
        from core.evaluation.movements import list_moves
        from core.evaluation.search import rank_one

        lists = []
        for encoder, answers in (
            (self.before, self.before_answers),
            (self.after, self.after_answers),
        ):
            found = rank_one(encoder.encode([question], QUERY)[0], answers, depth)
            lists.append((found.top_answers[0], found.top_scores[0]))
        return list_moves(lists[0], lists[1], right, depth)


def searcher(workspace: Workspace, dataset: QADataset, tune_run: str) -> Searcher:
    """Return a searcher for a tuned run; answers come from the cache where they are there.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import encode_cached

    folder = RunFolder(workspace.run_folder(tune_run))
    told = folder.read_request()["config"]["tuning"]
    before, after = encoders(workspace, told["base_model"], folder)
    beside = before if is_query_side(folder) else after
    left, right = (
        encode_cached(encoder, dataset.answers, DOCUMENT, workspace.vectors)
        for encoder in (before, beside)
    )
    return Searcher(before, after, left, right)
