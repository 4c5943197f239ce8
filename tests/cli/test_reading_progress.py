"""Long reading is followed on standard error, as the terminal or log takes it, and not where it must be quiet."""

import os
import sys
from itertools import product

import pytest

from mmsbatch.cli import reading_progress
from mmsbatch.cli.console import draw
from mmsbatch.cli.main import app
from mmsbatch.cli.reading_progress import following_reading
from mmsbatch.planning.preparation import Step

#: A row count every second.
SECONDS = 25


@pytest.fixture
def follow(capsys, monkeypatch):
    """Read for some seconds; return what standard error shows."""

    def run(is_live=False, seconds=SECONDS, **settings):
        monkeypatch.setattr(reading_progress, "has_colors", lambda: is_live)
        now = [0.0]
        with following_reading(clock=lambda: now[0], **settings) as on_progress:
            for second in range(1, seconds + 1):
                now[0] = float(second)
                if on_progress:
                    on_progress(Step.RECIPIENTS, second * 50_000)
        shown = capsys.readouterr()
        assert shown.out == ""
        return shown.err

    return run


def test_a_log_has_a_line_every_ten_seconds(follow):
    assert follow() == "reading recipients: 500,000 rows so far\nreading recipients: 1,000,000 rows so far\n"


def test_a_terminal_has_one_line_that_is_gone_at_the_end(follow):
    shown = follow(is_live=True, seconds=3)
    lines = shown.split("\r\033[K")
    assert lines == ["", *(f"reading recipients: {rows}0,000 rows so far" for rows in (5, 10, 15)), ""]


def test_what_takes_no_second_is_not_followed(follow):
    assert follow(is_live=True, seconds=0) == ""
    assert follow(seconds=9) == ""


def test_silence(follow):
    assert follow(is_silent=True) == ""
    assert follow(is_silent=True, is_live=True) == ""


PROOF = "proof --gateway sandbox --to 0639980001"
READING = [
    *product(["render", PROOF], ["", "--quiet"]),
    *product(["plan --offline", "validate"], ["", "--quiet", "--format json"]),
]


@pytest.mark.parametrize(("command", "options"), READING)
def test_commands_that_read_follow_it(command, options, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reading_progress, "has_colors", lambda: True)
    monkeypatch.setattr(reading_progress, "LIVE_AFTER", 0.0)
    (tmp_path / "sale.csv").write_text("phone\n" + f"06{'0' * 8}\n" * 60_000)
    spec = tmp_path / "sale.yaml"
    message, source = "{type: text, text: Bonjour}", "{file: sale.csv}"
    spec.write_text(f"version: 1\nname: Soldes\nmessage: {message}\nrecipients: {source}\n")
    app([*command.split(), str(spec), *options.split()], standalone_mode=False)
    assert ("50,000 rows so far" in capsys.readouterr().err) == (not options)


def test_a_terminal_that_goes_away_changes_nothing(monkeypatch):
    """What is left in the stream's buffer would fail at the end of the program, and change its exit code."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        for _ in range(3):
            draw("reading recipients")


#: What takes its time, the rows of the CSV file, the text, what else stands in the campaign, and what is said of it.
LONG = [
    (Step.RECIPIENTS, ["0639980000;x"] * 60_000, "Bonjour", "", "reading recipients: 50,000 rows so far"),
    (
        Step.SUPPRESSION,
        ["0639980000;x"] * 60_000,
        "Bonjour",
        "suppress: [{file: sale.csv, phone: phone}]\n",
        "reading suppression lists: 50,000 rows so far",
    ),
    (
        Step.TEXTS,
        [f"06{row:08};code {row}" for row in range(12_000)],
        "Bonjour {{ code }}",
        "",
        "rendering: 10,000 texts so far",
    ),
    (Step.CAMPAIGNS, ["0639980000;x"], "Bonjour", "", "reading campaigns: 1 so far"),
]


@pytest.mark.parametrize(("step", "rows", "text", "more", "said"), LONG, ids=[step.name for step, *_ in LONG])
def test_whatever_takes_its_time_is_followed(step, rows, text, more, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reading_progress, "has_colors", lambda: True)
    monkeypatch.setattr(reading_progress, "LIVE_AFTER", 0.0)
    monkeypatch.setattr(reading_progress, "LIVE_EVERY", 0.0)
    (tmp_path / "sale.csv").write_text("\n".join(["phone;code", *rows, ""]))
    written = (
        f"version: 1\nname: Soldes\nmessage: {{type: text, text: '{text}'}}\nrecipients: {{file: sale.csv}}\n{more}"
    )
    for name in ("sale", "spring"):
        (tmp_path / f"{name}.yaml").write_text(written)
    app(["validate", str(tmp_path), "--gateway", "sandbox"], standalone_mode=False)
    assert f"\r\033[K{said}" in capsys.readouterr().err


def test_each_step_is_followed():
    assert {step for step, *_ in LONG} == set(Step)
