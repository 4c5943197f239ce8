"""Makes the reference pages of `docs/` from the schemas and the registries, so that they cannot drift.

python docs/generate.py            writes the pages
python docs/generate.py --check    exits 1 and names the pages that are stale
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mmsbatch.exitcodes import PRECEDENCE, ExitCode
from mmsbatch.gateway.statuses import ACCOUNT_STATUSES, ACTIVE_ACCOUNT, SEND_STATUSES, SUCCESSES, Status
from mmsbatch.message.operations import FILTER_NAMES, METHODS, TESTS
from mmsbatch.reports.findings import SHOWN_PER_RULE
from mmsbatch.resources import schema_text
from mmsbatch.rules import RULES, Rule

DOCS = Path(__file__).resolve().parent
NOTICE = "<!-- Made by docs/generate.py; edit its sources, not this page. -->"
NOTHING = "–"
#: A longer pattern helps nobody: the description says it.
SHOWN_PATTERN = 60

#: What keeps a status away where it is no rule of its own: the way the flow is made, or a check of the account.
PREVENTED_OTHERWISE = {
    102: "the account is asked before anything is sent",
    105: "the flow is always rendered whole",
    107: "the flow's order is fixed; values are escaped",
    108: "`message.type` is required",
    109: "`message.type` is one of five",
    114: "nothing: media are not fetched beforehand",
    115: "nothing: media are not measured beforehand",
    116: "nothing: media are not fetched beforehand",
    117: "nothing: media are not fetched beforehand",
    118: "`url` is required",
    119: "`duration` is required",
    122: "the flow's order is fixed; values are escaped",
    200: "nothing: the account is asked at another module",
}


# --- Markdown


def cell(text: str) -> str:
    """Write a text into a table: on one line, its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def code(value: object) -> str:
    """Write a value as YAML and JSON both read it."""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def page(title: str, *parts: str) -> str:
    """Write a whole page."""
    return "\n\n".join([f"# {title}", NOTICE, *parts]) + "\n"


# --- the schemas


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file: its dotted path, whether it must be there, and its schema with references followed."""

    path: str
    required: bool
    schema: Mapping[str, Any]

    @property
    def section(self) -> str:
        """The key at the top that it belongs to."""
        return self.path.partition(".")[0].removesuffix("[]")


def resolve(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference into `$defs`; what stands beside it wins."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**root["$defs"][name], **schema} if name else schema


def walk(schema: Mapping[str, Any], root: Mapping[str, Any], path: str = "") -> Iterator[Key]:
    """Give the keys below a schema, each before its own."""
    required = schema.get("required", ())
    for name, below in schema.get("properties", {}).items():
        yield from _walk_key(f"{path}.{name}".lstrip("."), name in required, resolve(below, root), root)
    free = schema.get("additionalProperties")
    if isinstance(free, dict):
        yield from _walk_key(f"{path}.NAME", False, resolve(free, root), root)
    if "items" in schema:
        yield from _walk_items(f"{path}[]", resolve(schema["items"], root), root)


def _walk_key(path: str, required: bool, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Key]:
    yield Key(path, required, schema)
    yield from walk(schema, root, path)


def _walk_items(path: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Key]:
    yield Key(path, False, schema)
    yield from walk(schema, root, path)


_TYPES = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "empty",
}


def tell_type(schema: Mapping[str, Any]) -> str:
    """Name the types of a value."""
    types = schema.get("type", "any")
    names = [types] if isinstance(types, str) else types
    return ", ".join(_TYPES.get(name, name) for name in names)


def tell_default(key: Key) -> str:
    """Name the value that holds where none is written."""
    if key.required:
        return "**required**"
    return code(key.schema["default"]) if "default" in key.schema else NOTHING


def tell_allowed(schema: Mapping[str, Any]) -> str:
    """Name the values that are taken, where they are bounded."""
    told = [_tell_words(schema), _tell_bounds(schema), _tell_form(schema)]
    return "; ".join(filter(None, told)) or NOTHING


def _tell_words(schema: Mapping[str, Any]) -> str:
    return ", ".join(map(code, [schema["const"]] if "const" in schema else schema.get("enum", ())))


def _tell_bounds(schema: Mapping[str, Any]) -> str:
    words = {
        "minimum": "from {:,}",
        "exclusiveMinimum": "above {:,}",
        "maximum": "to {:,}",
        "minItems": "{:,} or more entries",
    }
    return " ".join(text.format(schema[word]) for word, text in words.items() if word in schema)


def _tell_form(schema: Mapping[str, Any]) -> str:
    names = resolve(schema.get("propertyNames", {}), {})
    if "pattern" in names:
        return f"names: `{names['pattern']}`, {names['maxLength']} characters at most"
    pattern = schema.get("pattern", "")
    return f"`{pattern}`" if 0 < len(pattern) <= SHOWN_PATTERN else ""


def key_rows(keys: Iterable[Key]) -> Iterator[Sequence[str]]:
    """Give a row for each key."""
    for key in keys:
        example = key.schema["examples"][0]
        yield (
            f"`{key.path}`",
            tell_type(key.schema),
            tell_default(key),
            tell_allowed(key.schema),
            key.schema["description"],
            code(example),
        )


_KEY_HEAD = ("key", "type", "default", "allowed", "what it says", "example")


def reference(schema: Mapping[str, Any]) -> Iterator[str]:
    """Give the sections: the plain keys at the top, then one section for each that has keys below."""
    keys = list(walk(schema, schema))
    sections = {section: [key for key in keys if key.section == section] for section in schema["properties"]}
    plain = [found[0] for found in sections.values() if len(found) == 1]
    yield "## Plain keys"
    yield table(_KEY_HEAD, key_rows(plain))
    for section, found in sections.items():
        if len(found) > 1:
            yield f"## `{section}`"
            yield table(_KEY_HEAD, key_rows(found))
            yield from _combinations(schema["properties"][section])


def _combinations(schema: Mapping[str, Any]) -> Iterator[str]:
    """Give the schema's own words on which keys go together."""
    told = [each["then"]["description"] for each in schema.get("allOf", ())]
    for each in schema.get("dependentSchemas", {}).values():
        told += dict.fromkeys(below["description"] for below in each["properties"].values())
    if told:
        yield "\n".join(f"- {text}" for text in told)


