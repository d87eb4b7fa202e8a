"""A model folder or a path that somebody typed cannot end a page, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.hostile_files import FOLDER_KINDS, bent_folder
from core.errors import ModelUnavailableError
from core.experts.folders import own_folder
from core.experts.local_folder import expert_in_folder
from core.journey.experts import add_model_folder
from core.workspace.workspace import Workspace


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", FOLDER_KINDS)
def test_an_odd_folder_is_taken_or_refused_with_a_sentence(tmp_path, kind, seed):
    typed = bent_folder(tmp_path, kind, str(seed).encode())
    try:
        expert_in_folder(own_folder(typed))
    except ModelUnavailableError as error:
        str(error).encode()


@pytest.mark.parametrize(
    "typed",
    ["/tmp/\x00", "/" + "a" * 5000, "/" + "a/" * 2500, "/tmp/\ud800", "~nobody_here/x"],
)
def test_a_path_that_no_file_system_has_is_refused(typed):
    with pytest.raises(ModelUnavailableError):
        expert_in_folder(own_folder(typed))


def test_a_part_outside_of_the_folder_is_not_read(tmp_path):
    bent_folder(tmp_path, "path out", b"1")
    for outside in ("../../../../etc", "/etc"):
        modules = [{"type": "sentence_transformers.models.Transformer", "path": outside}]
        (tmp_path / "model" / "modules.json").write_text(json.dumps(modules))
        with pytest.raises(ModelUnavailableError, match="outside of its folder"):
            expert_in_folder(tmp_path / "model")


def test_the_page_gets_the_same_sentence(tmp_path):
    project = Workspace.open(tmp_path / "w").create_project("x", "me")
    with pytest.raises(ModelUnavailableError, match="not a sentence-transformers model"):
        add_model_folder(project, str(Path(tmp_path)), "me")
    assert project.state.model_folders == ()
