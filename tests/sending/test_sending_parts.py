"""What a run is made of: jobs and bodies, opening a record, proofs, the clock's stamps."""

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest
from record_builders import ACCEPTED, REFUSED, answered, claim, opened, resolved, started
from sending_builders import CREDENTIALS, NO_ANSWER, OK, REFUSED_CONNECTION, START, answer, number

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.errors import InDoubt, Refusal
from mmsbatch.gateway.form import encode_form
from mmsbatch.planning.chunking import ChunkPlan
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.record.book import RecordBook
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.events import Lease, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import read_journal
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.tokens import keep_as_tokens, keep_plain
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.counting import RunCounts
from mmsbatch.sending.job import BodyWriter, chunk_job, flow_text, request_body
from mmsbatch.sending.opening import ensure_opened
from mmsbatch.sending.proof import Proof, send_proof


@pytest.fixture
def book(world):
    return RecordBook(world.paths, read_journal(world.paths.journal), world.clock.monotonic)


def open_record(book, world, keeping=None, **settings):
    made = GatewaySettings(**settings)
    keeping = keeping or keep_plain()
    ensure_opened(book, "winter-sale.yaml", settings=made, account="3f2a", keeping=keeping, clock=world.clock)


# --- jobs and bodies


def test_a_job_has_numbers_lines_and_text_of_its_members(world):
    prepared = world.prepare(people=4, names=("Zoé", "Léa"))
    job = chunk_job(prepared, ChunkPlan("1-7", 1, [1, 3]))
    lines = [recipient.line for recipient in prepared.audience.recipients]
    assert (job.id, job.numbers, job.text) == ("1-7", (number(1), number(3)), "Bonjour Léa")
    assert job.lines == (lines[1], lines[3])
    assert number(1) not in repr(job)
    assert "Léa" not in repr(job)


def test_a_body_holds_the_three_parameters(world):
    prepared = world.prepare(people=1)
    fields = parse_qs(request_body(prepared, CREDENTIALS, [number(0)], "Bonjour").decode(), strict_parsing=True)
    assert fields == {
        "clientcode": ["login"],
        "passcode": ["s3cret"],
        "XMLFlow": [flow_text(prepared, "LOGIN", [number(0)], "Bonjour")],
    }


@pytest.mark.parametrize(
    ("campaign", "at_once", "tags"),
    [
        ({}, False, []),
        ({"schedule": "2026-12-20 10:00:00"}, False, ["<DATE>2026-12-20 10:00:00</DATE>"]),
        ({"schedule": "2026-12-20 10:00:00"}, True, []),
        ({"mail_notification": True}, False, ["<MAIL_NOTIF>1</MAIL_NOTIF>"]),
        ({"mail_notification": False}, False, ["<MAIL_NOTIF>0</MAIL_NOTIF>"]),
    ],
)
def test_optional_tags_stand_only_where_set(world, campaign, at_once, tags):
    prepared = world.prepare(people=1, **campaign)
    body = request_body(prepared, CREDENTIALS, [number(0)], "Bonjour", at_once=at_once)
    flow = parse_qs(body.decode())["XMLFlow"][0]
    assert [line for line in flow.splitlines() if line.startswith(("<DATE>", "<MAIL_NOTIF>"))] == tags


# --- opening


@pytest.mark.parametrize(
    ("settings", "gateway", "send_url"),
    [
        ({"send_url": "http://127.0.0.1:8080/send"}, "production", "http://127.0.0.1:8080/send"),
        ({"name": "sandbox", "send_url": "http://127.0.0.1:40123/send"}, "sandbox", "embedded"),
    ],
)
def test_the_first_line_says_whose_record_it_is(world, book, settings, gateway, send_url):
    open_record(book, world, **settings)
    first = book.record.opened
    assert (first.campaign, first.gateway, first.send_url, first.account) == (
        "winter-sale.yaml",
        gateway,
        send_url,
        "3f2a",
    )
    assert (first.numbers, first.key_check) == ("plain", None)


def test_the_first_line_knows_its_key(world, book):
    keeping = keep_as_tokens("a key")
    open_record(book, world, keeping)
    assert (book.record.opened.numbers, book.record.opened.key_check) == ("token", keeping.key_check)


def test_a_record_is_opened_once(world, book):
    open_record(book, world)
    open_record(book, world, name="another")
    assert [event.gateway for event in world.events] == ["production"]


def test_a_folder_that_takes_nothing_is_refused(world, book):
    world.paths.journal.mkdir()
    with pytest.raises(Refusal, match="the record cannot be written: Is a directory"):
        open_record(book, world)


# --- proofs


@pytest.mark.parametrize(
    ("exchange", "state", "accepted"),
    [
        (OK, "accepted", 1),
        (answer(invalid=[99]), "accepted", 0),
        (answer(103), "refused", 0),
        (answer(114), "refused", 0),
        (REFUSED_CONNECTION, "failed", 0),
        (NO_ANSWER, "in-doubt", 0),
    ],
)
def test_a_proof_is_sent_once_recorded_and_counted_nowhere(world, book, exchange, state, accepted):
    open_record(book, world)
    proof, bodies = Proof(world.prepare(), (number(99),), "Bonjour"), []

    def post(body):
        assert [event.name for event in world.events][-1] == "proof-sending"
        bodies.append(body)
        return exchange

    send_proof(proof, book, CREDENTIALS, keeping=keep_plain(), post=post, clock=world.clock)
    last = world.events[-1]
    assert (len(bodies), last.name, last.state, last.accepted) == (1, "proof-answered", state, accepted)
    assert (world.totals, world.manifest["status"], world.manifest["chunks"]) == ({}, "empty", [])
    assert [(each["id"], each["state"]) for each in world.manifest["proofs"]] == [("proof-1", state)]
    world.check_files()


