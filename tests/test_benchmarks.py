"""What the benchmarks stand on: their data hold what they say, their table says what was measured."""

import csv
import json
import sys

import pytest

from benchmarks import __main__ as program
from benchmarks import planning, rows, validating, workplace
from benchmarks.case import Case, Contender, WrongOutcome
from benchmarks.measure import Measured, Run, measure
from benchmarks.registry import BENCHMARKS
from benchmarks.report import table, to_json
from mmsbatch.cli.main import app
from mmsbatch.recipients.numbers import NumberPolicy, read_number

QUICK, SLOW = Run(0.5, 0.4, 20.0), Run(2.0, 1.9, 1500.0)


@pytest.mark.parametrize("write", [rows.write_plain, rows.write_mixed])
def test_rows_are_what_is_said_of_them(write, tmp_path):
    counts = write(tmp_path / "rows.csv", 3_000)
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file, delimiter=";"))
    numbers = {read_number(row["mobile"], NumberPolicy()) for row in written}
    assert (len(written), len(numbers)) == (counts.rows, counts.numbers) == (3_000, 3_000 - counts.duplicates)
    assert all(isinstance(number, str) for number in numbers)
    if write is rows.write_mixed:
        assert 0.27 < counts.duplicates / counts.rows < 0.33
        assert {"\n", ";"} <= {sign for row in written for sign in row["ville"]}
        assert len({row["mobile"][:4].rstrip("0123456789") for row in written}) > 3


def test_plans_of_them_are_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(planning, "MILLION", 2_000)
    place = workplace.Workplace(tmp_path)
    monkeypatch.setattr(workplace.Workplace, "mmsbatch", "mmsbatch")
    monkeypatch.setattr(workplace.Workplace, "python", "python")
    cases = list(planning.cases(place))
    assert len(cases) == 4
    for case in cases:
        app(list(case.ours.command[1:]), standalone_mode=False)
        case.ours.check(capsys.readouterr().out)
    with pytest.raises(WrongOutcome):
        cases[0].ours.check(json.dumps({"campaigns": [{"rows": 2_000, "to_send": 1, "duplicates": 0, "invalid": 0}]}))


def test_campaigns_are_valid(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(validating, "FILES", 12)
    validating.write_campaigns(tmp_path / "campaigns")
    app(["validate", str(tmp_path / "campaigns")], standalone_mode=False)
    assert capsys.readouterr().out == "12 files checked: 0 errors, 0 warnings\n"


def python(code, check=lambda _: None):
    return Contender("python", [sys.executable, "-c", code], check)


def test_a_command_is_measured_beside_its_peer():
    result = measure(Case("work", python("print(1)"), python("sum(range(10**7))"), most=1.0, runs=3))
    assert result.ours.seconds < result.peer.seconds
    assert result.ratio < 1
    assert 1 < result.ours.memory < 500
    assert result.is_within


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "print('no')"])
def test_a_command_that_does_not_do_its_work_has_no_time(code):
    def check(printed):
        if printed != "yes\n":
            raise WrongOutcome(printed)

    with pytest.raises(WrongOutcome):
        measure(Case("work", python(code, check), runs=1))


def test_the_table_tells_what_is_over_its_budget():
    peer = Contender("loop", [])
    results = [
        Measured(Case("a", peer, peer, most=0.25), QUICK, SLOW),
        Measured(Case("b", peer, peer, most=0.2), QUICK, SLOW),
        Measured(Case("c", peer, None, most=0.2, most_memory=1_200), SLOW, None),
    ]
    assert [line.split("|")[1:] for line in table(results).replace(" ", "").splitlines()[2:]] == [
        ["a", "`loop`", "500ms", "2.00s", "0.25", "0.25", "20MB", "–", "", ""],
        ["b", "`loop`", "500ms", "2.00s", "0.25", "0.2", "20MB", "–", "**over**", ""],
        ["c", "–", "2.00s", "–", "–", "–", "1,500MB", "1,200MB", "**over**", ""],
    ]
    assert [each["is_within"] for each in to_json(results)] == [True, False, False]


def test_a_bare_loop_that_is_not_there_is_said_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(workplace.LOOPS_VARIABLE, str(tmp_path))
    place = workplace.Workplace(tmp_path)
    assert place.bare_loop("none.py") is place.bare_loop("none.py") is None
    assert capsys.readouterr().err.count("measured without it") == 1
    (tmp_path / "loop.py").write_text("")
    assert place.bare_loop("loop.py") == tmp_path / "loop.py"


def test_results_are_kept_and_put_on_the_page(tmp_path, monkeypatch, capsys):
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{program._BEGIN}old\n{program._END}\nafter\n")
    monkeypatch.setattr(program, "PAGE", page)
    monkeypatch.setattr(program, "KEPT", tmp_path / "kept")
    monkeypatch.setitem(BENCHMARKS, "mine", lambda _: [Case("work", python("print(1)"), most_memory=1, runs=1)])
    assert program.main(["mine", "--page"]) == 1
    printed = capsys.readouterr().out
    assert page.read_text() == f"before\n{program._BEGIN}{printed}{program._END}\nafter\n"
    assert json.loads((tmp_path / "kept" / "latest.json").read_text())["results"][0]["work"] == "work"


def test_the_page_has_a_place_for_the_table():
    text = program.PAGE.read_text(encoding="utf-8")
    assert text.count(program._BEGIN) == text.count(program._END) == 1
