"""The grammar that names faults, and which requests they hit."""

import re

import pytest
from sandbox_wire import ask_account, send

from mmsbatch.sandbox import FAULTS, Fault, parse_fault
from mmsbatch.sandbox.faults import KINDS

GOOD = {
    "crlf": Fault("crlf"),
    " crlf ": Fault("crlf"),
    "drop-after:3": Fault("drop-after", "close", spans=((3, 3),)),
    "drop-after=reset": Fault("drop-after", "reset"),
    "status=503:2-4": Fault("status", "503", spans=((2, 4),)),
    "status:5-": Fault("status", "503", spans=((5, None),)),
    "status=500:1,3,6-8": Fault("status", "500", spans=((1, 1), (3, 3), (6, 8))),
    "latency": Fault("latency", "1"),
    "latency=0.1": Fault("latency", "0.1"),
    "truncate=20:/2x5": Fault("truncate", "20", every=2, limit=5),
    "truncate=20:x1": Fault("truncate", "20", limit=1),
    "empty:2-x1": Fault("empty", spans=((2, None),), limit=1),
    "drop-before@account:1": Fault("drop-before", "close", "account", ((1, 1),)),
    "crlf@send": Fault("crlf"),
    "garbage=Status: 100": Fault("garbage", "Status: 100"),
    "garbage=a:b=c@d:2": Fault("garbage", "a:b=c@d", spans=((2, 2),)),
    "garbage=two\nlines@account": Fault("garbage", "two\nlines", "account"),
}

BAD = {
    "": "is not NAME[=VALUE][@account][:WHICH]",
    ":3": "is not NAME[=VALUE][@account][:WHICH]",
    "=503": "is not NAME[=VALUE][@account][:WHICH]",
    "latency=": "is not NAME[=VALUE][@account][:WHICH]",
    "drop-after:": "is not NAME[=VALUE][@account][:WHICH]",
    "drop-after:last": "is not NAME[=VALUE][@account][:WHICH]",
    "drop-after:1,": "is not NAME[=VALUE][@account][:WHICH]",
    "drop-after:-3": "is not NAME[=VALUE][@account][:WHICH]",
    "drop-after@elsewhere": "is not NAME[=VALUE][@account][:WHICH]",
    "drop": "no fault 'drop'; known: latency, ",
    "Latency": "no fault 'Latency'; known: latency, ",
    "status=quick": "fault status: value 'quick' does not fit",
    "status=100": "fault status: value '100' does not fit",
    "status=600": "fault status: value '600' does not fit",
    "redirect=304": "fault redirect: value '304' does not fit",
    "latency=-1": "fault latency: value '-1' does not fit",
    "latency=1e9": "fault latency: value '1e9' does not fit",
    "latency=9999999": "fault latency: value '9999999' does not fit",
    "latency=\u0661": "fault latency: value '\u0661' does not fit",
    "drop-after=slowly": "fault drop-after: value 'slowly' does not fit",
    "truncate=half": "fault truncate: value 'half' does not fit",
    "switch=113": "fault switch: value '113' does not fit",
    "crlf=yes": "fault crlf: value 'yes' does not fit",
    "switch@account": "fault switch: cannot be at 'account'",
    "no-ids@account": "fault no-ids: cannot be at 'account'",
    "cut-ids=1@account": "fault cut-ids: cannot be at 'account'",
    "crlf:0": "fault crlf: requests are counted from 1",
    "crlf:0-2": "fault crlf: requests are counted from 1",
    "crlf:/0": "fault crlf: requests are counted from 1",
    "crlf:4-2": "'4-2': the second number is below the first",
    "crlf:x0": "x0: a fault that never happens",
}

STRUCK = {
    "empty:3": {3},
    "empty:2-4": {2, 3, 4},
    "empty:5-": {5, 6, 7},
    "empty:1,3,6-7": {1, 3, 6, 7},
    "empty:/3": {3, 6},
    "empty:x2": {1, 2},
    "empty:/2x2": {2, 4},
    "empty:3-x1": {3},
    "empty": {1, 2, 3, 4, 5, 6, 7},
    "empty@account": set(),
}


@pytest.mark.parametrize("text", GOOD)
def test_read(text):
    assert parse_fault(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_refused(text):
    with pytest.raises(ValueError, match=re.escape(BAD[text])):
        parse_fault(text)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_stands_by_itself_and_is_described(name):
    assert parse_fault(name).value == KINDS[name].default
    assert FAULTS[name]


@pytest.mark.parametrize("text", STRUCK)
def test_struck(start, text):
    sandbox = start(text)
    assert {number for number in range(1, 8) if send(sandbox).body == b""} == STRUCK[text]
    assert sandbox.requests["send"] == len(sandbox.deliveries) == 7


def test_the_endpoints_are_counted_apart(start):
    sandbox = start("empty@account:2", "empty:1")
    assert ask_account(sandbox).status == 300
    assert send(sandbox).body == ask_account(sandbox).body == b""
    assert sandbox.requests == {"send": 1, "account": 2, "other": 0}


def test_of_two_that_end_a_request_the_first_does(start):
    assert send(start("status=503", "redirect", "drop-before")).http_status == 503
    assert send(start("status-after=502", "drop-after")).http_status == 502
    assert send(start("garbage=what", "empty")).body == b"what"


def test_faults_change_while_it_runs(sandbox):
    sandbox.add_fault(parse_fault("status=500"))
    assert send(sandbox).http_status == 500
    sandbox.clear_faults()
    assert send(sandbox).status == 100