def example_block(schema: Mapping[str, Any]) -> str:
    """Write the schema's example of a whole file."""
    text = yaml.safe_dump(schema["examples"][0], allow_unicode=True, sort_keys=False, width=100)
    return f"```yaml\n{text}```"


# --- the pages


def campaign_page() -> str:
    """Make the reference of the campaign file."""
    schema = json.loads(schema_text("campaign"))
    return page(
        "The campaign file",
        f"{schema['description']} Unknown keys are errors. Examples are written so that YAML and JSON both read them.",
        "An editor completes and explains all of it: see [editors.md](editors.md).",
        "The shortest that is whole:",
        example_block(schema),
        "The file's name has no other dot than that of `.yaml` or `.yml`: records are named after it.",
        "Quote phone numbers and dates. Without quotes they are taken, with a warning: other YAML tools misread them.",
        *reference(schema),
        *_template_part(),
    )


def _template_part() -> Iterator[str]:
    yield "## What `message.text` may use"
    yield (
        "The text is a Jinja template. A column is a variable under its folded name: lower case, accents dropped, "
        "other signs to `_` (`Prénom client` → `prenom_client`). An empty cell is undefined. An undefined variable "
        'is an error, unless the text says `default("…")`. Blank space around the text is dropped.'
    )
    parts = {
        "statements": ["if", "for", "set", "with"],
        "filters": sorted(FILTER_NAMES),
        "tests": sorted(TESTS),
        "methods of a text": sorted(METHODS),
        "function": ["range"],
    }
    yield table(("part", "allowed"), ((part, ", ".join(map("`{}`".format, names))) for part, names in parts.items()))
    yield "Anything else is refused by the rule `template-forbidden`; what grows too large by `template-too-large`."


def configuration_page() -> str:
    """Make the reference of the configuration file."""
    schema = json.loads(schema_text("config"))
    return page(
        "The configuration file",
        f"{schema['description']} Optional. `mmsbatch.yaml` is looked for from the campaign's folder upward, to the "
        "repository's root. `NAME` stands for a gateway's name.",
        example_block(schema),
        "Some settings are refused, or without effect, in this version: see [README.md](README.md#not-built-yet).",
        *reference(schema),
        "## The environment",
        table(("variable", "what it holds"), _ENVIRONMENT),
        "`MMSBATCH` in the first four is the gateway's `credentials` prefix; each also as `…_FILE`, a path whose "
        "content is the value. Secrets are read from the environment alone.",
    )


_ENVIRONMENT = (
    ("`MMSBATCH_CLIENTCODE`", "the client code; needed by `plan` (but for `--offline`), `apply`, `proof`, `account`"),
    ("`MMSBATCH_PASSCODE`", "the passcode; likewise"),
    ("`MMSBATCH_CLIENT`", "the CLIENT tag; default: the client code in capitals"),
    ("`MMSBATCH_ACCOUNT`", "the login whose credit is asked; default: the client code"),
    ("`MMSBATCH_ALLOWED_HOSTS`", "more hosts that may be given the credentials, separated by commas or spaces"),
    ("`MMSBATCH_PSEUDONYM_KEY`", "the key that turns numbers into tokens: see [record.md](record.md)"),
    ("`CI`", "set by CI systems: `apply` then asks for `--folder-record`"),
    ("`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`", "proxies; never used for loopback"),
    ("`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`", "the certificates that https is checked against"),
    ("`GITHUB_STEP_SUMMARY`", "the file that `plan` and `apply` add a summary to, at most 900 KiB"),
    ("`NO_COLOR`", "no colours"),
)


