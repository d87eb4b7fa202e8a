"""The deployment sheet: how a model gets from here into a company's search, with its own names."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from html import escape
from pathlib import Path

from core.evaluation.cost import RunningCosts, RunningPrices
from core.messages import Message
from core.reporting.snippets import ModelFacts
from core.reporting.wording import Wording
from core.types.exporting import SmallForm

SERVERS = ("text-embeddings-inference", "vLLM", "Ollama")
INDEXES = ("OpenSearch", "Elasticsearch", "PostgreSQL (pgvector)", "Qdrant")
_POOLED = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
}


@dataclass(frozen=True)
class DeploymentFacts:
    """What the sheet says.

    Attributes
    ----------
    project, model : str
        Names that people gave, and the title of the model.
    version : int
        Of the champion in the registry.
    facts : ModelFacts
    pooling : str
        ``mean``, ``cls``, ``max``, ``last``; "" for a model of word vectors, which no model server
        serves.
    answers : int
        That an index holds.
    reindex_seconds : float or None
        To read all of them with the speed that was measured; 0 = not needed, None = not measured.
    verdict : tuple of Message
        What the comparison said, in words.
    prices : RunningPrices
    costs : RunningCosts or None
        None where the speed was not measured.
    benefit : tuple of Message
        What the gain is worth by the user's own figures; empty where these are not kept.
    forms : tuple of SmallForm
        Empty before they were made.
    """

    project: str
    model: str
    version: int
    facts: ModelFacts
    pooling: str
    answers: int
    reindex_seconds: float | None
    verdict: tuple[Message, ...]
    prices: RunningPrices
    costs: RunningCosts | None
    benefit: tuple[Message, ...]
    forms: tuple[SmallForm, ...]

    @property
    def alias(self) -> str:
        """Name that searches use; it points to the index of the present version."""
        return index_name(self.project)

    @property
    def index(self) -> str:
        """Name of the index of this version."""
        return f"{self.alias}_v{self.version}"


def index_name(project: str) -> str:
    """Return a project's name as every index, collection and table may be called."""
    plain = unicodedata.normalize("NFKD", project).encode("ascii", "ignore").decode().casefold()
    words = re.sub("[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    return words if words[:1].isalpha() else f"answers_{words}".rstrip("_")


def pooling_of(model: Path) -> str:
    """Return how a model folder makes one vector of its tokens; "" where it has no such part."""
    for file in sorted(model.glob("*_Pooling/config.json")):
        try:
            stated = json.loads(file.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(stated.get("pooling_mode"), str):
            return str(stated["pooling_mode"])
        return next((word for key, word in _POOLED.items() if stated.get(key)), "")
    return ""


def deployment_sheet(facts: DeploymentFacts, language: str) -> str:
    """Return the sheet as Markdown."""
    wording = Wording(language)
    template = wording.template("deployment.md.jinja", html=False, js=_in_shell, md=_as_typed)
    return template.render(d=facts, f=facts.facts)


def _in_shell(text: str) -> str:
    """Return a text as a JSON value inside single quotes of a shell."""
    return json.dumps(text, ensure_ascii=False).replace("'", "'\\''")


def _as_typed(text: str) -> str:
    """Return a text that Markdown shows as it was typed, in one line."""
    marked = re.sub(r"([\\`*_\[\]<>|#~!&])", r"\\\1", " ".join(text.split()))
    return marked.replace("://", r":\//")  # no address becomes a link


def deployment_body(sheet: str) -> str:
    """Return the sheet as HTML; raw HTML in it is text: names of projects are people's words."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(sheet))


def deployment_page(sheet: str, title: str) -> str:
    """Return the sheet as one HTML file that needs nothing else."""
    body = deployment_body(sheet)
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>body{{font:16px/1.5 sans-serif;max-width:52rem;"
        "margin:2rem auto;padding:0 1rem;color:#1f2430;background:#fff}pre{background:#f4f5f7;"
        "padding:.8rem;overflow:auto;font-size:13px}table{border-collapse:collapse}td,th{border:"
        f"1px solid #ccd;padding:.3rem .6rem;text-align:left}}</style></head><body>{body}</body>"
        "</html>\n"
    )
