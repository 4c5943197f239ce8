"""What a campaign must be beyond its schema, as far as its own file tells.

Works on data that may not fit the schema, so that all findings are told at once.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmsbatch.campaign.model import DocumentPath, State
from mmsbatch.campaign.places import Reach, outside
from mmsbatch.campaign.schedule import ScheduleProblem, read_schedule
from mmsbatch.campaign.yaml_nodes import Node, NodePositions
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.rules import finding

#: What XML 1.0 cannot hold beside the control characters, and Unicode's own line breaks.
_NEVER_IN_A_NAME = re.compile("[\ud800-\udfff\ufffe\uffff\u2028\u2029]")


def check_data(data: Any, root: Node, reach: Reach, file: str) -> Iterator[Diagnostic]:
    """Check name, state, schedule and the files named, of which those within `reach` may be."""
    if not isinstance(data, dict):
        return
    positions = NodePositions(root)
    yield from _check_name(data.get("name"), positions, file)
    yield from _check_state(data.get("state"), positions, file)
    yield from _check_schedule(data.get("schedule"), positions, file)
    for place, name in _named_files(data):
        if reach.locate(name) is None:
            yield outside(file, _at(positions, *place))


def _at(positions: NodePositions, *path: str | int) -> Position:
    return positions[path]


def _check_name(name: object, positions: NodePositions, file: str) -> Iterator[Diagnostic]:
    if not isinstance(name, str) or not name:
        return
    if not name.strip():
        yield finding("campaign-name", file, _at(positions, "name"), "The campaign's name is blank.", "Give it one.")
    is_plain = name.isascii() and name.isprintable()
    bad = None if is_plain else next((char for char in name.strip() if _is_forbidden(char)), None)
    if bad is not None:
        message = f"The campaign's name holds a line break or control character (U+{ord(bad):04X})."
        yield finding("campaign-name", file, _at(positions, "name"), message, "Write it on one line.")


def _is_forbidden(char: str) -> bool:
    return unicodedata.category(char) == "Cc" or bool(_NEVER_IN_A_NAME.match(char))


def _check_state(state: object, positions: NodePositions, file: str) -> Iterator[Diagnostic]:
    if state == State.DRAFT:
        message = "The campaign is a draft: it is validated, never planned or sent."
        yield finding("campaign-draft", file, _at(positions, "state"), message, "Write `state: ready` to send it.")


def _check_schedule(schedule: object, positions: NodePositions, file: str) -> Iterator[Diagnostic]:
    if not isinstance(schedule, str):
        return
    try:
        read_schedule(schedule)
    except ScheduleProblem as problem:
        yield finding("schedule-invalid", file, _at(positions, "schedule"), str(problem), problem.hint)


def _named_files(data: dict[str, Any]) -> Iterator[tuple[DocumentPath, str]]:
    recipients, suppress = data.get("recipients"), data.get("suppress")
    if isinstance(recipients, dict) and isinstance(recipients.get("file"), str):
        yield ("recipients", "file"), recipients["file"]
    for index, source in enumerate(suppress if isinstance(suppress, list) else ()):
        if isinstance(source, dict) and isinstance(source.get("file"), str):
            yield ("suppress", index, "file"), source["file"]


def check_file_name(path: Path, twin: str | None, file: str) -> Iterator[Diagnostic]:
    """Check a campaign file's name: records beside it are named after its stem.

    `twin` is the name of a campaign beside it that differs by extension alone, or None.
    """
    if "." in path.stem:
        message = "The file's name has a dot before its extension; the names of its records would be unclear."
        yield finding("campaign-file-name", file, Position(1), message, "Use a dash instead.")
    if twin:
        message = f"`{twin}` beside it differs by extension alone; both would share one record."
        yield finding("campaign-file-name", file, Position(1), message, "Rename one of them.")
