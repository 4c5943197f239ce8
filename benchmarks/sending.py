"""Sending a whole campaign: beside a bare sender of one and the same body, which keeps no record.

Then doing so again, with nothing to send: beside reading the journal's lines and no more.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.case import Case, Run, Work, WrongOutcome
from benchmarks.process import Command, Process
from benchmarks.project import Project, open_project
from benchmarks.workplace import Workplace

TEXTS = {
    "first names": "Bonjour {{ prenom }}, -30 % dès demain. STOP au 36180",
    "constant text": "Bonjour, -30 % dès demain. STOP au 36180",
}
_PRINTED = re.compile(r"([0-9]+) posts, [0-9.]+ s, ([0-9.]+) ms of processor per post\n")
_READER = Path(__file__).with_name("read_journal.py")


def cases(place: Workplace) -> Iterator[Case]:
    """Send to all recipients; then apply what is finished, and look at it."""
    for text, written in TEXTS.items():
        with open_project(place, written) as project:
            yield from _sending(project, text)
            if text == "constant text":
                yield from _again(project)


def _sending(project: Project, text: str) -> Iterator[Case]:
    """Give the time it takes, and of the same runs what a chunk takes of the processor."""
    ours: list[Run] = []
    peers: list[Run] = []
    loop = project.place.bare_loop("post_bodies.py")
    name = "mmsbatch apply"
    work = f"`apply`, {project.recipients:,} recipients, {text}"
    yield Case(
        f"{work}: first POST to last answer",
        Work(name, partial(_apply, project, ours)),
        Work(loop.name, partial(_post_bodies, project, loop, peers)) if loop else None,
        most=1.1,
        runs=3,
    )
    yield Case(
        f"{work}: processor time of a chunk",
        Work(name, partial(ours.pop, 0)),
        Work(loop.name, partial(peers.pop, 0)) if loop else None,
        most=2,
        runs=3,
    )


def _apply(project: Project, by_chunk: list[Run]) -> Run:
    """Send; what planning the same takes of the processor is none of a chunk's."""
    project.forget()
    plan = Command("mmsbatch plan", project.command("plan"), settings=project.settings).take()
    ended, taken = project.apply()
    project.check_sent(taken)
    if taken.posts != project.chunks:
        raise WrongOutcome(f"{taken.posts} requests, not {project.chunks}")
    project.body.write_text(taken.first_body, encoding="ascii")
    of_chunk = (ended.run.processor - plan.processor) / project.chunks
    by_chunk.append(Run(of_chunk, of_chunk, ended.run.memory))
    return Run(taken.seconds, ended.run.processor, ended.run.memory)


def _post_bodies(project: Project, loop: Path, by_post: list[Run]) -> Run:
    """Let the bare sender send our first body as often as we sent one."""
    arguments = [project.gateway.send_url, str(project.body), str(project.chunks), str(project.threads)]
    project.gateway.taken()
    with Process([project.place.python, str(loop), *arguments]) as process:
        ended = process.end()
    ended.check(loop.name)
    taken = project.gateway.taken()
    printed = _PRINTED.fullmatch(ended.printed)
    sent = set(taken.numbers)
    if (
        not printed
        or not int(printed[1]) == taken.posts == project.chunks
        or len(sent) * taken.posts != len(taken.numbers)
    ):
        raise WrongOutcome(f"{loop.name} printed {ended.printed!r}, and the gateway got {taken}")
    of_post = float(printed[2]) / 1000
    by_post.append(Run(of_post, of_post, ended.run.memory))
    return Run(taken.seconds, ended.run.processor, ended.run.memory)


def _again(project: Project) -> Iterator[Case]:
    lines = project.journal.read_bytes().count(b"\n")
    command = [project.place.python, str(_READER), str(project.journal)]
    peer = Command("json.loads by line", command, partial(_check_reader, lines))
    ours = Work("mmsbatch apply", partial(_apply_again, project))
    status = Command("mmsbatch status", project.command("status"), partial(_check_status, project))
    yield Case(f"`apply` again, all {project.recipients:,} are sent", ours, peer, most=2, runs=5)
    yield Case(f"`status`, {project.recipients:,} are sent", status, peer, most=2, runs=5)


def _apply_again(project: Project) -> Run:
    ended, taken = project.apply()
    if taken.posts or "nothing to send" not in ended.printed:
        raise WrongOutcome(f"{taken.posts} requests where nothing was to send: {ended.printed}")
    return ended.run


def _check_reader(lines: int, printed: str) -> None:
    # A run that sends nothing may write down that it was there.
    if int(printed) < lines:
        raise WrongOutcome(f"{printed} lines read of {lines}")


def _check_status(project: Project, printed: str) -> None:
    if not re.search(rf"accepted +{project.recipients:,}\n", printed) or "complete" not in printed:
        raise WrongOutcome(printed[:2000])
