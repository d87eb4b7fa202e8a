"""Foreign data cannot take the server's memory, time or secrets, nor end it."""

from __future__ import annotations

import os
import signal
import time

import pytest

from core.data.reading.formats import read_table
from core.errors import DataError, JobError, LabelError, LimitError, Stopped
from core.jobs import limited
from core.jobs.limited import SERVER, UNFORESEEN, Limits, Used, run_limited
from core.types import SilentReporter
from tests import limited_work as work

pytestmark = pytest.mark.skipif(not limited.AVAILABLE, reason="children with limits are for Linux")
SMALL = Limits(memory_mb=300, cpu_seconds=2, output_mb=20)


def run(function, *arguments, limits=SMALL, **options):
    return run_limited(function, *arguments, name="faq.csv", limits=limits, **options)


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_an_answer_comes_back_and_says_what_it_took():
    used: list[Used] = []
    assert run(work.take_memory, 100, on_end=used.append) == 100_000_000
    assert used[0].peak_mb > 100
    assert run(work.pid) != os.getpid()


@pytest.mark.parametrize("function", [work.take_memory, work.take_memory_quietly])
def test_too_much_memory_is_told_with_the_setting_that_allows_more(function):
    """Parsers call every file damaged that they had no memory for."""
    with pytest.raises(LimitError, match=r"more than 300 MB of memory.*UPLOAD_MEMORY_MB"):
        run(function, 900)


def test_too_much_computing_is_stopped():
    with pytest.raises(LimitError, match=r"more than 1 seconds of computing.*UPLOAD_CPU_SECONDS"):
        run(work.compute, limits=Limits(cpu_seconds=1))


def test_an_answer_that_is_too_large_is_not_taken():
    with pytest.raises(LimitError, match=r"more than 20 MB.*UPLOAD_OUTPUT_MB"):
        run(work.answer, 60)


def test_no_file_larger_than_that_is_written(tmp_path):
    with pytest.raises(LimitError, match="UPLOAD_OUTPUT_MB"):
        run(work.write, 60, str(tmp_path / "x"))
    assert (tmp_path / "x").stat().st_size <= 20_000_000


def test_a_crash_costs_one_file_and_no_server():
    with pytest.raises(DataError, match=r"ended unexpectedly .SIGABRT.") as caught:
        run(work.crash)
    assert caught.value.message.template in UNFORESEEN
    assert run(work.take_memory, 1) == 1_000_000


def test_lists_inside_lists_without_end_are_named_as_such():
    assert run(work.walk, 50) == 50
    with pytest.raises(DataError, match=r"faq.csv holds lists or objects inside one another"):
        run(work.walk, 100_000)


def test_lists_inside_lists_are_named_where_there_are_no_limits_either(monkeypatch):
    monkeypatch.setattr(limited, "AVAILABLE", False)
    with pytest.raises(DataError, match=r"faq.csv holds lists or objects inside one another"):
        run(work.walk, 100_000)


def test_what_nobody_foresaw_is_a_sentence_and_goes_to_the_log(caplog):
    with pytest.raises(DataError, match=r"faq.csv cannot be read.*KeyError"):
        run(work.fail)
    assert "nobody thought of this" in caplog.text


def test_an_error_keeps_its_kind_and_its_words():
    with pytest.raises(LabelError, match="Row 3 is odd"):
        run(work.refuse)


def test_progress_gets_through_and_stopping_ends_the_child(tmp_path):
    told = []

    class Ear(SilentReporter):
        def progress(self, fraction, message):
            told.append((fraction, str(message)))

        def should_stop(self):
            return (0.25, "Reading row 7") in told

    with pytest.raises(Stopped):
        run(work.wait, str(tmp_path / "pid"), report=Ear(), reports=True)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_reporter_that_raises_ends_the_child(tmp_path):
    """As Streamlit does in the script of a closed tab, in whatever it calls next."""

    class Closed(SilentReporter):
        def progress(self, fraction, message):
            if (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text():
                raise RuntimeError("the tab was closed")

    with pytest.raises(RuntimeError, match="tab was closed"):
        run(work.wait, str(tmp_path / "pid"), report=Closed(), reports=True)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_server_that_was_killed_is_started_again():
    run(work.pid)
    os.kill(SERVER._process.pid, signal.SIGKILL)
    SERVER._process.wait()
    assert run(work.take_memory, 1) == 1_000_000


def test_children_see_no_secrets(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/x")
    SERVER.stop()  # the next one starts with this environment
    names = run(work.secrets)
    assert "PATH" in names
    assert not {"OPENAI_API_KEY", "DATABASE_URL", "HF_TOKEN"} & set(names)


def test_a_table_comes_back_as_it_was():
    table = read_table("question,answer\nWo?,Hier\nWarum 営業?,\n".encode(), "faq.csv")
    again = run(work.same, table)
    assert again.frame.equals(table.frame)
    assert again.frame.dtypes.tolist() == table.frame.dtypes.tolist()
    assert again.row_numbers.tolist() == table.row_numbers.tolist()
    assert (again.columns, again.warnings) == (table.columns, table.warnings)


def test_limits_are_settings_and_odd_ones_are_named():
    assert Limits.of({}) == Limits()
    given = Limits.of({"UPLOAD_MEMORY_MB": "500", "UPLOAD_CPU_SECONDS": " 30 "})
    assert (given.memory_mb, given.cpu_seconds, given.output_mb) == (500, 30, Limits().output_mb)
    for value in ("much", "0", "-1", "nan", "inf"):
        with pytest.raises(JobError, match="UPLOAD_MEMORY_MB"):
            Limits.of({"UPLOAD_MEMORY_MB": value})


def test_the_process_that_reads_files_knows_no_torch():
    """It would take half a gigabyte of memory and seconds of the first upload."""
    from core.journey.uploads import _PRELOAD

    SERVER.stop()  # one that runs has loaded what it was started with
    modules = run(work.loaded_modules, preload=_PRELOAD)
    assert "pyarrow" in modules
    assert not {"torch", "transformers", "streamlit", "sqlalchemy"} & set(modules)
