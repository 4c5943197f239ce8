"""What a YAML file holds, with the place of every key and value.

Tuples rather than dataclasses: a campaign with 10,000 inline recipients makes some 80,000
of them, and a frozen dataclass takes three times as long to make.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from mmsbatch.campaign.model import DocumentPath
from mmsbatch.diagnostics import Position


class ScalarNode(NamedTuple):
    """A text exactly as written; `style` is empty for a plain one, else its quote, `|` or `>`."""

    text: str
    style: str
    line: int
    column: int

    @property
    def plain(self) -> bool:
        """Whether it stands without quotes, so that YAML might see a number in it."""
        return not self.style

    @property
    def first_line(self) -> int:
        """The line on which the text itself begins: a block's begins below its `|` or `>`."""
        return self.line + (self.style in ("|", ">"))


class ListNode(NamedTuple):
    """A sequence."""

    items: tuple["Node", ...]
    line: int
    column: int


class MappingNode(NamedTuple):
    """A mapping: each key's text leads to the key itself, for its place, and to the value."""

    entries: dict[str, tuple[ScalarNode, "Node"]]
    line: int
    column: int


Node: TypeAlias = ScalarNode | ListNode | MappingNode


def position_of(node: Node) -> Position:
    """Return where a node begins."""
    return Position(node.line, node.column)


def node_at(root: Node, path: DocumentPath) -> Node | None:
    """Return the node at a path, None where nothing is written."""
    node: Node | None = root
    for step in path:
        node = _child(node, step)
    return node


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, MappingNode) and isinstance(step, str):
        return node.entries[step][1] if step in node.entries else None
    if isinstance(node, ListNode) and isinstance(step, int):
        return node.items[step] if 0 <= step < len(node.items) else None
    return None


def key_position(root: Node, path: DocumentPath) -> Position:
    """Return where the key at the end of a path stands; for an entry of a list, where the entry stands."""
    parent = node_at(root, path[:-1])
    if path and isinstance(parent, MappingNode) and path[-1] in parent.entries:
        return position_of(parent.entries[str(path[-1])][0])
    return position_of(node_at(root, path) or root)


class NodePositions(Mapping[DocumentPath, Position]):
    """The place of each value by its path, looked up in the tree when asked: few ever are."""

    __slots__ = ("_root",)

    def __init__(self, root: Node) -> None:
        self._root = root

    def __getitem__(self, path: DocumentPath) -> Position:
        node = node_at(self._root, path)
        if node is None:
            raise KeyError(path)
        return position_of(node)

    def __iter__(self) -> Iterator[DocumentPath]:
        return _paths(self._root, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _paths(node: Node, here: DocumentPath) -> Iterator[DocumentPath]:
    yield here
    if isinstance(node, MappingNode):
        for name, (_, value) in node.entries.items():
            yield from _paths(value, (*here, name))
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from _paths(item, (*here, index))
