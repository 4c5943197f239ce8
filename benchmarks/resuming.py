"""Going on with a campaign that was stopped halfway: beside planning it, which is all that must come before."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from benchmarks.case import Case, Run, Work, WrongOutcome
from benchmarks.process import Command
from benchmarks.project import Project, open_project
from benchmarks.sending import TEXTS
from benchmarks.workplace import Workplace

_TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Half:
    """A campaign of which about half is sent: the record's two files, and who got it."""

    journal: bytes = field(repr=False)
    manifest: bytes = field(repr=False)
    sent: frozenset[str] = field(repr=False)


def cases(place: Workplace) -> Iterator[Case]:
    """Stop a run halfway, and go on from there, again and again."""
    with open_project(place, TEXTS["constant text"]) as project:
        half = _send_half(project)
        work = f"`apply` on {project.recipients:,} recipients, half of them sent: start to first POST"
        yield Case(
            work,
            Work("mmsbatch apply", partial(_go_on, project, half)),
            Work("plan --offline", partial(_plan, project, half)),
            most=1.2,
            runs=5,
        )


def _send_half(project: Project) -> Half:
    with project.start_apply() as process:
        project.gateway.hold_from(project.chunks // 2)
        process.signal(signal.SIGTERM)
        project.gateway.release()
        process.end().check("mmsbatch apply, stopped", _TERMINATED)
    sent = project.gateway.taken().numbers
    if not 0.3 < len(set(sent)) / project.recipients < 0.8 or len(set(sent)) != len(sent):
        raise WrongOutcome(f"{len(sent)} of {project.recipients} sent, which is not half")
    return Half(project.journal.read_bytes(), project.manifest.read_bytes(), frozenset(sent))


def _restore(project: Project, half: Half) -> None:
    project.journal.write_bytes(half.journal)
    project.manifest.write_bytes(half.manifest)


def _go_on(project: Project, half: Half) -> Run:
    """Send the other half, to its end: that nobody got it twice shows only then."""
    _restore(project, half)
    with project.start_apply() as process:
        started, ended = process.started, process.end()
    ended.check("mmsbatch apply")
    taken = project.gateway.taken()
    project.check_sent(taken, half.sent)
    if taken.first_arrival is None:
        raise WrongOutcome("nothing was sent")
    return Run(taken.first_arrival - started, ended.run.processor, ended.run.memory)


def _plan(project: Project, half: Half) -> Run:
    _restore(project, half)

    def check(printed: str) -> None:
        plan = json.loads(printed)["campaigns"][0]
        found, sent = (plan["already_sent"], plan["to_send"]), len(half.sent)
        if found != (sent, project.recipients - sent):
            raise WrongOutcome(f"planned: {found} sent and to send, where {sent} were sent")

    return Command("plan --offline", project.command("plan", "--offline", "--format", "json"), check).take()
