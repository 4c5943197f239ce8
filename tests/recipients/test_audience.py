"""Rows become an audience; every row is counted once."""

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmsbatch.campaign.model import InlineRecipient, OnInvalid, RecipientsSource
from mmsbatch.diagnostics import Severity
from mmsbatch.recipients.audience import Recipient, read_audience
from mmsbatch.recipients.numbers import NumberPolicy

POLICY = NumberPolicy(accept_fiction=True)
ALL_COLUMNS = frozenset({"prenom", "ville", "code"})


@pytest.fixture
def read_csv(tmp_path, campaign_for):
    """Read a CSV text, or bytes; settings go to the campaign's `recipients`."""

    def read(content, used=ALL_COLUMNS, on_rows=None, **source):
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        campaign = campaign_for(RecipientsSource("people.csv", None, **{"phone": "mobile", **source}))
        return read_audience(campaign, path, "data/people.csv", POLICY, used, on_rows=on_rows)

    return read


@pytest.fixture
def read_list(campaign_for):
    """Read an inline list."""

    def read(*entries, used=ALL_COLUMNS, **source):
        campaign = campaign_for(RecipientsSource(None, entries, **source))
        return read_audience(campaign, None, "sale.yaml", POLICY, used)

    return read


def test_only_used_columns_are_kept(read_csv):
    audience, _ = read_csv("code;mobile;prenom;secret\nA1;0639980012;Anne;x\n", used=frozenset({"prenom", "other"}))
    assert audience.columns == ("prenom",)
    assert audience.available == ("code", "mobile", "prenom", "secret")
    assert tuple(audience.recipients) == (Recipient("33639980012", 2, ("Anne",)),)


def test_the_number_itself_may_be_used(read_csv):
    audience, _ = read_csv("mobile\n06 39 98 00 12\n", used=frozenset({"mobile"}))
    assert audience.recipients[0].cells == ("06 39 98 00 12",)


def test_equal_cells_are_one_object(read_csv):
    audience, _ = read_csv("mobile;ville\n0639980012;Nice ville\n0639980013;Nice ville\n")
    first, second = audience.recipients
    assert first.cells[0] is second.cells[0]


def test_more_distinct_cells_than_are_shared(read_csv):
    rows = "".join(f"063998{at % 10000:04};c{at}\n" for at in range(25_000))
    audience, diagnostics = read_csv("mobile;code\n" + rows)
    assert len(audience.recipients) == 10_000
    assert audience.recipients[-1].cells == ("c9999",)
    assert (audience.duplicates, audience.differing, len(audience.duplicate_lines)) == (15_000, 15_000, 10)
    assert [d.rule for d in diagnostics] == ["duplicate-differs"]
    assert "… and 14,990 more" in diagnostics[0].message


def test_source_is_described(read_csv):
    content = "mobile,prenom\n0639980012,Zoé\n".encode("cp1252")
    audience, _ = read_csv(content)
    assert audience.file == "data/people.csv"
    assert (audience.encoding, audience.delimiter) == ("windows-1252", ",")
    assert audience.sha256 == hashlib.sha256(content).hexdigest()


def test_progress_is_told_every_50_000_rows(read_csv):
    told = []
    read_csv("mobile\n" + "0639980012\n" * 120_000, on_rows=told.append)
    assert told == [50_000, 100_000]


def test_a_missing_file_is_found_where_the_campaign_names_it(campaign_for, tmp_path):
    campaign = campaign_for(RecipientsSource("gone.csv", None))
    audience, (found,) = read_audience(campaign, tmp_path / "gone.csv", "data/gone.csv", POLICY, ALL_COLUMNS)
    assert audience is None
    assert (found.rule, found.file, found.line, found.column) == ("file-unreadable", "sale.yaml", 6, 9)
    assert found.message == "data/gone.csv: No such file or directory"


