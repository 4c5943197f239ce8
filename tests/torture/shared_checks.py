"""What must hold of a shared record at each commit of its branch, at each run's end, and once all is settled."""

import json
from collections import Counter
from dataclasses import fields

from sending_builders import number
from shared_world import MANIFEST

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.audit import audit
from mmsbatch.record.chain import read_lines
from mmsbatch.record.events import ChunkAnswered, ChunkSending, DoubtResolved, RejectedReleased, RunStarted, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.manifest import manifest_text, runs_shown_lost
from mmsbatch.record.states import ChunkState, NumberState, RevisionStatus

#: Whoever has one of these needs nothing any more.
DONE = {NumberState.ACCEPTED, NumberState.REJECTED, NumberState.UNACCOUNTED}


def check_commit(world, commit):
    """Hold that a commit adds to the journal, and that its manifest says what anybody reads there; return that."""
    journal, parent = world.journal(commit), world.remote.commits[commit].parent
    assert parent is None or journal.startswith(world.journal(parent)), "a line was changed, or taken away"
    lines = read_lines(journal)
    assert not lines.tail.torn
    text = world.remote.read(MANIFEST, commit).decode()
    record = Record(lines.events)
    record.close_interrupted(lambda run: run.run not in runs_shown_lost(text, Record(lines.events)))
    assert text == manifest_text(record, lines.tail), "the manifest is not what the journal says"
    check_record(world, record, lines.events)
    as_read = Record(lines.events)
    check_record(world, as_read, lines.events)
    check_closing(
        world, Record(read_lines(world.journal(parent)).events) if parent else Record(), as_read, lines.events
    )
    return as_read


def check_closing(world, before, record, events):
    """Hold that nobody waits in a revision as it is closed: whoever is found to wait afterwards would be late."""
    for revision in record.revisions.values():
        if revision.closed and not before.revision(revision.number).closed:
            call = last_call(world, [each for each in events if revision_of(each) == revision.number])
            numbers = {number(place) for place in set(call.people) - set(call.opted_out)}
            left = [each for each in numbers if world.keeping.keep(each) not in revision.states()]
            assert not left, f"closed, and nothing was sent to {left}"


def check_record(world, record, events):
    """Hold that a record says nothing impossible, and counts what is there."""
    problems = [each for each in audit(record) if not (world.excused and "reached the same number" in each)]
    assert not problems, problems
    for revision in record.revisions.values():
        if revision.is_estimate:
            continue
        own = [each for each in events if revision_of(each) == revision.number]
        assert revision.totals.to_json() | {"late": 0, "pending": 0, "suppressed": 0} == count_by_hand(world, own)


def revision_of(event):
    chunk = getattr(event, "chunk", None)
    return int(chunk.partition("-")[0]) if chunk else getattr(event, "revision", None)


def count_by_hand(world, events):
    """Count the rows of the last run's input by what became of them; those whom nothing was sent to left out."""
    people = last_call(world, events).people
    numbers = {world.keeping.keep(number(place)) for place in people}
    states = states_by_hand(events)
    counts = Counter(states[each].value for each in numbers if each in states)
    counts |= {"rows": len(people), "duplicates": len(people) - len(numbers)}
    return {item.name: counts[item.name] for item in fields(Totals)}


def last_call(world, events):
    """Return what the last run of these events was called with."""
    return world.inputs[[each.run for each in events if isinstance(each, RunStarted)][-1]]


def states_by_hand(events):
    """Say what became of each number of a revision, by its events alone: the last chunk that kept it decides."""
    chunks, settled = {}, set()
    for event in events:
        match event:
            case ChunkSending(attempt=1):
                chunks[event.chunk] = dict.fromkeys(event.numbers, NumberState.IN_DOUBT)
            case ChunkAnswered() if event.state is not ChunkState.IN_DOUBT or event.chunk not in settled:
                settled.discard(event.chunk)
                chunks[event.chunk] = dict.fromkeys(chunks[event.chunk], _STATE_OF[event.state])
                chunks[event.chunk] |= dict.fromkeys(event.unaccounted, NumberState.UNACCOUNTED)
                chunks[event.chunk] |= {each.number: NumberState.REJECTED for each in event.rejected}
            case DoubtResolved():
                settled.add(event.chunk)
                state = NumberState.ACCEPTED if event.sent else NumberState.RELEASED
                chunks[event.chunk] = dict.fromkeys(chunks[event.chunk], state)
            case RejectedReleased():
                for each in chunks.values():
                    each |= {one: NumberState.RELEASED for one in each if each[one] is NumberState.REJECTED}
            case _:
                pass
    kept = ((one, state) for each in chunks.values() for one, state in each.items())
    return {one: state for one, state in kept if state is not NumberState.RELEASED}


_STATE_OF = {
    ChunkState.ACCEPTED: NumberState.ACCEPTED,
    ChunkState.REFUSED: NumberState.RELEASED,
    ChunkState.FAILED: NumberState.RELEASED,
    ChunkState.IN_DOUBT: NumberState.IN_DOUBT,
}


def check_end(process, record):
    """Hold that a run that says it is done is: nobody of its own is left or in doubt, and the branch knows.

    One that says in doubt knew of a doubt, where the branch took what it had to tell.
    """
    if process.code is None or process.outcome is None:
        return
    known, is_told = process.known, not process.opened.book.has_unpublished
    if is_told:
        claims = [each.id for each in record.claimed if each.run.run == process.name]
        assert not claims, f"ended, and nobody hears what became of {claims}"
    if process.outcome.exit_code is ExitCode.IN_DOUBT and is_told:
        assert known.status is RevisionStatus.IN_DOUBT or process.call.shard, "in doubt, and nothing is"
    if process.outcome.exit_code is ExitCode.DONE:
        assert is_told, "done, and the branch does not have it"
        check_done(process, known)


def check_done(process, known):
    """Hold that nobody is left of the rows of a run that says so, but for those that came late."""
    world, opened, call = process.world, process.opened, process.call
    numbers = list({number(place) for place in call.people})
    if call.shard:
        own = opened.planned.prepared.audience.recipients.numbers
        numbers = [f"33{own[place]}" for place in opened.planned.shard.to_send]
    else:
        assert not known.is_in_doubt
        assert known.status is RevisionStatus.COMPLETE or not known.counts_own
    numbers = [each for each in numbers if each not in set(map(number, call.opted_out))]
    left = [each for each in numbers if known.states.get(world.keeping.keep(each)) not in DONE]
    late = [] if call.late_rows or call.shard else left[: opened.planned.sorted_rows.totals.late]
    assert left == late, f"done, and somebody is left: {left} of {call}, {opened.planned.sorted_rows.totals}"


def check_all_settled(world, call):
    """Hold that everybody has one outcome, once all doubt was settled and all was sent."""
    record = Record(read_lines(world.journal()).events)
    revision, counts = record.revision(call.revision), world.counts()
    states = revision.states()
    for each in {number(place) for place in call.people}:
        count = counts[str(call.revision), each]
        state = states.get(world.keeping.keep(each))
        assert state in DONE
        assert (
            count == 1 or state is NumberState.REJECTED or each in world.said_sent or (count and each in world.excused)
        )
    shown = json.loads(world.remote.read(MANIFEST))
    assert shown["status"] == "complete"
    assert not record.in_doubt
