"""Doubt that the credit of an exclusive account settles: one alone, and only by a balance that proves something."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sending_builders import NO_ANSWER, OK, World, number

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.book import RecordBook
from mmsbatch.record.journal import read_journal
from mmsbatch.sending.settling import find_doubt, settle_doubt, settled_outcome


class ExclusiveWorld(World):
    """A world whose runs have the account to themselves."""

    def _context(self, book):
        return replace(super()._context(book), exclusive=True)


def make_world(folder):
    folder.mkdir()
    return ExclusiveWorld(folder)


@pytest.fixture
def lost(tmp_path):
    """A world whose second chunk of three is in doubt; the account had 1,000 credits, each costs one."""
    lost = make_world(tmp_path / "lost")
    lost.outcome = lost.run(OK, NO_ANSWER)
    assert lost.outcome.exit_code is ExitCode.IN_DOUBT
    return lost


def open_book(world):
    return RecordBook(world.paths, read_journal(world.paths.journal), world.clock.monotonic)


@pytest.mark.parametrize(
    ("balance", "sent", "totals"),
    [
        (996, True, {"accepted": 4, "pending": 2}),
        (998, False, {"accepted": 2, "pending": 4}),
        (997, None, {"accepted": 2, "in_doubt": 2, "pending": 2}),
        (1000, None, {"accepted": 2, "in_doubt": 2, "pending": 2}),
        (0, None, {"accepted": 2, "in_doubt": 2, "pending": 2}),
    ],
)
def test_the_balance_settles_the_one_in_doubt_or_nothing(lost, balance, sent, totals):
    book = open_book(lost)
    settlement = settle_doubt(find_doubt([book]), Decimal(balance), lost.clock)
    assert (settlement and settlement.sent) is sent
    assert lost.totals == totals
    if settlement:
        outcome = settled_outcome(lost.outcome, settlement, book.record.revision(1))
        assert (outcome.exit_code, outcome.progress.in_doubt) == (ExitCode.INCOMPLETE, 0)
        assert outcome.progress.accepted == totals["accepted"]
        [resolved] = [chunk["resolved"] for chunk in lost.manifest["chunks"] if "resolved" in chunk]
        assert resolved["by"] == "mmsbatch, by the credit of the exclusive account"
        assert f"the balance is {balance}" in resolved["reason"]
        lost.check_files()


def test_settled_as_not_sent_it_is_sent_again(lost):
    settle_doubt(find_doubt([open_book(lost)]), Decimal(998), lost.clock)
    lost.run()
    assert [post.numbers for post in lost.posts[2:]] == [(number(2), number(3)), (number(4), number(5))]
    assert lost.totals == {"accepted": 6}


def test_doubt_in_two_records_is_not_settled(lost, tmp_path):
    """Either may have cost what the balance lost."""
    other = make_world(tmp_path / "other")
    other.run(NO_ANSWER, people=2)
    books = [open_book(lost), open_book(other)]
    assert [find_doubt([book]) is not None for book in books] == [True, True]
    assert find_doubt(books) is None


def test_a_run_that_shared_the_account_leaves_nothing_to_settle(world):
    world.run(NO_ANSWER)
    assert find_doubt([open_book(world)]) is None
