"""What the benchmarks stand on: their data hold what they say, their table says what was measured."""

import csv
import json
import signal
import sys
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from benchmarks import __main__ as program
from benchmarks import following, planning, project, resuming, rows, validating, workplace
from benchmarks.case import Case, Run, WrongOutcome
from benchmarks.gateway_process import GatewayProcess, Taken
from benchmarks.measure import Measured, measure
from benchmarks.process import Command, Process
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
    place = workplace.Workplace(tmp_path, rows=2_000)
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
    return Command("python", [sys.executable, "-c", code], check)


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
    peer = Command("loop", [])
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


# --- sending: whole runs over a few recipients, each beside its peer

#: Stands in for the bare sender, which lies outside the repository.
POST_BODIES = """
import sys, urllib.request
url, body, count = sys.argv[1], open(sys.argv[2], "rb").read(), int(sys.argv[3])
for _ in range(count):
    urllib.request.urlopen(urllib.request.Request(url, body)).read()
print(f"{count} posts, 1.000 s, 0.500 ms of processor per post")
"""


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A workplace with few recipients, whose programs are those of the tests."""
    (tmp_path / "loops").mkdir()
    (tmp_path / "loops" / "post_bodies.py").write_text(POST_BODIES)
    monkeypatch.setenv(workplace.LOOPS_VARIABLE, str(tmp_path / "loops"))
    workplace._find_loop.cache_clear()
    monkeypatch.setattr(project, "LATENCY", 0.01)
    monkeypatch.setattr(workplace.Workplace, "mmsbatch", str(Path(sys.executable).with_name("mmsbatch")))
    monkeypatch.setattr(workplace.Workplace, "python", sys.executable)
    yield workplace.Workplace(tmp_path, rows=2_000)
    workplace._find_loop.cache_clear()


@pytest.mark.parametrize(("name", "lines"), [("sending", 6), ("resuming", 1), ("following", 2)])
def test_what_sends_is_measured_and_its_outcome_checked(name, lines, few):
    results = [measure(replace(case, runs=1)) for case in BENCHMARKS[name](few)]
    assert len(results) == lines
    assert all(result.peer and result.ours.seconds > 0 and result.ours.memory > 5 for result in results)
    assert all(result.case.most for result in results)


def test_a_chunk_costs_what_the_run_took_beyond_planning(few):
    sent, chunk = [
        measure(replace(case, runs=1)) for case, _ in zip(BENCHMARKS["sending"](few), range(2), strict=False)
    ]
    assert 0 < chunk.ours.seconds * 10 < 0.9 * sent.ours.processor
    assert chunk.peer.seconds == 0.0005


@pytest.mark.parametrize(
    ("told", "seconds", "options", "is_right"),
    [
        ("\rreading: 50,000", 2.0, (), True),
        ("", 2.0, (), False),
        ("", 0.5, (), True),
        ("", 2.0, ("--quiet",), True),
        ("\rreading: 50,000", 2.0, ("--quiet",), False),
    ],
    ids=["shown", "not shown", "over before it is due", "quiet", "not quiet"],
)
def test_what_is_followed_is_seen(told, seconds, options, is_right):
    if is_right:
        following._check_shown("reading", told, seconds, options)
        return
    with pytest.raises(WrongOutcome):
        following._check_shown("reading", told, seconds, options)


def test_half_of_a_campaign_is_sent_and_recorded(few):
    with project.open_project(few, "Bonjour") as opened:
        half = resuming._send_half(opened)
        assert 1_000 <= len(half.sent) < 2_000
        assert json.loads(half.manifest)["totals"]["accepted"] == len(half.sent)


NUMBERS = [f"3360000000{place}" for place in range(4)]


@pytest.mark.parametrize(
    ("got", "before", "accepted", "at_once", "is_right"),
    [
        (NUMBERS, [], 4, 1, True),
        (NUMBERS[:2], NUMBERS[2:], 4, 1, True),
        (NUMBERS[:3], [], 4, 1, False),
        ([*NUMBERS, NUMBERS[0]], [], 4, 1, False),
        (NUMBERS, NUMBERS[:1], 4, 1, False),
        (NUMBERS, [], 3, 1, False),
        (NUMBERS, [], 4, 2, False),
    ],
    ids=["all", "the other half", "one lost", "one twice", "one again", "miscounted", "more in flight than asked for"],
)
def test_who_was_sent_what_is_counted(got, before, accepted, at_once, is_right, tmp_path):
    with GatewayProcess(0) as gateway:
        opened = project.Project(workplace.Workplace(tmp_path, rows=4), gateway, "Bonjour")
    opened.manifest.write_text(json.dumps({"totals": {"rows": 4, "accepted": accepted}}))
    taken = Taken(1, 0.0, 1.0, at_once, got, "")
    if is_right:
        opened.check_sent(taken, before)
        return
    with pytest.raises(WrongOutcome):
        opened.check_sent(taken, before)


def post(connection, url, numbers, **headers):
    flow = "<DATA>" + "".join(f"<MOBILEPHONE>{number}</MOBILEPHONE>" for number in numbers) + "</DATA>"
    body = urlencode({"clientcode": "a", "passcode": "b", "XMLFlow": flow})
    connection.request("POST", urlsplit(url).path, body, headers)


def test_the_gateway_answers_late_and_tells_what_it_got():
    with GatewayProcess(0.05) as gateway:
        connection = HTTPConnection("127.0.0.1", urlsplit(gateway.send_url).port, timeout=30)
        for numbers, headers in [(NUMBERS[:2], {}), (NUMBERS[2:], {"Connection": "close"})]:
            start = time.monotonic()
            post(connection, gateway.send_url, numbers, **headers)
            answer = connection.getresponse().read().decode()
            assert time.monotonic() - start >= 0.05
            assert "Status=100\n" in answer
            assert answer.count("<MOBILEPHONE>06") == 2
        assert connection.sock is None  # closed, as it was asked
        taken = gateway.taken()
        assert (taken.posts, taken.most_at_once, taken.numbers) == (2, 1, NUMBERS)
        assert start < taken.last_answer < time.monotonic()
        assert taken.seconds >= 0.1
        assert gateway.taken() == Taken(0, None, None, 0, [], "")
        connection.request("GET", "/else", headers={"Connection": "close"})
        assert connection.getresponse().status == 404
        connection.close()


def test_the_gateway_holds_answers_back():
    with GatewayProcess(0) as gateway:
        first, second = (HTTPConnection("127.0.0.1", urlsplit(gateway.send_url).port, timeout=30) for _ in range(2))
        post(first, gateway.send_url, NUMBERS[:1], Connection="close")
        gateway.hold_from(1)
        post(second, gateway.send_url, NUMBERS[1:], Connection="close")
        first.getresponse().read()
        gateway.hold_from(2)
        assert gateway.release() is None
        assert b"Status=100" in second.getresponse().read()
        assert gateway.taken().posts == 2
        first.close()
        second.close()


def test_a_process_does_not_outlive_its_block():
    with Process([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        started = process.started
    assert time.monotonic() - started < 30


def test_a_process_can_be_looked_at_on_a_terminal():
    code = "import sys; print('out'); print(sys.stderr.isatty(), sys.stdout.isatty(), file=sys.stderr)"
    with Process([sys.executable, "-c", code], on_terminal=True) as process:
        ended = process.end()
    assert (ended.code, ended.printed, ended.told) == (0, "out\n", "True False\r\n")


def test_a_process_can_be_stopped():
    code = "import signal; print('up', flush=True); signal.pause()"
    with Process([sys.executable, "-c", code]) as process:
        process.signal(signal.SIGTERM)
        ended = process.end()
    assert ended.code == -signal.SIGTERM
    with pytest.raises(WrongOutcome, match="exit code -15, not 0"):
        ended.check("it")


def test_what_the_environment_says_is_not_measured_along(monkeypatch):
    for name in ("MMSBATCH_ALLOWED_HOSTS", "CI", "http_proxy", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "1")
    found = []
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    Command("it", [sys.executable, "-c", code], found.append, {"MMSBATCH_PASSCODE": "b"}).take()
    environment = json.loads(found[0])
    assert {name for name in environment if name.startswith("MMSBATCH_")} == {"MMSBATCH_PASSCODE"}
    assert not {"CI", "http_proxy", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"} & environment.keys()


def test_the_page_tells_of_a_million_only(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(program, "run_benchmark", lambda name, rows: asked.append((name, rows)) or [])
    monkeypatch.setattr(program, "keep", lambda results: None)
    assert program.main(["sending", "--rows", "2000"]) == 0
    assert program.main(["sending"]) == 0
    assert asked == [("sending", 2_000), ("sending", 1_000_000)]
    with pytest.raises(SystemExit):
        program.main(["--page", "--rows", "2000"])
    assert "without --rows" in capsys.readouterr().err
