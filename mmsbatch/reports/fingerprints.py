"""What tells a finding from another when lines have moved: systems compare the findings of two commits by it."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from mmsbatch.diagnostics import Diagnostic

_NUMBERS = re.compile("[0-9][0-9,]*")
#: Letters alone: nothing in a report should look like a phone number.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def fingerprints(diagnostics: Iterable[Diagnostic], files: Iterable[str]) -> list[str]:
    """Return one for each finding, unlike all others; `files` are their paths as they are reported.

    Made from file, rule and message without its numbers (lines and counts), and of findings that are alike in
    these from which of them it is.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    made = []
    for each, file in zip(diagnostics, files, strict=True):
        kind = (file, each.rule, _NUMBERS.sub("0", each.message))
        digest = hashlib.sha256("\0".join([*kind, str(seen[kind])]).encode("utf-8", "replace")).hexdigest()
        made.append(digest[:32].translate(_LETTERS))
        seen[kind] += 1
    return made
