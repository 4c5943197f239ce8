"""Suppression lists hold people back; one that cannot be read stops the campaign."""

import hashlib

import pytest

from mmsbatch.campaign.model import SuppressionSource
from mmsbatch.recipients.suppression import SuppressionDigest, read_suppression

ZEROS = "0" * 8


@pytest.fixture
def read_lists(tmp_path):
    """Read lists given as file name and content; None: the file is missing."""

    def read(delimiter=None, **contents):
        for name, content in contents.items():
            if content is not None:
                (tmp_path / f"{name}.csv").write_bytes(content.encode())
        sources = [SuppressionSource(f"{name}.csv", "mobile", delimiter) for name in contents]
        return read_suppression(sources, lambda file: (tmp_path / file, f"lists/{file}"))

    return read


def test_nothing_to_suppress(read_lists):
    assert read_lists() == (frozenset(), [], [])


def test_lists_are_joined(read_lists):
    stop, left = "mobile\n06 39 98 00 12\n+33639980012\n", "nom;Mobile\nA;0639980013\n"
    numbers, digests, found = read_lists(stop=stop, left=left)
    assert numbers == {639980012, 639980013}
    assert digests == [
        SuppressionDigest("stop.csv", 2, hashlib.sha256(stop.encode()).hexdigest()),
        SuppressionDigest("left.csv", 1, hashlib.sha256(left.encode()).hexdigest()),
    ]
    assert found == []


def test_numbers_that_are_no_mobiles_do_no_harm(read_lists):
    others = [f"01{ZEROS}", f"07{ZEROS}", f"0692{ZEROS[:6]}", f"+32{ZEROS}", f"+262692{ZEROS[:6]}", f"0700{ZEROS}00"]
    numbers, (digest,), found = read_lists(stop="\n".join(["mobile", *others, "639980012"]))
    assert found == []
    assert digest.entries == 7
    assert {639980012, 700000000, 100000000} <= numbers
    assert all(len(str(number)) == 9 for number in numbers)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (None, 1, "No such file"),
        ("", 1, "empty"),
        ("mobile\n", 1, "no rows"),
        ("phone\n0639980012\n", 1, "there is no column mobile"),
        ("0639980012\n0639980013\n", 1, "phone number where the names"),
        ("mobile\n0639980012\nsee below\n", 3, "letters"),
        ("mobile;why\n0639980012;x\n;asked\n", 3, "empty"),
        ("mobile\n06399800\n", 2, "8 digits"),
        ("mobile;why\n0639980012\n", 2, "more or fewer cells"),
        ('mobile\n"0639980012\n', 2, "quoted"),
        ("mobile\n0639980012 0639980013\n", 2, "more digits than one"),
    ],
)
def test_what_cannot_be_read_is_an_error(read_lists, content, line, words):
    _, _, (found,) = read_lists(stop=content)
    assert found.is_error
    assert (found.rule, found.file, found.line) == ("suppression-unreadable", "lists/stop.csv", line)
    assert words in found.message
    assert "9980" not in found.message + found.hint


def test_unreadable_rows_are_capped_with_the_total(read_lists):
    _, _, found = read_lists(stop="mobile\n" + "x\n" * 13)
    assert len(found) == 11
    assert found[-1].message == "… and 3 more: 13 rows in all"


def test_one_bad_list_does_not_hide_the_others(read_lists):
    numbers, digests, found = read_lists(gone=None, stop="mobile\n0639980012\n", bad="mobile\nx\n")
    assert numbers == {639980012}
    assert [digest.file for digest in digests] == ["stop.csv", "bad.csv"]
    assert [d.file for d in found] == ["lists/gone.csv", "lists/bad.csv"]


def test_an_explicit_delimiter(read_lists):
    numbers, _, found = read_lists(delimiter="tab", stop="mobile\ta;b;c\n0639980012\tx\n")
    assert (numbers, found) == ({639980012}, [])
