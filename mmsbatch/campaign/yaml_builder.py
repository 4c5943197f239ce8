"""Makes nodes of the YAML parser's events, and refuses what a campaign file must not hold."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from mmsbatch.campaign.wording import show_word
from mmsbatch.campaign.yaml_nodes import ListNode, MappingNode, Node, ScalarNode, position_of
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.rules import finding

#: Nesting as walked, aliases followed. A campaign needs 5; walkers may recurse safely below it.
MAX_DEPTH = 50
#: How many keys and values aliases and merges may add when walked: 10,000 recipients sharing 20 columns.
MAX_ADDED_NODES = 500_000

_STRING_TAG = "tag:yaml.org,2002:str"
_MERGE = "<<"

_Entries: TypeAlias = dict[str, tuple[ScalarNode, Node]]


class _TooLarge(Exception):
    """Stops the building: what follows would be walked at a cost out of proportion."""

    def __init__(self, where: Position, message: str) -> None:
        super().__init__(message)
        self.where = where
        self.message = message


class _Built:
    """A finished node with its weight (nodes when walked, itself included) and its height."""

    __slots__ = ("height", "node", "weight")

    def __init__(self, node: Node, weight: int = 1, height: int = 0) -> None:
        self.node = node
        self.weight = weight
        self.height = height


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("anchor", "awaits_value", "column", "entries", "height", "items", "key", "line", "merged", "weight")

    def __init__(self, entries: _Entries | None, anchor: str | None, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.entries = entries  # None in a list
        self.merged: list[MappingNode] = []
        self.awaits_value = False
        self.key: ScalarNode | None = None  # None with `awaits_value`: the key was refused, its value goes too
        self.anchor = anchor
        self.line = line
        self.column = column
        self.weight = 1
        self.height = 0

    def finish(self) -> Node:
        """Make the node; a mapping's own keys win over merged ones, earlier merges over later."""
        if self.entries is None:
            return ListNode(tuple(self.items), self.line, self.column)
        for merged in self.merged:
            for name, entry in merged.entries.items():
                self.entries.setdefault(name, entry)
        return MappingNode(self.entries, self.line, self.column)


