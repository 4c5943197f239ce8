"""The formats of findings: each a small function of the same object. A new one is a function and a line here."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mmsbatch.reports.findings import Findings

#: The function of each, as `module:name`: only the one that is asked for is loaded.
FORMATS: Mapping[str, str] = {
    "text": "findings:findings_text",
    "json": "findings:findings_json",
    "github": "annotations:findings_github",
    "gitlab": "code_quality:findings_gitlab",
    "junit": "junit:findings_junit",
    "sarif": "sarif:findings_sarif",
}
#: For people, to whom nothing found is nothing to say; the others are documents, whole without findings too.
FOR_PEOPLE = frozenset({"text", "github"})


def load_format(name: str) -> "Callable[[Findings], str]":
    """Return the function that writes a format of `FORMATS`."""
    module, _, function = FORMATS[name].partition(":")
    return cast("Callable[[Findings], str]", getattr(import_module(f"mmsbatch.reports.{module}"), function))
