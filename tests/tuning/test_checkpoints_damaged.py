"""Files of a saved state cut short, garbled or gone: a run goes on from an older state."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.errors import TuningError
from core.tuning import run as run_module
from core.tuning.checkpoints import MODEL, OPTIMIZER, STATE, CheckpointStore, RunState
from core.types.tuning import CurvePoint
from tests.tuning.tiny_runs import Killed, Recorder, run, same

NEWEST, BEFORE = "step-000006", "step-000005"
BASES = ["tiny_bert", "tiny_static"]


@pytest.fixture(autouse=True)
def saving_costs_nothing(monkeypatch):
    """Let a checkpoint be due after every step."""
    monkeypatch.setattr(run_module, "SAVING_SHARE", 0)


@pytest.fixture(scope="module", params=BASES)
def killed(request, small_dataset, tmp_path_factory):
    """A base model, what an uninterrupted run of it gives, and a run killed at step 7."""
    base = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp("killed")
    straight = run(small_dataset, base, folder / "straight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "SAVING_SHARE", 0)
        with pytest.raises(Killed):
            run(small_dataset, base, folder / "run", Recorder(die_at=7))
    names = sorted(path.name for path in (folder / "run" / "checkpoints").iterdir())
    assert names[-2:] == [BEFORE, NEWEST]
    return base, straight, folder / "run"


def garble(file, rng):
    """Change a hundred bytes here and there, headers included."""
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    places = rng.integers(0, len(content), 100)
    content[places] ^= rng.integers(1, 256, 100).astype(np.uint8)
    file.write_bytes(content.tobytes())


DAMAGE = {
    "cut short": lambda file, rng: file.write_bytes(file.read_bytes()[:-20]),
    "half": lambda file, rng: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "empty": lambda file, rng: file.write_bytes(b""),
    "zeros": lambda file, rng: file.write_bytes(bytes(file.stat().st_size)),
    "garbled": garble,
    "gone": lambda file, rng: file.unlink(),
}


def saved_by(folder):
    """Return the states of a run and the id of that run."""
    states = CheckpointStore(folder / "checkpoints")
    return states, states.at(5).state().run_id


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", [MODEL, OPTIMIZER, STATE])
def test_a_damaged_file_is_seen_and_the_state_before_is_taken(name, damage, killed, tmp_path):
    shutil.copytree(killed[2], tmp_path / "run")
    states, run_id = saved_by(tmp_path / "run")
    assert states.newest(run_id)[0].step == 6
    DAMAGE[damage](states.at(6).folder / name, np.random.default_rng(0))
    assert states.newest(run_id)[0].step == 5


@pytest.mark.parametrize(
    "text", ["[]", "null", "3", '"x"', '{"step": 6}', '{"run_id": 1, "files": []}', "[[[["]
)
def test_json_that_is_no_state_is_seen(text, killed, tmp_path):
    shutil.copytree(killed[2], tmp_path / "run")
    states, run_id = saved_by(tmp_path / "run")
    (states.at(6).folder / STATE).write_text(text)
    assert states.newest(run_id)[0].step == 5


@pytest.mark.parametrize("name", [MODEL, OPTIMIZER, STATE])
def test_a_run_goes_on_from_the_state_before_to_the_same_weights(
    name, killed, small_dataset, tmp_path
):
    """A power cut leaves files cut short; loading them must neither crash nor change the result."""
    base, straight, folder = killed
    shutil.copytree(folder, tmp_path / "run")
    DAMAGE["half"](tmp_path / "run" / "checkpoints" / NEWEST / name, np.random.default_rng(0))
    report = Recorder()
    outcome = run(small_dataset, base, tmp_path / "run", report)
    assert report.metrics[0]["step"] == 6
    assert outcome.curve == straight.curve
    assert same(outcome.model_folder, straight.model_folder)


def test_with_every_state_damaged_the_run_begins_anew(killed, small_dataset, tmp_path):
    base, straight, folder = killed
    shutil.copytree(folder, tmp_path / "run")
    for file in (tmp_path / "run" / "checkpoints").rglob("*.safetensors"):
        file.write_bytes(b"\x00" * 64)
    report = Recorder()
    outcome = run(small_dataset, base, tmp_path / "run", report)
    assert report.metrics[0]["step"] == 0
    assert same(outcome.model_folder, straight.model_folder)


def test_foreign_folders_beside_the_states_do_no_harm(killed, small_dataset, tmp_path):
    """Somebody's copy of a state, a half-written one, a file manager's litter."""
    base, straight, folder = killed
    shutil.copytree(folder, tmp_path / "run")
    states = tmp_path / "run" / "checkpoints"
    shutil.copytree(states / NEWEST, states / f"{NEWEST} (copy)")
    shutil.copytree(states / NEWEST, states / "writing-000007")
    (states / ".DS_Store").write_bytes(b"\x00")
    (states / "step-notes").write_text("a file, not a folder")
    report = Recorder()
    outcome = run(small_dataset, base, tmp_path / "run", report)
    assert report.metrics[0]["step"] == 7
    assert same(outcome.model_folder, straight.model_folder)


@pytest.mark.parametrize("damage", ["cut short", "garbled", "gone"])
def test_a_best_state_damaged_while_the_run_goes_on_is_said_and_made_good(
    damage, killed, small_dataset, tmp_path
):
    """Its weights would otherwise become the tuned model, or end the run with a stack trace."""
    base, _, _ = killed

    class Vandal(Recorder):
        def metric(self, values):
            super().metric(values)
            if self.step == 10 and "loss" in values:
                for file in (tmp_path / "run" / "checkpoints").rglob(MODEL):
                    DAMAGE[damage](file, np.random.default_rng(0))

    settings = {"evaluate": falling()}
    with pytest.raises(TuningError, match=r"after step 2\) was damaged"):
        run(small_dataset, base, tmp_path / "run", Vandal(), **settings)
    assert not (tmp_path / "run" / "model").exists()
    outcome = run(small_dataset, base, tmp_path / "run", evaluate=falling())
    again = run(small_dataset, base, tmp_path / "again", evaluate=falling())
    assert outcome.best_step == again.best_step == 2
    assert same(outcome.model_folder, again.model_folder)


def falling():
    """Return an evaluation that likes the first tuned model best."""
    scores = iter([0.5, 0.5, 0.9, 0.9, *[0.6] * 40])
    return lambda *_: next(scores)


def state_of(scores, noise=0.0, floors=None):
    points = tuple(CurvePoint(10 * n, score, {"unseen": score}) for n, score in enumerate(scores))
    return RunState("run", curve=points, noise=noise, floors=floors or {})


@pytest.mark.parametrize(
    ("scores", "noise", "step"),
    [
        ((0.70, 0.74, 0.75, 0.73), 0.0, 20),  # without noise the highest
        ((0.70, 0.74, 0.75, 0.73), 0.03, 30),  # inside it the latest
        ((0.70, 0.74, 0.75, 0.71), 0.03, 20),
        ((0.70, 0.71, 0.70, 0.69), 0.05, 10),  # never at or below the base model
        ((0.70, 0.69, 0.68), 0.05, 0),
        ((0.70, 0.75, 0.72, 0.79, 0.70), 0.05, 30),
        ((0.70,), 0.05, 0),
    ],
)
def test_of_states_that_differ_by_chance_the_one_that_learned_longest_counts(scores, noise, step):
    assert state_of(scores, noise).best.step == step


def test_a_state_below_a_floor_is_no_best_one_however_late():
    assert state_of((0.70, 0.76, 0.74), 0.05, {"unseen": 0.75}).best.step == 10


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.floats(0, 0.2),
)
def test_what_was_the_best_state_was_saved_when_it_was_measured(scores, noise):
    """Only the state just measured is at hand: an older one may stay the best, not become it."""
    bests = [state_of(scores[:n], noise).best.step // 10 for n in range(1, len(scores) + 1)]
    for number, best in enumerate(bests):
        assert best == number or best == bests[number - 1]