class Builder:
    """Builds one document; afterwards `root`, `diagnostics` and `refused` hold what came of it."""

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.diagnostics: list[Diagnostic] = []
        self.refused: set[Position] = set()
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, _Built | None] = {}  # None while the anchored node is still open
        self._written = 0
        self._documents = 0

    def build(self, events: Iterable[Any]) -> None:
        """Take in all events; raises what the parser raises, with the findings so far kept."""
        try:
            self._take_all(events)
        except _TooLarge as error:
            self.give_up(finding("yaml-too-large", self._file, error.where, error.message))
            return
        if self.root is None and not self.diagnostics:
            self.give_up(finding("yaml-empty", self._file, Position(1), "The file holds no document."))

    def give_up(self, diagnostic: Diagnostic) -> None:
        """Leave the document for this reason, which is not told where a refused key in its line is the cause."""
        self.root = None
        if diagnostic.line not in {told.line for told in self.diagnostics if told.rule == "yaml-key"}:
            self.diagnostics.append(diagnostic)

    def _take_all(self, events: Iterable[Any]) -> None:
        import yaml  # noqa: PLC0415  the caller has it loaded; commands without YAML must not

        takers = {
            yaml.ScalarEvent: self._take_scalar,
            yaml.MappingStartEvent: self._take_mapping,
            yaml.SequenceStartEvent: self._take_list,
            yaml.MappingEndEvent: self._take_end,
            yaml.SequenceEndEvent: self._take_end,
            yaml.AliasEvent: self._take_alias,
            yaml.DocumentStartEvent: self._take_document,
        }
        for event in events:
            take = takers.get(type(event))
            if take:
                take(event)
            if self._documents > 1:
                return

    def _take_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "A second document begins here (`---`); a file holds one."
            self.give_up(finding("yaml-empty", self._file, _place(event), message, "Make it a file of its own."))

    def _take_scalar(self, event: Any) -> None:
        mark = event.start_mark
        style = event.style or ""
        if event.tag:
            style = self._check_tag(event, style)
        node = ScalarNode(event.value, style, mark.line + 1, mark.column + 1)
        if event.anchor:
            self._anchors[event.anchor] = _Built(node)
        self._written += 1
        if self._open or node.text or node.style:  # a document of nothing but comments is one empty scalar
            self._add(node)

    def _check_tag(self, event: Any, style: str) -> str:
        """Return the style that the scalar counts as: `!!str` makes a plain one text, like quotes."""
        if event.tag == _STRING_TAG:
            return style or "!!str"
        self._refuse_tag(event)
        return style

    def _refuse_tag(self, event: Any) -> None:
        message = "A tag (`!…`) changes how a value is read; only `!!str` before a text is taken."
        self._report("yaml-tag", event, message, "Remove the tag.")

    def _take_mapping(self, event: Any) -> None:
        self._open_node(event, {})

    def _take_list(self, event: Any) -> None:
        self._open_node(event, None)

    def _open_node(self, event: Any, entries: _Entries | None) -> None:
        if event.tag:
            self._refuse_tag(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._written += 1
        self._open.append(_Open(entries, event.anchor, *_line_and_column(event)))
        if len(self._open) > MAX_DEPTH:
            raise _TooLarge(_place(event), f"The document is nested more than {MAX_DEPTH} deep.")

    def _take_end(self, event: Any) -> None:
        done = self._open.pop()
        built = _Built(done.finish(), done.weight, done.height)
        self._raise_if_too_large(built)
        if done.anchor:
            self._anchors[done.anchor] = built
        self._add(built.node, built.weight, built.height)

    def _raise_if_too_large(self, built: _Built) -> None:
        if built.height > MAX_DEPTH:
            where = position_of(built.node)
            raise _TooLarge(where, f"The document is nested more than {MAX_DEPTH} deep once its aliases are followed.")
        if built.weight - self._written > MAX_ADDED_NODES:
            where = position_of(built.node)
            raise _TooLarge(where, f"Its aliases add more than {MAX_ADDED_NODES:,} values to the document.")

    def _take_alias(self, event: Any) -> None:
        built = self._anchors.get(event.anchor)
        if built is None:
            known = event.anchor in self._anchors
            problem = "stands inside the value that it names" if known else "names no anchor above it"
            self._report("yaml-alias", event, f"The alias `*{show_word(event.anchor)}` {problem}.")
            built = _Built(ScalarNode("", "", *_line_and_column(event)))
        self._add(built.node, built.weight, built.height)

    def _add(self, node: Node, weight: int = 1, height: int = 0) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.weight += weight
        if height >= parent.height:
            parent.height = height + 1
        if parent.entries is None:
            parent.items.append(node)
        elif parent.awaits_value:
            self._put(parent, parent.entries, node)
        else:
            parent.key = self._as_key(parent, node)
            parent.awaits_value = True

    def _as_key(self, parent: _Open, node: Node) -> ScalarNode | None:
        """Return the key, or None where it is refused."""
        if isinstance(node, ScalarNode) and (node.text or not node.plain):
            return node
        self.refused.add(Position(parent.line, parent.column))
        hint = "A text that begins with `{` or `[` needs quotes, or a block after `|`."
        message = "A list or mapping stands where a key should be."
        if isinstance(node, ScalarNode):
            message, hint = "A key is empty.", "Write the key before the colon."
        self.diagnostics.append(finding("yaml-key", self._file, position_of(node), message, hint))
        return None

    def _put(self, parent: _Open, entries: _Entries, value: Node) -> None:
        key, parent.key, parent.awaits_value = parent.key, None, False
        if key is None:
            return
        if key.text == _MERGE and key.plain:
            parent.merged += self._merged_mappings(value)
        elif key.text in entries:
            self._report_duplicate(key, entries[key.text][0])
        else:
            entries[key.text] = (key, value)

    def _report_duplicate(self, key: ScalarNode, first: ScalarNode) -> None:
        message = f"The key `{show_word(key.text)}` stands twice; the first is in line {first.line}."
        self.diagnostics.append(finding("yaml-duplicate-key", self._file, position_of(key), message, "Keep one."))

    def _merged_mappings(self, value: Node) -> list[MappingNode]:
        sources = value.items if isinstance(value, ListNode) else (value,)
        mappings = [source for source in sources if isinstance(source, MappingNode)]
        if len(mappings) < len(sources):
            message = "`<<` merges a mapping, or a list of mappings."
            self.diagnostics.append(
                finding("yaml-key", self._file, position_of(value), message, "Name it by an alias.")
            )
        return mappings

    def _report(self, rule: str, event: Any, message: str, hint: str = "") -> None:
        where = _place(event)
        self.refused.add(where)
        self.diagnostics.append(finding(rule, self._file, where, message, hint))


def _line_and_column(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _place(event: Any) -> Position:
    return Position(*_line_and_column(event))
