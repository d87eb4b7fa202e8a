"""Ready-made code for the places where a tuned model is used: only the texts are left to change.

Each snippet is a whole program with the model's own prompts, dimension and length filled in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from core.experts.lexical import K1, B
from core.messages import N_
from core.reporting.onnx_export import FILE
from core.reporting.wording import Wording
from core.types.exporting import DISTILLED, INT8, TokenRules

QUESTION = {"en": "How can I send something back?", "ja": "返品するにはどうすればよいですか？"}
ANSWERS = {
    "en": ["You can return items within 30 days.", "We ship to all countries of the EU."],
    "ja": ["商品は30日以内であれば返品できます。", "EUのすべての国へ発送しています。"],
}


@dataclass(frozen=True)
class ModelFacts:
    """What a snippet has to know of a model.

    Attributes
    ----------
    folder : str
        Name of the unpacked model folder.
    dimension : int
        Length of a vector.
    query_prompt, document_prompt : str
        Put before a question, before an answer; "" = nothing.
    rules : TokenRules
        For the ONNX file, which has no tokenizer.
    answers_by : str
        The model that answers keep the vectors of, where this one reads questions only; "" = this
        one reads both.
    words : float in [0, 1]
        How much keyword search counts beside it, see :mod:`core.evaluation.hybrid`; 0 = not at all.
    """

    folder: str
    dimension: int
    query_prompt: str
    document_prompt: str
    rules: TokenRules
    answers_by: str = ""
    words: float = 0.0


@dataclass(frozen=True)
class Snippet:
    """One program.

    Attributes
    ----------
    title, meaning : str
        Message ids; the title is a product name and stays as it is.
    packages : tuple of str
        What has to be installed, as pip knows it.
    onnx : bool
        Runs the ONNX file instead of the model folder.
    joins : bool
        Joins keyword search; only of use where that counts.
    """

    key: str
    title: str
    meaning: str
    packages: tuple[str, ...]
    onnx: bool = False
    joins: bool = False


SNIPPETS: dict[str, Snippet] = {
    snippet.key: snippet
    for snippet in (
        Snippet(
            "sentence_transformers",
            "Sentence Transformers",
            N_("Plain Python: encode answers and questions, compare them."),
            ("sentence-transformers",),
        ),
        Snippet(
            "hybrid",
            "Sentence Transformers + BM25",
            N_("Plain Python: the model joined with keyword search, as it was compared."),
            ("sentence-transformers", "bm25s"),
            joins=True,
        ),
        Snippet(
            "onnxruntime",
            "ONNX Runtime",
            N_("Without PyTorch: small, fast to start, also for servers in other languages."),
            ("onnxruntime", "tokenizers", "numpy"),
            onnx=True,
        ),
        Snippet(
            "langchain",
            "LangChain",
            N_("As the embedding model of a LangChain application."),
            ("langchain-huggingface", "sentence-transformers"),
        ),
        Snippet(
            "llamaindex",
            "LlamaIndex",
            N_("As the embedding model of a LlamaIndex application."),
            ("llama-index-core", "llama-index-embeddings-huggingface"),
        ),
        Snippet(
            "haystack",
            "Haystack",
            N_("As the embedders of a Haystack pipeline."),
            ("haystack-ai", "sentence-transformers-haystack"),
        ),
        Snippet(
            "pgvector",
            "PostgreSQL (pgvector)",
            N_("Search inside a PostgreSQL database."),
            ("psycopg[binary]", "pgvector", "sentence-transformers"),
        ),
        Snippet(
            "qdrant",
            "Qdrant",
            N_("Search in the vector database Qdrant."),
            ("qdrant-client", "sentence-transformers"),
        ),
        Snippet(
            "elasticsearch",
            "Elasticsearch",
            N_("Vectors beside the keyword search of Elasticsearch."),
            ("elasticsearch", "sentence-transformers"),
        ),
        Snippet(
            "opensearch",
            "OpenSearch",
            N_("Vectors beside the keyword search of OpenSearch."),
            ("opensearch-py", "sentence-transformers"),
        ),
    )
}


# Of smaller forms, by the key of the form.
FORM_SNIPPETS = {
    INT8: SNIPPETS["onnxruntime"],
    DISTILLED: Snippet(
        "model2vec",
        "model2vec",
        N_("Word vectors: no PyTorch, no graphics card, thousands of texts in a second."),
        ("model2vec", "numpy"),
    ),
}


def snippets_for(model: ModelFacts) -> tuple[str, ...]:
    """Return the keys of :data:`SNIPPETS` that are of use for a model."""
    return tuple(key for key, one in SNIPPETS.items() if model.words or not one.joins)


_KNOWN = SNIPPETS | {snippet.key: snippet for snippet in FORM_SNIPPETS.values()}


def render_snippet(key: str, model: ModelFacts, language: str) -> str:
    """Return the program ``key`` of :data:`SNIPPETS` or :data:`FORM_SNIPPETS` for one model.

    Parameters
    ----------
    language : str
        Of the example texts, ``en`` or ``ja``.
    """
    # Every value goes into the program as a literal; JSON's escapes are also Python's.
    literal = partial(json.dumps, ensure_ascii=False)
    template = Wording(language).template(f"snippets/{key}.py.jinja", html=False, py=literal)
    text = template.render(
        {**vars(model), **vars(model.rules)},
        install=f"pip install {' '.join(_KNOWN[key].packages)}",
        onnx_file=FILE,
        k1=K1,
        b=B,
        question=QUESTION.get(language, QUESTION["en"]),
        answers=ANSWERS.get(language, ANSWERS["en"]),
    )
    if not model.answers_by:
        return text
    said = json.dumps(model.answers_by, ensure_ascii=False)[1:-1]
    warning = f"# This model reads questions only: encode the answers with {said} instead.\n"
    return warning + text
