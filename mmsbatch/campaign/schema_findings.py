"""What a fault against a schema is called, where it is shown, and what to do about it.

Values may be phone numbers: they are described by kind, and quoted only where they are one
short word of letters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmsbatch.campaign.model import DocumentPath
from mmsbatch.campaign.scalars import resolve_plain
from mmsbatch.campaign.wording import quote_if_harmless, show_path, show_word
from mmsbatch.campaign.yaml_nodes import Node, ScalarNode, key_position, node_at, position_of
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.folding import closest
from mmsbatch.masking import mask_digits
from mmsbatch.rules import finding

_WANTED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_MOST_LISTED = 10
_OLD_BOOLEANS = frozenset(("yes", "no", "on", "off", "y", "n"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of the validator: `wanted` is the keyword's value, `schema` the one it stands in.

    `is_key` says that a mapping's key is at fault; `value` is then that key.
    """

    path: DocumentPath
    wanted: Any
    value: Any
    schema: Mapping[str, Any]
    is_key: bool
    root: Node
    file: str

    @property
    def full_path(self) -> DocumentPath:
        """The path to what is at fault, the key included where it is one."""
        return (*self.path, str(self.value)) if self.is_key else self.path

    @property
    def place(self) -> Position:
        """Where it stands: a value's own place, a key's where the key is at fault."""
        node = node_at(self.root, self.path)
        if self.is_key or node is None:
            return key_position(self.root, self.full_path)
        return position_of(node)

    def found(self, rule: str, says: str, hint: str = "", where: Position | None = None) -> Diagnostic:
        """Make the diagnostic; `says` goes on after the name of what is at fault."""
        return finding(rule, self.file, where or self.place, f"{_capital(show_path(self.full_path))} {says}", hint)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def wrong_type(fault: Fault) -> Iterator[Diagnostic]:
    """A value of another type than is wanted, null included."""
    if fault.value is None:
        yield fault.found("schema-type", "has no value.", "Write one, or remove it.")
        return
    if "enum" in fault.schema:
        yield from _outside_words(fault, fault.schema["enum"])
        return
    wanted = [fault.wanted] if isinstance(fault.wanted, str) else fault.wanted
    names = list(dict.fromkeys(_WANTED[name] for name in _told_types(wanted)))
    says = f"must be {' or '.join(names)}, and is {_kind(fault.value)}."
    yield fault.found("schema-type", says, _type_hint(fault, wanted))


def _told_types(wanted: list[str]) -> list[str]:
    """Leave out what is taken only as another way to write a text."""
    scalars_beside_text = {"number", "boolean", "null"} if "string" in wanted else set()
    return [name for name in wanted if name not in scalars_beside_text]


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a number", float: "a decimal number", list: "a list", dict: "a mapping"}
    return kinds[type(value)]


def _type_hint(fault: Fault, wanted: list[str]) -> str:
    if isinstance(fault.value, list | dict):
        return "A text that begins with `{` or `[` needs quotes." if "string" in wanted else ""
    if "string" in wanted:
        return "Put it in quotes."
    node = node_at(fault.root, fault.path)
    if not isinstance(node, ScalarNode) or not isinstance(fault.value, str):
        return ""
    if "boolean" in wanted and node.text.lower() in _OLD_BOOLEANS:
        return "Write `true` or `false`."
    is_quoted_value = not node.plain and not isinstance(resolve_plain(node.text), str | None)
    return "Take the quotes away." if is_quoted_value else ""


def missing_keys(fault: Fault) -> Iterator[Diagnostic]:
    """Keys that must be there; shown where their mapping begins, or at its key."""
    where = key_position(fault.root, fault.path)
    for key in fault.wanted:
        if key not in fault.value:
            hint = str(fault.schema.get("description", "")) if "type" not in fault.schema else _example(fault, key)
            yield fault.found("schema-required", f"lacks `{key}`.", hint, where)


def _example(fault: Fault, key: str) -> str:
    similar = closest(key, (name for name in fault.value if name not in fault.schema.get("properties", {})))
    if similar:
        return f"Is `{show_word(similar)}` meant to be it?"
    examples = fault.schema.get("properties", {}).get(key, {}).get("examples", [])
    example = str(examples[0]) if examples and not isinstance(examples[0], list | dict) else ""
    is_shown = example and mask_digits(example) == example  # not even an invented number in a log
    return f"Add it, for example `{key}: {example}`." if is_shown else f"Add `{key}:`."


def unknown_keys(fault: Fault) -> Iterator[Diagnostic]:
    """Keys that the format does not know, each at its own place, with what was probably meant."""
    known = list(fault.schema.get("properties", {}))
    for key in fault.value:
        if key not in known:
            where = key_position(fault.root, (*fault.path, key))
            place = f"in {show_path(fault.path)}" if fault.path else "here"
            message = f"The key `{show_word(key)}` is not known {place}."
            yield finding("schema-unknown-key", fault.file, where, message, _known_hint(key, known))


def _known_hint(key: str, known: list[str]) -> str:
    meant = closest(key, known)
    if meant:
        return f"Did you mean `{meant}`?"
    listed = ", ".join(f"`{name}`" for name in known)
    return f"Known here: {listed}." if len(known) <= _MOST_LISTED else "`mmsbatch schema` shows all keys."


def unknown_word(fault: Fault) -> Iterator[Diagnostic]:
    """A value outside a short list of words."""
    yield from _outside_words(fault, fault.wanted)


def _outside_words(fault: Fault, wanted: list[str]) -> Iterator[Diagnostic]:
    words = [_visible(word) for word in wanted]
    shown = quote_if_harmless(fault.value)
    meant = closest(fault.value, words) if isinstance(fault.value, str) else None
    says = f"must be one of {', '.join(f'`{word}`' for word in words)}{', and is ' + shown if shown else ''}."
    yield fault.found("schema-value", says, f"Did you mean `{meant}`?" if meant else "")


def _visible(word: str) -> str:
    return word.replace("\t", "\\t")


def other_version(fault: Fault) -> Iterator[Diagnostic]:
    """A file of another format version."""
    hint = "A newer file needs a newer mmsbatch."
    yield fault.found("schema-value", f"must be {fault.wanted}: the only one that this version reads.", hint)


def other_form(fault: Fault) -> Iterator[Diagnostic]:
    """A text that does not match its pattern; or, where nothing at all is taken, a key that must not be there."""
    if fault.wanted == {}:
        reason = str(fault.schema.get("description", ""))
        where = key_position(fault.root, fault.path)
        yield fault.found("schema-forbidden-key", "does not go with the rest.", reason, where)
        return
    examples = " or ".join(f"`{example}`" for example in fault.schema["examples"])
    hint = fault.schema["description"] if fault.is_key else f"For example {examples}."
    yield fault.found("schema-pattern", "is not of the form asked for.", hint)


def wrong_length(fault: Fault) -> Iterator[Diagnostic]:
    """A text or list that is empty, too short or too long."""
    if len(fault.value) < fault.wanted:
        says = "is empty." if not fault.value else f"is shorter than {fault.wanted}."
    else:
        says = f"is longer than {fault.wanted}."
    yield fault.found("schema-length", says)


def out_of_range(fault: Fault) -> Iterator[Diagnostic]:
    """A number outside its bounds, which are both told."""
    least = fault.schema.get("minimum", fault.schema.get("exclusiveMinimum"))
    least_of_all = f"at least {least}" if "minimum" in fault.schema else f"above {least}"
    yield fault.found("schema-range", f"must be {least_of_all} and at most {fault.schema.get('maximum')}.")
