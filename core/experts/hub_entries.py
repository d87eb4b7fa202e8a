"""Experts from the model hub, used when it can be reached.

Sizes, dimensions, prompts and licences are those of the model cards. A revision is None where it
is resolved at the first download and recorded with the model.
"""

from __future__ import annotations

from core.experts.entry import (
    ANY_LANGUAGE,
    CROSS_ENCODER,
    DOCUMENT,
    QUERY,
    CatalogueEntry,
    HubSource,
)
from core.messages import N_

_ANY = (ANY_LANGUAGE,)
E5_PROMPTS = {QUERY: "query: ", DOCUMENT: "passage: "}
_BGE_PROMPTS = {QUERY: "Represent this sentence for searching relevant passages: "}
_RURI_PROMPTS = {QUERY: "検索クエリ: ", DOCUMENT: "検索文書: "}

HUB = (
    CatalogueEntry(
        key="all-MiniLM-L12-v2",
        title="all-MiniLM-L12-v2",
        meaning=N_("English model, a little larger and slower than all-MiniLM-L6-v2."),
        dimension=384,
        max_length=128,
        size_mb=133,
        relative_speed=0.5,
        hub=HubSource("sentence-transformers/all-MiniLM-L12-v2"),
    ),
    CatalogueEntry(
        key="all-mpnet-base-v2",
        title="all-mpnet-base-v2",
        meaning=N_("Strong general English model, a good teacher for a smaller one."),
        dimension=768,
        max_length=384,
        size_mb=438,
        relative_speed=0.12,
        hub=HubSource("sentence-transformers/all-mpnet-base-v2"),
    ),
    CatalogueEntry(
        key="multilingual-e5-small",
        title="multilingual-e5-small",
        meaning=N_("Small model for about 100 languages, in full precision."),
        languages=_ANY,
        dimension=384,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=471,
        relative_speed=0.4,
        hub=HubSource("intfloat/multilingual-e5-small"),
    ),
    CatalogueEntry(
        key="multilingual-e5-base",
        title="multilingual-e5-base",
        meaning=N_("Medium-sized model for about 100 languages."),
        languages=_ANY,
        dimension=768,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=1112,
        relative_speed=0.1,
        hub=HubSource("intfloat/multilingual-e5-base"),
    ),
    CatalogueEntry(
        key="bge-small-en-v1.5",
        title="bge-small-en-v1.5",
        meaning=N_("Small English model made for search."),
        dimension=384,
        max_length=512,
        prompts=_BGE_PROMPTS,
        licence="MIT",
        size_mb=133,
        relative_speed=0.45,
        hub=HubSource("BAAI/bge-small-en-v1.5"),
    ),
    CatalogueEntry(
        key="bge-base-en-v1.5",
        title="bge-base-en-v1.5",
        meaning=N_("Medium-sized English model made for search."),
        dimension=768,
        max_length=512,
        prompts=_BGE_PROMPTS,
        licence="MIT",
        size_mb=438,
        relative_speed=0.12,
        hub=HubSource("BAAI/bge-base-en-v1.5"),
    ),
    CatalogueEntry(
        key="gte-small",
        title="gte-small",
        meaning=N_("Small general English model."),
        dimension=384,
        max_length=512,
        licence="MIT",
        size_mb=67,
        relative_speed=0.45,
        hub=HubSource("thenlper/gte-small"),
    ),
    CatalogueEntry(
        key="paraphrase-multilingual-MiniLM-L12-v2",
        title="paraphrase-multilingual-MiniLM-L12-v2",
        meaning=N_("Finds sentences that say the same, in about 50 languages."),
        languages=_ANY,
        dimension=384,
        max_length=128,
        size_mb=471,
        relative_speed=0.45,
        hub=HubSource("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"),
    ),
    CatalogueEntry(
        key="bge-m3",
        title="bge-m3",
        meaning=N_("Large model for about 100 languages and long texts; a GPU is advised."),
        languages=_ANY,
        dimension=1024,
        max_length=8192,
        licence="MIT",
        size_mb=2271,
        relative_speed=0.03,
        hub=HubSource("BAAI/bge-m3"),
    ),
    CatalogueEntry(
        key="ruri-v3-30m",
        title="Ruri v3 30m",
        meaning=N_("Small Japanese model made for search."),
        languages=("ja",),
        dimension=256,
        max_length=8192,
        prompts=_RURI_PROMPTS,
        size_mb=147,
        relative_speed=0.5,
        hub=HubSource("cl-nagoya/ruri-v3-30m"),
    ),
    CatalogueEntry(
        key="ruri-v3-310m",
        title="Ruri v3 310m",
        meaning=N_("Strong Japanese model made for search; a GPU is advised."),
        languages=("ja",),
        dimension=768,
        max_length=8192,
        prompts=_RURI_PROMPTS,
        size_mb=1260,
        relative_speed=0.05,
        hub=HubSource("cl-nagoya/ruri-v3-310m"),
    ),
    CatalogueEntry(
        key="static-similarity-mrl-multilingual-v1",
        title="static-similarity-mrl-multilingual-v1",
        meaning=N_(
            "Very fast model for about 50 languages that averages the meaning of single words "
            "and does not see their order."
        ),
        languages=_ANY,
        dimension=1024,
        size_mb=433,
        relative_speed=30.0,
        hub=HubSource("sentence-transformers/static-similarity-mrl-multilingual-v1"),
    ),
    CatalogueEntry(
        key="ms-marco-MiniLM-L6-v2",
        title="ms-marco-MiniLM-L6-v2",
        meaning=N_(
            "English model that reads question and answer together (cross-encoder): more exact, "
            "but it scores the most likely pairs only."
        ),
        family=CROSS_ENCODER,
        max_length=512,
        trainable=False,
        size_mb=91,
        relative_speed=0.6,
        hub=HubSource("cross-encoder/ms-marco-MiniLM-L6-v2"),
    ),
    CatalogueEntry(
        key="bge-reranker-v2-m3",
        title="bge-reranker-v2-m3",
        meaning=N_(
            "Large model for about 100 languages that reads question and answer together "
            "(cross-encoder) and scores the most likely pairs only; a GPU is advised."
        ),
        family=CROSS_ENCODER,
        languages=_ANY,
        max_length=512,
        trainable=False,
        size_mb=2271,
        relative_speed=0.02,
        hub=HubSource("BAAI/bge-reranker-v2-m3"),
    ),
)
