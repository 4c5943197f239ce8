"""What may follow what others wrote meanwhile, and who gives way."""

import pytest
from record_builders import (
    ACCEPTED,
    FAILED,
    IN_DOUBT,
    SHA,
    answered,
    claim,
    ended,
    failed,
    number,
    opened,
    proof,
    released,
    resolved,
    sending,
    started,
)

from mmsbatch.record.events import Lease
from mmsbatch.record.fold import Record
from mmsbatch.record.shared.rivals import claiming_run, what_stands, why_not_both

A, B, C, D = (number(place) for place in range(4))
LEASE = Lease("runner", 7)


def run(name, **changes):
    return started(4, run=name, lease=LEASE, **changes)


#: Both runs are under way; the one claims A, and the other C was given back by the other.
KNOWN = (opened(), run("ours"), claim("1-1", "ours", A), run("theirs"), claim("1-2", "theirs", C))
SAME, REACHED, SETTLED = (
    "another run claimed the same recipients",
    "the same recipients were reached after all",
    "the chunk was settled, or answered",
)
OTHER_ROWS = "a run of other rows was begun"
OPT_OUTS = {**run("any").digests, "suppress stop.csv": SHA}
#: What we are about to write, what they wrote meanwhile, and why not both.
CASES = {
    "nothing of theirs": ([claim("1-3", "ours", B)], [], ""),
    "their claim of others": ([claim("1-3", "ours", B)], [claim("1-4", "theirs", D)], ""),
    "their claim of the same chunk": ([claim("1-3", "ours", B)], [claim("1-3", "theirs", D)], SAME),
    "their claim of one of ours": ([claim("1-3", "ours", B, D)], [claim("1-4", "theirs", D)], SAME),
    "our answer, their claim": ([answered("1-1", ACCEPTED, 1)], [claim("1-3", "theirs", B)], ""),
    "our further attempt, their claim": ([sending("1-1", attempt=2)], [claim("1-3", "theirs", B)], ""),
    "their answer": ([claim("1-3", "ours", B)], [answered("1-2", ACCEPTED, 1)], ""),
    "their late answer about one of ours": ([claim("1-3", "ours", C)], [answered("1-2", ACCEPTED, 1)], REACHED),
    "their rejection of one of ours": ([claim("1-3", "ours", C)], [answered("1-2", ACCEPTED, 0, [C])], REACHED),
    "their doubt about one of ours": ([claim("1-3", "ours", C)], [answered("1-2", IN_DOUBT)], REACHED),
    "their giving back one of ours": ([claim("1-3", "ours", C)], [answered("1-2", FAILED)], ""),
    "their finding that one of ours was sent": ([claim("1-3", "ours", C)], [resolved("1-2", True)], REACHED),
    "their finding that one of ours was not": ([claim("1-3", "ours", C)], [resolved("1-2", False)], ""),
    "their later revision": ([claim("1-3", "ours", B)], [run("third", revision=2)], "revision 2 was begun"),
    "our answer, their later revision": ([answered("1-1", ACCEPTED, 1)], [run("third", revision=2)], ""),
    "two findings": ([resolved("1-2", True)], [resolved("1-2", False)], SETTLED),
    "our finding, their answer": ([resolved("1-2", True)], [answered("1-2", ACCEPTED, 1)], SETTLED),
    "our finding about another": ([resolved("1-1", True)], [answered("1-2", ACCEPTED, 1)], ""),
    "our beginning of the same": ([run("third"), claim("1-3", "third", B)], [claim("1-4", "theirs", D)], ""),
    "our beginning with another input": (
        [run("third", campaign_sha256="other"), claim("1-3", "third", B)],
        [claim("1-4", "theirs", D)],
        "the record went on",
    ),
    "our beginning, where the rows are only estimated": (
        [run("third", digests=OPT_OUTS)],
        [run("fourth", digests=OPT_OUTS), claim("1-4", "theirs", D)],
        "the record went on",
    ),
    "our claim of other rows": ([claim("1-3", "ours", B)], [run("third", digests={})], OTHER_ROWS),
    "our claim under other opt-outs": ([claim("1-3", "ours", B)], [run("third", digests=OPT_OUTS)], ""),
    "our answer, their other rows": ([answered("1-1", ACCEPTED, 1)], [run("third", digests={})], ""),
    "our new record": ([opened(), run("third")], [], "another run began this record, or one beside it"),
}


@pytest.mark.parametrize("case", CASES)
def test_why_not_both(case):
    ours, theirs, reason = CASES[case]
    record = Record((*KNOWN, *theirs))
    assert why_not_both(ours, theirs, record) == reason


#: What we were about to write, and what is true of it all the same.
STANDS = {
    "an answer": ([answered("1-1", ACCEPTED, 1)], [0]),
    "an answer beside a claim": ([answered("1-1", ACCEPTED, 1), claim("1-3", "ours", B)], [0]),
    "a claim, and that it was given up": ([claim("1-3", "ours", B), answered("1-3", FAILED)], []),
    "an attempt, and the next": ([failed("1-1"), sending("1-1", attempt=2), claim("1-3", "ours", B)], [0, 1]),
    "the end of a run": ([claim("1-3", "ours", B), ended("ours")], [1]),
    "a run that had not begun for others": ([run("third"), claim("1-3", "third", B), ended("third")], []),
    "a record that had not begun": ([opened(), run("third")], []),
    "a finding, a release, a proof": ([resolved("1-2", True), released(), proof(A)], []),
}


@pytest.mark.parametrize("case", STANDS)
def test_what_stands_of_what_gave_way(case):
    ours, places = STANDS[case]
    assert what_stands(ours) == [ours[place] for place in places]


@pytest.mark.parametrize(
    ("theirs", "ours", "is_claimed"),
    [
        ("1/2", "2/3", True),
        (None, None, True),
        ("1/2", None, True),
        (None, "1/2", True),
        ("1/2", "1/2", True),
        ("1/2", "2/2", False),
    ],
)
def test_a_shard_minds_the_claims_that_may_be_of_its_own_recipients(theirs, ours, is_claimed):
    record = Record((opened(), run("theirs", shard=theirs), claim("1-1", "theirs", A)))
    assert (claiming_run(record, ours) is not None) is is_claimed
    record.apply(answered("1-1", ACCEPTED, 1))
    assert claiming_run(record, ours) is None
