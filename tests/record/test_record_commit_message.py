"""What `git log` says of a record: who sent what when, in words, and never a number."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_builders import (
    ACCEPTED,
    FAILED,
    answered,
    any_journals,
    ended,
    failed,
    number,
    opened,
    proof,
    proof_answered,
    released,
    resolved,
    sending,
    started,
)

from mmsbatch.record.shared.commit_message import describe

JOURNAL = "campaigns/sale.local.journal.jsonl"
A, B, C = (number(place) for place in range(3))
RUN = started(3, run="3f2a9c0d1e4b", holder="process 1 of zoé on ci")
MESSAGES = {
    "a run begins": (
        [opened(), RUN, sending("1-1", A, B), sending("1-2", C)],
        "record begun; run 3f2a9c0d1e4b of revision 1; 2 chunks 1-1 to 1-2 claimed",
        "By: process 1 of zoé on ci\nClaimed: 3 recipients",
    ),
    "a shard begins": ([started(3, run="3f2a", shard="3/8")], "run 3f2a of revision 1, shard 3/8", "By: process 1 of"),
    "answers, and the next claim": (
        [answered("1-10", ACCEPTED, 1, [B]), answered("1-9", ACCEPTED, 2), sending("1-11", C)],
        "2 chunks 1-9 to 1-10 answered; chunk 1-11 claimed",
        "Claimed: 1 recipient\nAnswered: 3 accepted, 1 rejected",
    ),
    "one that failed": (
        [failed("1-1"), sending("1-1", attempt=2), answered("1-1", FAILED), answered("1-2", ACCEPTED, 2)],
        "chunk 1-2 answered; chunk 1-1 not sent",
        "Answered: 2 accepted, 0 rejected; 1 chunk not accepted",
    ),
    "the end": ([ended("3f2a")], "run 3f2a ended with 0", ""),
    "a finding": ([resolved("1-7", True)], "chunk 1-7 settled as sent by Zoé", "Reason: asked support"),
    "findings together": (
        [resolved("1-7", False), resolved("1-8", False), resolved("1-9", True)],
        "2 chunks 1-7 to 1-8 settled as not sent by Zoé; chunk 1-9 settled as sent by Zoé",
        "Reason: asked support",
    ),
    "another finding": ([resolved("1-7", False)], "chunk 1-7 settled as not sent by Zoé", "Reason: asked support"),
    "a release": ([released()], "rejected numbers of revision 1 pending again, by Zoé", "Reason: a setting"),
    "a proof": ([proof(A, B)], "proof-1 to 2 test numbers", ""),
    "its answer": ([proof_answered()], "proof-1 accepted", ""),
    "nothing but what was there": ([], "the record as it was kept in the folder", ""),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages(case):
    events, said, below = MESSAGES[case]
    subject, _, body = describe(JOURNAL, events).partition("\n")
    assert subject == f"campaigns/sale.local: {said}"
    assert body.strip().startswith(below)
    assert body == "" or body.startswith("\n"), "git shows the first paragraph as the subject"


@given(any_journals, st.integers(0, 3))
def test_no_number_is_ever_told(events, start):
    assert not re.search("33639980", describe(JOURNAL, events[start:]))
