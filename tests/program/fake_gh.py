"""Plays GitHub's command line: answers from files, and writes there what it is told."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["STATE_OF_THE_TESTS"])


def read(name: str) -> Any:
    path = STATE / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else []


def write(name: str, content: Any) -> None:
    (STATE / f"{name}.json").write_text(json.dumps(content))


def show(content: Any, jq: str | None) -> None:
    text = json.dumps(content)
    done = subprocess.run(["jq", "--raw-output", jq or "."], input=text, text=True, check=False, stdout=subprocess.PIPE)
    sys.stdout.write(done.stdout)
    sys.exit(done.returncode)


def main() -> None:
    assert os.environ["GH_TOKEN"]
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="+")
    for option in (
        "--method",
        "--jq",
        "--field",
        "--name",
        "--dir",
        "--head",
        "--base",
        "--state",
        "--json",
        "--title",
        "--body",
    ):
        parser.add_argument(option)
    for option in ("--paginate", "--silent"):
        parser.add_argument(option, action="store_true")
    given = parser.parse_intermixed_args()
    match given.words:
        case ["api", path]:
            call_api(path, given)
        case ["run", "download", _]:
            shutil.copytree(STATE / "artifacts" / given.name, given.dir)
        case ["pr", "list"]:
            show([each for each in read("opened") if each["head"] == given.head], given.jq)
        case ["pr", "create"]:
            write("opened", [*read("opened"), {"head": given.head, "base": given.base, "number": 8}])
        case _:
            sys.exit(f"gh {given.words} is not played")


def call_api(path: str, given: argparse.Namespace) -> None:
    plain, _, query = path.removeprefix("repos/firm/mms/").partition("?")
    parts = plain.split("/")
    match parts:
        case ["commits", sha, "pulls"]:
            show([each for each in read("pulls") if sha in each["commits"]], given.jq)
        case ["actions", "artifacts"]:
            name = query.partition("name=")[2].partition("&")[0]
            show({"artifacts": [each for each in read("artifacts") if each["name"] == name]}, given.jq)
        case ["issues", *_]:
            call_comments(parts, given)
        case _:
            sys.exit(f"gh api {path} is not played")


def call_comments(parts: list[str], given: argparse.Namespace) -> None:
    comments = read("comments")
    if given.method is None:
        show(comments, given.jq)
    body = Path(given.field.removeprefix("body=@")).read_text()
    if given.method == "POST":
        comments.append({"id": 100 + len(comments), "user": {"login": "github-actions[bot]"}, "body": body})
    else:
        [there] = [each for each in comments if str(each["id"]) == parts[-1]]
        there["body"] = body
    write("comments", comments)


if __name__ == "__main__":
    main()