def test_invalid_rows_that_are_skipped_warn_once_per_rule(read_csv):
    content = "mobile;ville\nx;\n0639980012;Nice\ny;\n;Lyon\n" + "z;\n" * 20
    audience, diagnostics = read_csv(content, on_invalid=OnInvalid.SKIP)
    assert (audience.rows, audience.invalid, audience.invalid_by_rule) == (
        24,
        23,
        {"number-letters": 22, "number-empty": 1},
    )
    assert len(audience.invalid_rows) == 11
    letters, empty = diagnostics
    assert (letters.severity, letters.rule, letters.line) == (Severity.WARNING, "number-letters", 2)
    assert letters.message.startswith("22 rows are left out (lines 2, 4, 6, 7, 8, 9, 10, 11, 12, 13 … and 12 more): ")
    assert empty.message == "1 row is left out (line 5): The cell of the phone number is empty."


def test_inline_numbers_and_mappings(read_list):
    audience, diagnostics = read_list(
        InlineRecipient(8, "06 39 98 00 12"),
        InlineRecipient(9, "+33639980013", {"Prénom": "Anne", "ville": " "}),
        InlineRecipient(12, "639980014", {"ville": "Nice"}),
        InlineRecipient(14, "0639980012", {"prenom": "B"}),
    )
    assert tuple(audience.recipients) == (
        Recipient("33639980012", 8, (None, None)),
        Recipient("33639980013", 9, ("Anne", None)),
        Recipient("33639980014", 12, (None, "Nice")),
    )
    assert (audience.file, audience.columns, audience.available) == (
        "sale.yaml",
        ("prenom", "ville"),
        ("phone", "prenom", "ville"),
    )
    assert (audience.delimiter, audience.sha256) == ("", "c" * 64)
    assert [(d.rule, d.file, d.line) for d in diagnostics] == [
        ("number-zero-restored", "sale.yaml", 12),
        ("duplicate-differs", "sale.yaml", 14),
    ]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"Prénom": "A", "pre_nom": "B"}, "csv-column-duplicate"),
        ({"Phone": "A"}, "csv-column-duplicate"),
        ({"": "A"}, "csv-header"),
        ({"?": "A"}, "csv-header"),
    ],
)
def test_inline_names_that_cannot_be_told_apart(read_list, cells, rule):
    plain = InlineRecipient(3, "0639980010"), InlineRecipient(4, "0639980011")
    audience, (found,) = read_list(*plain, InlineRecipient(5, "0639980012", cells))
    assert audience is None
    assert (found.rule, found.file, found.line) == (rule, "sale.yaml", 5)


def test_a_file_given_at_run_time_comes_before_the_list(campaign_for, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("phone\n0639980012\n")
    campaign = campaign_for(RecipientsSource(None, (InlineRecipient(3, "0639980013"),)))
    audience, _ = read_audience(campaign, path, "people.csv", POLICY, ALL_COLUMNS)
    assert [row.number for row in audience.recipients] == ["33639980012"]


PHONES = st.sampled_from(["0639980012", "+33 6 39 98 00 12", "639980013", "x", "", "06 39", "1,2E+3", "\n"])
ROWS = st.lists(st.lists(PHONES | st.sampled_from(["Anne", " ", '"', ";"]), max_size=3), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.sampled_from([";", ",", "\t"]), st.sampled_from(OnInvalid))
def test_the_rows_add_up(read_csv, rows, delimiter, on_invalid):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["mobile", "prenom"], *rows])
    audience, diagnostics = read_csv(text.getvalue(), on_invalid=on_invalid)
    written = sum(any(cell.strip() for cell in row) for row in rows)
    if audience is None:
        assert written == 0
        return
    assert audience.rows == written
    assert audience.rows == len(audience.recipients) + audience.duplicates + audience.invalid
    assert audience.invalid == sum(audience.invalid_by_rule.values())
    assert len({row.number for row in audience.recipients}) == len(audience.recipients)
    assert any(d.is_error for d in diagnostics) == (audience.invalid > 0 and on_invalid is OnInvalid.REFUSE)
    assert not any("9980" in d.message + d.hint for d in diagnostics)


def test_the_path_need_not_be_the_name_shown(campaign_for):
    campaign = campaign_for(RecipientsSource("x.csv", None))
    _, (found,) = read_audience(campaign, Path("/nonexistent/x.csv"), "x.csv", POLICY, ALL_COLUMNS)
    assert "/nonexistent" not in found.message
