"""A journal in pieces: put together they are the journal, however it grew, and what is full is never written again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.record.shared import segments
from mmsbatch.record.shared.segments import Piece, group_pieces, next_piece, piece_name, pieces_of, written

JOURNAL = "campaigns/sale.journal.jsonl"


class Branch:
    """Takes a journal in as pushes do: each one writes one piece, with all that is new."""

    def __init__(self):
        self.files, self.written = {}, []

    def put(self, content):
        names = group_pieces(list(self.files)).get(JOURNAL, [])
        sizes = [len(self.files[name]) for name in names]
        changes = written(JOURNAL, next_piece(pieces_of(sizes), sum(sizes)), content)
        self.files |= changes
        self.written.append([*changes])

    @property
    def content(self):
        return b"".join(self.files[name] for name in group_pieces(list(self.files)).get(JOURNAL, []))


@given(st.lists(st.binary(min_size=1, max_size=90), max_size=40), st.integers(1, 200))
def test_the_pieces_joined_are_the_journal(additions, full):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "FULL", full)
        branch, journal = Branch(), b""
        for addition in additions:
            journal += addition
            sealed = {name: data for name, data in branch.files.items() if len(data) >= full}
            branch.put(journal)
            assert branch.content == journal
            assert sealed.items() <= branch.files.items(), "a full piece was written again"
        assert all(len(names) == 1 for names in branch.written), "one push, one piece"
        assert all(len(data) < full + 90 for data in branch.files.values())


PIECES = {
    "nothing yet": ([], 0, Piece(1, 0)),
    "not full": ([50], 50, Piece(1, 0)),
    "just full": ([100], 100, Piece(2, 100)),
    "more than full": ([130], 130, Piece(2, 130)),
    "the second": ([130, 20], 150, Piece(2, 130)),
    "the third": ([130, 120], 250, Piece(3, 250)),
}


@pytest.mark.parametrize("case", PIECES)
def test_what_is_new_goes_where_there_is_room(case, monkeypatch):
    monkeypatch.setattr(segments, "FULL", 100)
    sizes, length, piece = PIECES[case]
    assert next_piece(pieces_of(sizes), length) == piece


def test_names_sort_as_the_pieces_do():
    names = [piece_name(JOURNAL, number) for number in (1, 2, 10, 9999, 12345)]
    assert names == [JOURNAL, f"{JOURNAL}.0002", f"{JOURNAL}.0010", f"{JOURNAL}.9999", f"{JOURNAL}.12345"]


def test_each_journal_has_its_own_pieces():
    other = "campaigns/sale.local.journal.jsonl"
    paths = [f"{JOURNAL}.0002", other, "README.md", JOURNAL, f"{JOURNAL}.0003", "campaigns/sale.manifest.json"]
    assert group_pieces(paths) == {JOURNAL: [JOURNAL, f"{JOURNAL}.0002", f"{JOURNAL}.0003"], other: [other]}


@pytest.mark.parametrize(
    "paths",
    [[f"{JOURNAL}.0002"], [JOURNAL, f"{JOURNAL}.0003"], [JOURNAL, f"{JOURNAL}.0000"]],
    ids=["the first", "one between", "one too many"],
)
def test_a_missing_piece_is_named_by_its_journal(paths):
    with pytest.raises(ValueError, match=r"^campaigns/sale\.journal\.jsonl$"):
        group_pieces(paths)


@pytest.mark.parametrize("name", [f"{JOURNAL}.bak", f"{JOURNAL}.", f"{JOURNAL}.\u0662", f"{JOURNAL}.2.orig"])
def test_what_is_no_piece_is_left_alone(name):
    assert group_pieces([JOURNAL, name]) == {JOURNAL: [JOURNAL]}
