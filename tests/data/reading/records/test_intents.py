"""Bare talks of ChatterBot: each text answers the last, and words stay words."""

import json

import pytest

from tests.data.made_files import PAIRS, right, said

ROWS = sorted(PAIRS)
YAML = "categories:\n- library\n- desk\nconversations:\n" + "".join(
    f"- - {q}\n  - {json.dumps(a)}\n" for q, a in ROWS
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (YAML, "desk.yml"),
        (YAML[YAML.index("conv") :], "desk.yaml"),
        (json.dumps({"categories": ["desk"], "conversations": [*map(list, ROWS)]}), "desk.json"),
    ],
)
def test_talks_as_bare_lists_are_questions_and_answers(text, name, read):
    report = read(text.encode(), name)
    assert right(report) == PAIRS and "ChatterBot" in said(report)


def test_a_longer_talk_goes_on_and_a_word_is_no_truth_value(read):
    talk = "- - Is the desk open?\n  - Yes\n  - And on Sundays?\n  - no\n  - Why is that so?\n"
    report = read((YAML + talk).encode(), "desk.yml")
    more = {("Is the desk open?", "Yes"), ("And on Sundays?", "no")}
    assert right(report) == PAIRS | more and report.open == ["Why is that so?"]
    records = "".join(f"- question: {q}\n  answer: {a}\n" for q, a in more)
    assert right(read(f"{records}- question: And so?\n  answer: true\n".encode(), "a.yml")) == {
        *more,
        ("And so?", "TRUE"),
    }


@pytest.mark.parametrize(
    "talks", [[["Alone?"]], [["Wie?", {"text": "So."}], ["Wo?", "Hier."]], ["Wie?", "So."]]
)
def test_other_lists_called_conversations_are_no_bare_talks(talks, read):
    assert "ChatterBot" not in said(read(json.dumps({"conversations": talks}).encode(), "a.json"))
