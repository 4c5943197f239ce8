"""The files that travel with the code: the JSON Schemas in `schemas/`, what `init` writes in `templates/`, once."""

from functools import cache
from pathlib import Path

SCHEMA_NAMES = ("campaign", "config", "journal", "manifest", "plan")
_PACKAGE = Path(__file__).parent


def schema_path(name: str) -> Path:
    """Return the schema's file: in the wheel beside the package, in a checkout above it."""
    file = f"{name}.schema.json"
    installed = _PACKAGE / "_schemas" / file
    return installed if installed.is_file() else _PACKAGE.parent / "schemas" / file


@cache
def schema_text(name: str) -> str:
    """Return the schema's JSON text; `name` is one of SCHEMA_NAMES."""
    return schema_path(name).read_text(encoding="utf-8")


def template_text(name: str) -> str:
    """Return a template's text; `name` is its path below `templates/`, or `action.yml`."""
    installed = _PACKAGE / "_templates" / name
    checkout = _PACKAGE.parent / name if name == "action.yml" else _PACKAGE.parent / "templates" / name
    return (installed if installed.is_file() else checkout).read_text(encoding="utf-8")
