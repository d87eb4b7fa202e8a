"""``--trim``: a run on a base model with the words of the data's languages alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.options import main
from core.experts.catalogue import find_entry
from core.journey.jobs import job
from core.journey.tune import read_run, trim_offer
from core.tuning.presets import to_document
from core.types.tuning_config import TuningConfig

E5 = "multilingual-e5-small-4bit"
TOPICS = (
    ("返品", "未使用の商品は、到着から三十日以内であれば返品できます。"),
    ("送料", "送料は全国一律で五百円をいただいております。"),
    ("領収書", "領収書はマイページの注文履歴からダウンロードできます。"),
    ("パスワード", "パスワードはログイン画面から再設定してください。"),
    ("配送", "ご注文から三日ほどで配送いたします。"),
    ("保証", "保証期間はお買い上げの日から一年間です。"),
    ("ポイント", "ポイントはお会計のときに一点一円でご利用いただけます。"),
    ("ギフト包装", "ギフト包装はご注文画面で無料でお選びいただけます。"),
)
FORMS = (
    *("{}について教えてください。", "{}はどうすればいいですか？", "{}のことで困っています。"),
    *("{}を知りたいです。", "{}はどこで確認できますか？", "{}の方法を教えて"),
)


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "faq_ja.csv"
    rows = [f"{form.format(word)},{answer}" for word, answer in TOPICS for form in FORMS]
    path.write_text("\n".join(["question,answer", *rows]) + "\n", "utf-8")
    return path


WORDS = ("Rücksendung", "Zahlung", "Größe", "Lieferung", "Gutschein", "Konto", "Farbe", "Gerät")


def settings_file(path: Path, **changes: object) -> Path:
    small = {"epochs": 1, "questions_per_batch": 16, "max_length": 16, "interpolation": "off"}
    small |= {"neighbourhoods_per_batch": 0, "evaluations_per_epoch": 1}
    path.write_bytes(to_document(TuningConfig(base_model=E5, **small, **changes)))
    return path


def test_a_trimmed_base_searches_as_the_whole_one_and_learns(file, workspace, tmp_path, capsys):
    """The real model of the app: two thirds of it are words that nobody here reads."""
    settings = settings_file(tmp_path / "settings.json")
    asked = ["tune", str(file), "--config", str(settings), "--experts", "bm25", "--trim", "--json"]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "its vectors stayed the same" in said
    folder = Path(json.loads(said.splitlines()[-1])["run"])
    run = read_run(workspace, job(workspace, folder.name))
    assert run.request.tuning.trim_vocabulary
    kept = run.result.trimmed
    assert kept.languages == ("ja",)
    assert kept.size_mb < 150 < 450 < kept.before_mb and kept.tokens < 40_000
    assert kept.least_cosine > 0.999 and kept.texts >= len(TOPICS)
    assert kept.ndcg == pytest.approx(kept.ndcg_before, abs=1e-6)
    written = sum(f.stat().st_size for f in (folder / "model").rglob("model.safetensors"))
    assert written / 1e6 == pytest.approx(kept.size_mb, rel=0.05)
    # What the page offers is what was made.
    offered = trim_offer(workspace, E5, workspace.load_dataset(run.job.dataset_id))
    assert offered.size_mb == pytest.approx(kept.size_mb, rel=0.02)


def test_without_known_languages_a_run_says_what_to_do(workspace, tmp_path, capsys):
    file = tmp_path / "faq_de.csv"
    rows = [f"Wie geht {w} {n}?,Über {w}: so wird’s gemacht." for w in WORDS for n in "123456"]
    file.write_text("\n".join(["question,answer", *rows]) + "\n", "utf-8")
    settings = settings_file(tmp_path / "settings.json")
    asked = ["tune", str(file), "--config", str(settings), "--experts", "bm25", "--trim"]
    assert main(asked) == 1
    assert "python -m core trim" in capsys.readouterr().err


def test_settings_of_earlier_versions_keep_all_words(tmp_path):
    written = json.loads(settings_file(tmp_path / "settings.json").read_text())
    assert "trim_vocabulary" not in json.dumps(written) or not written.get("trim_vocabulary")
    assert not TuningConfig().trim_vocabulary and find_entry(E5).trainable
