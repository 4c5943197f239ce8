"""`mmsbatch init`: makes a repository ready for campaigns. Overwrites nothing that nobody wants to lose."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.campaign.places import campaign_files, repository_root
from mmsbatch.cli.console import Console, is_interactive
from mmsbatch.cli.new_repository import Draft, Host, Surroundings, draft_files, guess_host, host_name, missing_lines
from mmsbatch.cli.options import offering
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode

#: Seconds that git gets to say what the repository's remote is called.
_GIT_TIMEOUT = 10.0
_NEXT = """\

next:
  mmsbatch validate campaigns --gateway sandbox
  mmsbatch apply campaigns --gateway sandbox"""

Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="The repository's root.", show_default=".")]
Ci = Annotated[
    str | None,
    typer.Option(
        "--ci",
        metavar="HOST",
        help="github, gitlab or none; default: by the name of the git remote's host.",
        autocompletion=offering([*Host]),
    ),
]


def init(
    folder: Folder = Path(),
    ci: Ci = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there, without asking.")] = False,
) -> None:
    """Make a repository ready: configuration, a first campaign, editor settings, pipelines.

    On a terminal it asks before it replaces a file; elsewhere it leaves those that are there as they are.

    Examples:

      mmsbatch init

      mmsbatch init campaigns-of-the-shop --ci gitlab
    """
    console = Console()
    root = _root(folder)
    remote, url = _find_remote(root)
    host = _pick_host(ci, url, root)
    around = Surroundings(host, remote, _find_branch(root, remote), _has_campaigns(root))
    told = [_place(draft, root, force) for draft in draft_files(around)]
    console.report("\n".join(told))
    if host is Host.NONE and ci is None:
        what = f"the git remote's host {host_name(url)} says not" if url else "there is no git remote that says"
        console.tell(f"no pipeline was written: {what} whose pipelines run; --ci github or --ci gitlab does")
    console.tell(_NEXT)
    raise typer.Exit(ExitCode.DONE)


# --- what is there


def _root(folder: Path) -> Path:
    """Make the folder where it is missing. Raises UsageProblem where it is no place for a repository."""
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"{folder} is a file: name a folder")
    around = repository_root(folder) if folder.exists() else None
    if around is not None and around != folder.resolve():
        raise UsageProblem(
            f"{folder} lies inside the repository {around}", f"pipelines are read at its root: mmsbatch init {around}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"{folder}: the folder cannot be made: {error.strerror}") from error
    return folder


def _pick_host(ci: str | None, url: str, root: Path) -> Host:
    if ci is not None:
        if ci not in [*Host]:
            raise UsageProblem(f"--ci {ci} is not known", "use github, gitlab or none")
        return Host(ci)
    if (guessed := guess_host(url)) is not Host.NONE:
        return guessed
    places = {Host.GITHUB: ".github", Host.GITLAB: ".gitlab-ci.yml"}
    found = [host for host, place in places.items() if (root / place).exists()]
    return found[0] if len(found) == 1 else Host.NONE


def _find_remote(root: Path) -> tuple[str, str]:
    """Return the remote's name and URL, by preference that of `origin`; two empty texts where there is none."""
    names = _ask_git(root, "remote").split()
    name = "origin" if "origin" in names else next(iter(names), "")
    return name, _ask_git(root, "remote", "get-url", name) if name else ""


def _find_branch(root: Path, remote: str) -> str:
    """Return the branch that the remote calls its default, or the one that is checked out."""
    known = _ask_git(root, "symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD").removeprefix(f"{remote}/")
    return known or _ask_git(root, "symbolic-ref", "--short", "HEAD") or "main"


def _ask_git(root: Path, *words: str) -> str:
    """Return what git says, empty where it is not installed, or says no."""
    from mmsbatch.record.shared.git_process import run_process  # noqa: PLC0415

    if repository_root(root) is None:
        return ""
    try:
        finished = run_process(("git", *words), root, os.environ, None, _GIT_TIMEOUT)
    except OSError:
        return ""
    return finished.out.decode("utf-8", "replace").strip() if finished.code == 0 else ""


def _has_campaigns(root: Path) -> bool:
    """Whether there are campaigns other than the first one that would be written."""
    folder = root / "campaigns"
    return folder.is_dir() and any(file.name != "first.yaml" for file in campaign_files([folder]))


# --- what is written


def _place(draft: Draft, root: Path, force: bool) -> str:
    """Write a file, or leave it; say which. Raises UsageProblem where the disk refuses."""
    path = root / draft.path
    try:
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(draft.text)
            return f"created    {draft.path}"
        return "\n".join(_reconcile(draft, path, force))
    except OSError as error:
        raise UsageProblem(f"{path}: it cannot be written: {error.strerror}") from error


def _reconcile(draft: Draft, path: Path, force: bool) -> Iterator[str]:
    there = path.read_bytes().decode("utf-8", "replace") if path.is_file() else None
    if there is None:
        yield f"kept       {draft.path}: it is no file"
        return
    missing = missing_lines(draft.text, there)
    if there == draft.text or (draft.adds_lines and not missing):
        yield f"unchanged  {draft.path}"
    elif not _may_change(draft, missing, force):
        yield f"kept       {draft.path}" + ("" if draft.adds_lines else ": it differs from what init writes")
        yield from (f"           add the line {line}" for line in missing if draft.adds_lines)
        if draft.hint:
            yield f"           {draft.hint}"
    elif draft.adds_lines:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write("\n" * (bool(there) and not there.endswith("\n")) + "\n".join([*missing, ""]))
        yield f"extended   {draft.path}"
    else:
        path.write_text(draft.text, encoding="utf-8", newline="\n")
        yield f"replaced   {draft.path}"


def _may_change(draft: Draft, missing: list[str], force: bool) -> bool:
    if force or not is_interactive():
        return force
    what = f"lacks {', '.join(missing)}; add it" if draft.adds_lines else "is there, and differs; replace it"
    return typer.confirm(f"{draft.path} {what}?", err=True)
