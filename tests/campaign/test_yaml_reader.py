"""The YAML reader alone: exact texts, places, and no bytes that bring it down."""

import gc
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.campaign.yaml_builder import MAX_ADDED_NODES
from mmsbatch.campaign.yaml_nodes import ListNode, MappingNode, NodePositions, ScalarNode, key_position, node_at
from mmsbatch.campaign.yaml_reader import read_yaml
from mmsbatch.diagnostics import Position

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*/*.y*ml"))
#: Without the line breaks that PyYAML's own writer loses in quotes.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"))


def read(text):
    return read_yaml(text.encode(), "x.yaml")


def rules(text):
    return [found.rule for found in read(text).diagnostics]


@given(TEXTS, st.sampled_from(['"', "'", "|", ">"]), st.booleans())
def test_any_text_comes_back_as_written(text, style, allow_unicode):
    dumped = yaml.safe_dump({"key": text}, default_style=style, allow_unicode=allow_unicode)
    document = read(dumped)
    assert document.diagnostics == ()
    assert node_at(document.root, ("key",)).text == text


@pytest.mark.parametrize("text", ["0612", "+33", "22:30", "1_000", "yes", "~", "0x1F", "1e3", "2026-12-20", ".inf"])
def test_plain_scalars_keep_their_text(text):
    node = node_at(read(f"key: {text}").root, ("key",))
    assert (node.text, node.plain) == (text, True)


@pytest.mark.parametrize("written", ["'1'", '"1"', "|\n  1", ">\n  1", "!!str 1"])
def test_quotes_blocks_and_str_tags_are_not_plain(written):
    assert not node_at(read(f"key: {written}").root, ("key",)).plain


def test_places_count_from_one():
    root = read("a: 1\nb:\n  - x\n  - {c: y}\nd: |\n  text\n").root
    positions = NodePositions(root)
    assert positions["a",] == Position(1, 4)
    assert positions["b", 1, "c"] == Position(4, 9)
    assert key_position(root, ("b", 1, "c")) == Position(4, 6)
    assert key_position(root, ("b", 0)) == Position(3, 5)
    assert key_position(root, ("b", 1, "missing")) == Position(1, 1)
    assert node_at(root, ("d",)).first_line == 6
    assert node_at(root, ("a",)).first_line == 1
    assert set(positions) == {(), ("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "c"), ("d",)}
    assert len(positions) == 7
    assert ("a", "x") not in positions
    assert ("b", 5) not in positions


def test_aliases_are_one_node():
    root = read("a: &x [1, 2]\nb: *x\n").root
    assert node_at(root, ("a",)) is node_at(root, ("b",))


def test_an_anchor_may_be_used_again():
    root = read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").root
    assert [node_at(root, (name,)).text for name in "bd"] == ["1", "2"]


def test_own_keys_win_over_merged_ones():
    root = read("base: &b {x: 1, y: 2}\nown:\n  x: 3\n  <<: *b\n").root
    assert [node_at(root, ("own", name)).text for name in "xy"] == ["3", "2"]


def test_earlier_merges_win_over_later_ones():
    root = read("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n").root
    assert [node_at(root, ("c", name)).text for name in "xy"] == ["1", "2"]


def test_many_written_values_are_no_explosion():
    text = "list:\n" + "  - {a: b, c: d}\n" * (MAX_ADDED_NODES // 4)
    assert rules(text) == []


def test_aliases_that_add_little_are_let_through():
    shared = ", ".join(f"c{index}: x" for index in range(18))
    text = f"base: &base {{{shared}}}\nlist:\n" + "  - {<<: *base, own: y}\n" * 10_000
    assert rules(text) == []


def test_aliases_that_add_much_are_refused():
    text = "base: &base [" + "x, " * 1000 + "]\nlist:\n" + "  - *base\n" * 501
    assert rules(text) == ["yaml-too-large"]


def test_deep_nesting_is_refused_before_it_is_walked():
    assert rules("[" * 100_000) == ["yaml-too-large"]


def test_findings_before_a_syntax_error_are_told():
    assert rules("a: 1\na: 2\nb: [\n") == ["yaml-duplicate-key", "yaml-syntax"]


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(content):
    document = read_yaml(content, "x.yaml")
    assert document.root is not None or any(found.is_error for found in document.diagnostics)


SNIPPETS = [
    "a",
    ": ",
    "- ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "<<",
    "? ",
    '"',
    "'",
    "|",
]


@given(st.lists(st.sampled_from([*SNIPPETS, ">", "---\n", "...\n", "#", "\t", "%", "\\x", "\\U00110000", "é", "0"])))
def test_no_punctuation_brings_it_down(parts):
    document = read("".join(parts))
    assert document.root is not None or any(found.is_error for found in document.diagnostics)


def texts(node):
    """Leave the places out: the two parsers differ on where an empty value stands."""
    if isinstance(node, MappingNode):
        return {name: texts(value) for name, (_, value) in node.entries.items()}
    return [texts(item) for item in node.items] if isinstance(node, ListNode) else node and node[:2]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_without_the_c_parser_the_same_is_read(file, monkeypatch):
    content = file.read_bytes()
    fast = read_yaml(content, file.name)
    monkeypatch.delattr(yaml, "CSafeLoader")
    slow = read_yaml(content, file.name)
    assert texts(slow.root) == texts(fast.root)
    assert {found.rule for found in slow.diagnostics} == {found.rule for found in fast.diagnostics}


def test_bad_escapes_are_told_without_the_c_parser(monkeypatch):
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert rules('a: "\\UFFFFFFFF"') == ["yaml-syntax"]


def test_the_collector_is_left_as_it_was():
    gc.disable()
    try:
        read("a: 1")
        assert not gc.isenabled()
    finally:
        gc.enable()
    read("a: [")
    assert gc.isenabled()


def test_keys_and_values_of_every_kind():
    root = read("a: [x, {b: c}]").root
    assert isinstance(root, MappingNode)
    assert isinstance(node_at(root, ("a",)), ListNode)
    assert isinstance(node_at(root, ("a", 1, "b")), ScalarNode)