def test_proofs_change_nothing_for_the_campaign(world, book):
    open_record(book, world)
    proof = Proof(world.prepare(people=1), (number(0),), "Bonjour")
    for _ in range(2):
        send_proof(proof, book, CREDENTIALS, keeping=keep_plain(), post=lambda body: OK, clock=world.clock)
    world.run(people=1)
    assert [post.numbers for post in world.posts] == [(number(0),)]
    assert world.totals == {"accepted": 1}
    assert [each["id"] for each in world.manifest["proofs"]] == ["proof-1", "proof-2"]


def test_a_proof_that_cannot_be_announced_does_not_leave(world, book):
    proof, bodies = Proof(world.prepare(), (number(99),), "Bonjour"), []
    world.paths.journal.mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        send_proof(proof, book, CREDENTIALS, keeping=keep_plain(), post=bodies.append, clock=world.clock)
    assert bodies == []


def test_a_proof_whose_answer_cannot_be_written_down_is_in_doubt(world):
    class FullLater(LocalDisk):
        full = False

        def append(self, path, data, at, torn=0):
            if self.full:
                raise OSError(28, "No space left on device")
            super().append(path, data, at, torn)

    disk = FullLater()
    book = RecordBook(world.paths, read_journal(world.paths.journal), world.clock.monotonic, disk)
    open_record(book, world)
    proof = Proof(world.prepare(), (number(99),), "Bonjour")

    def post(body):
        disk.full = True
        return OK

    with pytest.raises(InDoubt, match="and that cannot be written: No space left on device"):
        send_proof(proof, book, CREDENTIALS, keeping=keep_plain(), post=post, clock=world.clock)
    record = read_journal(world.paths.journal).record
    assert record.proofs["proof-1"].is_in_doubt


# --- the clock


@pytest.mark.parametrize(
    ("moment", "stamp"),
    [
        (datetime(2026, 12, 20, 10, 0, tzinfo=timezone(timedelta(hours=1))), "2026-12-20T09:00:00.000Z"),
        (datetime(2026, 12, 20, 10, 0, 1, 999_999, tzinfo=timezone(timedelta())), "2026-12-20T10:00:01.999Z"),
    ],
)
def test_stamps_are_utc_to_the_millisecond(moment, stamp):
    assert Clock(now=lambda: moment).stamp() == stamp


def test_the_real_clock_is_aware_and_its_jitter_a_share():
    clock = Clock()
    assert clock.now().tzinfo is not None
    assert 0 <= clock.jitter() < 1


@pytest.mark.parametrize(
    "text",
    ["Bonjour", "33600000000 & 33600000001 <b>", "3360000000233600000003 été €", "line\nbreak", "%33600000000+"],
)
@pytest.mark.parametrize("places", [[0], [3, 1, 2], list(range(200))], ids=len)
def test_a_body_is_what_rendering_and_encoding_it_whole_would_give(world, text, places):
    prepared, numbers = world.prepare(people=1), [number(place) for place in places]
    writer = BodyWriter(prepared, CREDENTIALS)
    whole = encode_form(
        {"clientcode": "login", "passcode": "s3cret", "XMLFlow": flow_text(prepared, "LOGIN", numbers, text)}, "utf-8"
    )
    assert [writer.write(numbers, text), writer.write(numbers, text)] == [whole, whole]
    assert b"Autre" in writer.write(numbers, "Autre")
    assert writer.write(numbers, text) == whole


# --- what a run counts


def test_what_is_left_is_the_runs_own_where_another_of_other_rows_was_begun(world):
    """Overtaken, and the rows that the record counts now are all sent: those of this run are not."""
    planned = plan_campaign(world.prepare(), PlanInputs(Record(), None, START))
    counts, revision = RunCounts(planned, RevisionRecord(1), None), RevisionRecord(1)
    digests, totals = planned.plan.digests, planned.sorted_rows.totals
    revision.begin(started(totals=totals, campaign_sha256=planned.prepared.campaign.sha256, digests=digests))
    counts.give_up(4)
    assert counts.left(revision) == 6, "as the record has it"
    revision.begin(started(totals=Totals(rows=4, accepted=4)))
    assert counts.left(revision) == 2
    revision.begin(started(totals=Totals(rows=4, pending=4)))
    assert counts.left(revision) == 4, "one of them may be this run's, given back by another since"


@pytest.mark.parametrize(
    ("totals", "last", "told"),
    [
        (Totals(rows=2, accepted=2), answered("1-1", ACCEPTED, 2), "nothing left to send"),
        (Totals(rows=2, pending=2), answered("1-1", REFUSED), "some chunks were refused"),
        (Totals(rows=2, pending=2), resolved("1-1", False), "some chunks were settled as not sent meanwhile"),
    ],
)
def test_what_a_run_leaves_that_nothing_stopped_is_told(world, totals, last, told):
    planned = plan_campaign(world.prepare(people=2), PlanInputs(Record(), None, START))
    begun = {"campaign_sha256": planned.prepared.campaign.sha256, "digests": planned.plan.digests}
    lease = Lease("runner", 7)
    events = (
        opened(),
        started(2, lease=lease, **begun),
        claim("1-1", "run-1", number(0), number(1)),
        last,
    )
    revision = Record(events).revision(1)
    assert revision.totals == totals
    assert RunCounts(planned, RevisionRecord(1), None).tell_left(revision) == told
