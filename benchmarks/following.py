"""What it costs that a person can follow long work on a terminal: beside the same, told to be quiet."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.case import Case, Run, Work, WrongOutcome
from benchmarks.process import Process
from benchmarks.project import Project, open_project
from benchmarks.sending import TEXTS
from benchmarks.workplace import Workplace

#: Nothing is shown before a second is over.
_LONG = 1.5


def cases(place: Workplace) -> Iterator[Case]:
    """Read many rows, and send to a part of them, with and without a line that moves."""
    with open_project(Workplace(place.folder, place.rows * 2), TEXTS["constant text"]) as project:
        work = f"`plan --offline`, {project.recipients:,} rows, on a terminal: processor time"
        yield _case(work, _plan, project, runs=9)
    with open_project(Workplace(place.folder, place.rows // 4), TEXTS["constant text"]) as project:
        work = f"`apply`, {project.recipients:,} recipients, on a terminal: first POST to last answer"
        yield _case(work, _apply, project, runs=7)


def _case(work: str, take: Callable[..., Run], project: Project, runs: int) -> Case:
    ours = Work("followed", partial(take, project))
    return Case(work, ours, Work("--quiet", partial(take, project, "--quiet")), most=1.02, runs=runs)


def _plan(project: Project, *options: str) -> Run:
    """Plan; two hundredths of its seconds are lost in what else a shared machine does."""
    with Process(project.command("plan", "--offline", *options), on_terminal=True) as process:
        ended = process.end()
    ended.check("mmsbatch plan")
    if f"{project.recipients:,}" not in ended.printed:
        raise WrongOutcome(ended.printed[:2000])
    _check_shown("reading recipients", ended.told, ended.run.seconds, options)
    return Run(ended.run.processor, ended.run.processor, ended.run.memory)


def _apply(project: Project, *options: str) -> Run:
    project.forget()
    ended, taken = project.apply(*options, on_terminal=True)
    project.check_sent(taken)
    _check_shown("100%", ended.told, _LONG, options)
    return Run(taken.seconds, ended.run.processor, ended.run.memory)


def _check_shown(line: str, told: str, seconds: float, options: tuple[str, ...]) -> None:
    """A line that is not there costs nothing; one that must not be there would be compared with itself."""
    is_due = seconds >= _LONG and not options
    if is_due and line not in told:
        raise WrongOutcome(f"nothing could be followed: {told[-500:]!r}")
    if options and line in told:
        raise WrongOutcome(f"not quiet: {told[-500:]!r}")