def rules_page() -> str:
    """Make the list of rules."""
    return page(
        "The rules",
        "Every finding of `validate` and `plan` is of one of these rules, its id in brackets at the line's end. "
        "Ids never change. An error refuses the campaign, a warning lets it pass.",
        "*Manual* is a section of the gateway's manual; *prevents* are [statuses](statuses.md) that the gateway "
        f"would answer. At most {SHOWN_PER_RULE} findings of one rule and file are shown; the rest is counted.",
        table(("rule", "severity", "what it finds", "manual", "prevents"), map(_rule_row, RULES.values())),
    )


def _rule_row(rule: Rule) -> Sequence[str]:
    statuses = ", ".join(map(str, rule.statuses)) or NOTHING
    return f"`{rule.id}`", rule.severity.value, rule.summary, rule.manual or NOTHING, statuses


def exit_codes_page() -> str:
    """Make the table of exit codes."""
    order = " → ".join(f"{each:d}" for each in PRECEDENCE)
    return page(
        "Exit codes",
        "They never change.",
        table(("code", "meaning"), ((f"{each:d}", each.meaning) for each in ExitCode)),
        f"Where several apply, the first of these is told: {order}.",
        "With 1, 5 and 6 no chunk of this run was processed. `status` exits 0 unless `--exit-code` is given: then 4 "
        "where a chunk is in doubt, 3 where some were not sent.",
        "In a pipeline: 0 is done; 3 may be run again; 4 wants a person "
        "([how to settle doubt](record.md#settling-doubt)); everything else wants a change first "
        "([what to do](ci.md#the-exit-code-and-what-to-do)).",
    )


def statuses_page() -> str:
    """Make the tables of the gateway's statuses."""
    return page(
        "The gateway's statuses",
        "Codes belong to their module: the gateway's SMS module uses some of the same numbers for other things.",
        "## The send endpoint (manual 2.2)",
        table(
            ("code", "meaning", "what a run does", "what prevents it"),
            ((*_status_row(each), _tell_reaction(each), _tell_prevention(each)) for each in SEND_STATUSES.values()),
        ),
        "A code that is not listed, or no readable Status line, is doubt: the chunk is not sent again by itself, and "
        "the run stops at `max_in_doubt`. See [gateway.md](gateway.md#what-happens-to-a-request).",
        "## The account endpoint (manual 3.3)",
        table(
            ("code", "meaning", "what the tool does"),
            ((*_status_row(each), _tell_account(each)) for each in sorted(ACCOUNT_STATUSES.values(), key=_code_of)),
        ),
    )


def _code_of(status: Status) -> int:
    return status.code


def _status_row(status: Status) -> tuple[str, str]:
    return str(status.code), status.meaning


def _tell_reaction(status: Status) -> str:
    return status.reaction.value if status.reaction else NOTHING


def _tell_account(status: Status) -> str:
    return "goes on" if status.code in ACTIVE_ACCOUNT else "exits 6 before anything is sent"


def _tell_prevention(status: Status) -> str:
    if status.code in SUCCESSES:
        return NOTHING
    rules = [f"`{rule.id}`" for rule in RULES.values() if status.code in rule.statuses]
    otherwise = PREVENTED_OTHERWISE.get(status.code)
    return ", ".join([*rules, *([otherwise] if otherwise else [])])


PAGES: Mapping[str, Callable[[], str]] = {
    "campaign-file.md": campaign_page,
    "configuration-file.md": configuration_page,
    "rules.md": rules_page,
    "exit-codes.md": exit_codes_page,
    "statuses.md": statuses_page,
}


def stale_pages(folder: Path) -> list[str]:
    """Name the pages that are missing or not what would be made now."""
    return [name for name, make in PAGES.items() if _read(folder / name) != make()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(arguments: Sequence[str], folder: Path = DOCS) -> int:
    """Write the pages, or check them; return the exit code."""
    stale = stale_pages(folder)
    if "--check" in arguments:
        sys.stderr.writelines(f"docs/{name} is stale: run python docs/generate.py\n" for name in stale)
        return 1 if stale else 0
    for name in stale:
        (folder / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"docs/{name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
