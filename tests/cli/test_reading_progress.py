"""Long reading is followed on standard error, as the terminal or log takes it, and not where it must be quiet."""

from itertools import product

import pytest

from mmsbatch.cli import reading_progress
from mmsbatch.cli.main import app
from mmsbatch.cli.reading_progress import following_rows

#: A row count every second.
SECONDS = 25


@pytest.fixture
def follow(capsys, monkeypatch):
    """Read for some seconds; return what standard error shows."""

    def run(is_live=False, seconds=SECONDS, **settings):
        monkeypatch.setattr(reading_progress, "has_colors", lambda: is_live)
        now = [0.0]
        with following_rows(clock=lambda: now[0], **settings) as on_rows:
            for second in range(1, seconds + 1):
                now[0] = float(second)
                if on_rows:
                    on_rows(second * 50_000)
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


#: `render` and `proof` have no option that would silence them.
PROOF = "proof --gateway sandbox --to 0639980001"
READING = [("render", ""), (PROOF, ""), *product(["plan --offline", "validate"], ["", "--quiet", "--format json"])]


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
