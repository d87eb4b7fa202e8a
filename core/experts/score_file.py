"""Scores that lie ready for some pairs: uploaded as a file, or made from what people said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.experts.source import ExpertSource, ScoringContext
from core.hashing import content_id
from core.messages import N_, Message
from core.types import ListedScores, QADataset, Reporter
from core.types.expert_entry import SCORE_FILE, UPLOADED, Availability
from core.types.scores import CLICKS
from core.workspace.modelstore import ModelStore

FILE_PREFIX, CLICKS_PREFIX = "file:", "clicks:"


@dataclass(frozen=True, kw_only=True)
class ReadyScores(ExpertSource):
    """An expert whose scores are kept with the dataset; nothing is computed."""

    family: str = SCORE_FILE
    languages: tuple[str, ...] = ()
    licence: str = ""
    trainable: bool = False
    lists_pairs: ClassVar[bool] = True
    judge: ClassVar[str] = ""  # as in ListedScores

    def score(self, dataset: QADataset, context: ScoringContext, report: Reporter) -> int:
        """Do nothing: the scores are there."""
        return 0

    def recall(self, dataset: QADataset, context: ScoringContext) -> ListedScores | None:
        """Return the scores kept for this dataset, None where there are none."""
        files = context.score_files
        arrays = files.load(dataset.id, self.key) if files else None
        if arrays is None:
            return None
        rows, columns, values = (
            np.array(arrays[name]) for name in ("question_rows", "answer_rows", "values")
        )
        mark = content_id([rows, columns, values])
        return ListedScores(self.key, mark, dataset.id, rows, columns, values, self.judge)


@dataclass(frozen=True, kw_only=True)
class UploadedScores(ReadyScores):
    """Scores of another system or of an earlier study, as a file."""

    meaning: str = N_("Scores that you uploaded as a file.")

    @classmethod
    def of_key(cls, key: str) -> UploadedScores:
        """Return the expert of ``file:<name>``."""
        return cls(key=key, title=key.removeprefix(FILE_PREFIX))

    def availability(self, models: ModelStore | None = None) -> Availability:
        """Return that the scores are there."""
        return Availability(True, UPLOADED, Message(N_("Your own file; nothing to compute.")))


@dataclass(frozen=True, kw_only=True)
class ClickScores(ReadyScores):
    """What people opened and liked in searches, corrected for its place, at one moment.

    The key names the content, so a saved recipe never changes when more events come.
    """

    judge: ClassVar[str] = CLICKS
    meaning: str = N_(
        "What people opened or liked in their searches, corrected for its place in the list; the "
        "number says how many pairs. It has little weight until people agree with it."
    )

    @classmethod
    def of_key(cls, key: str) -> ClickScores:
        """Return the expert of ``clicks:<pairs>-<hash of the scores>``."""
        pairs = key.removeprefix(CLICKS_PREFIX).split("-")[0]
        return cls(key=key, title=f"Clicks ({pairs})")

    def availability(self, models: ModelStore | None = None) -> Availability:
        """Return that the scores are there."""
        return Availability(True, UPLOADED, Message(N_("Your searches; nothing to compute.")))
