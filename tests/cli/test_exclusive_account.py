"""Whether an account is at rest: a request that nobody heard of may be debited for a while yet."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from mmsbatch.campaign.configuration import Configuration, GatewaySettings
from mmsbatch.cli.holding import hold_account
from mmsbatch.cli.workspace import Workspace
from mmsbatch.record.lock import Holder
from mmsbatch.sending.clock import Clock

SETTINGS = GatewaySettings(exclusive_account=True, settle_seconds=10)
US = Holder(1, "here", "marie", "2026-12-19T09:00:00.000Z")


@dataclass
class Time:
    seconds: float = 0.0


@pytest.fixture(autouse=True)
def shared_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))


def book(name):
    return SimpleNamespace(name=f"{name}.journal.jsonl")


def hold(settings, time):
    workspace = Workspace(Configuration(), settings)
    return hold_account(workspace, "3f2a9c0d1e4b", US, Clock(monotonic=lambda: time.seconds), warn=print)


def call(time, name=None, *, is_in_doubt=False, settings=SETTINGS):
    """Hold the account for one call that spends for a record, or for nothing; return whether it began at rest."""
    with hold(settings, time) as account:
        at_rest = account.is_at_rest
        if name:
            account.begin(book(name))
            account.end(book(name), is_in_doubt=is_in_doubt)
        return at_rest


def test_who_left_nothing_open_leaves_it_at_rest():
    time = Time()
    assert [call(time, "a"), call(time, "b"), call(time)] == [True, True, True]


def test_a_request_left_open_keeps_it_from_rest_whoever_spends_meanwhile():
    time = Time()
    assert call(time, "a", is_in_doubt=True)
    time.seconds = 1
    assert not call(time, "b")
    time.seconds = 2
    assert not call(time, "c"), "the end of another run is no end of the wait"


def test_it_comes_to_rest_once_a_call_lasted_for_longer():
    time = Time()
    call(time, "a", is_in_doubt=True)
    with hold(SETTINGS, time) as account:
        assert not account.is_at_rest
        time.seconds = 10
        assert account.is_at_rest
        account.begin(book("b"))
        account.end(book("b"), is_in_doubt=False)
    assert call(time)


def test_a_run_that_died_leaves_no_rest():
    time = Time()
    with hold(SETTINGS, time) as account:
        account.begin(book("a"))
    assert not call(time)
    with hold(SETTINGS, time) as account:
        assert account.was_last(book("a"))
        assert not account.was_last(book("b"))


def test_without_an_exclusive_account_nothing_is_at_rest(tmp_path):
    time = Time()
    shared = replace(SETTINGS, exclusive_account=False)
    assert not call(time, "a", settings=shared)
    assert list(tmp_path.iterdir()) == []
