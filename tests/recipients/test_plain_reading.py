"""The reading by batches and columns finds what reading row by row finds, to the last line number."""

import csv
import io
import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plain_reading import read_plainly, suppressed_plainly, tell

from mmsbatch.campaign.model import RecipientsSource, SuppressionSource
from mmsbatch.recipients import csv_source
from mmsbatch.recipients.audience import read_audience
from mmsbatch.recipients.number_column import UNREADABLE, NumberColumnReader
from mmsbatch.recipients.numbers import NumberPolicy, NumberProblem, parse_number, read_number, was_zero_restored
from mmsbatch.recipients.suppression import read_suppression

POLICIES = [
    NumberPolicy(),
    NumberPolicy(accept_fiction=True),
    NumberPolicy(("06", "07"), accept_fiction=True),
    NumberPolicy(("0639", "07")),
    NumberPolicy(("06398",), accept_fiction=True),
]
ZEROS = "0" * 8
HEADS = ["0", "+33", "33", "0033", "", "(0)", "+33(0)", "+33 (0)", "00 33 ", "0 ", "+", "1", "00", "+0033", "330"]
BODIES = ["639980012", "639980013", "6 39 98 00 12", "639.98.00.12", "639-98-00-13", "6.39.98.00.00", "63998001.0"]
BODIES += ["6399800.00", "639980012.0", "739980012", "139980012", "692000012", "700000012", "63998001", "6399800123"]
BODIES += [
    "639\xa098\xa000\xa012",
    "639\u202f98 00 12",
    "639\t980012",
    "6398\u00b700012",
    "63998001.\xa00",
    "639980012x",
]
#: The same in a range that accounts take: what is fiction goes the careful way, what is usual the fast one.
BODIES += [body.replace("639", "600").replace("739", "700") for body in BODIES]
TAILS = ["", " ", "\n", ".0", ".00", "\u200b", "\xa0", "\r", "-"]
WRITTEN = st.tuples(st.sampled_from(HEADS), st.sampled_from(BODIES), st.sampled_from(TAILS)).map("".join)
SIGNS = st.text(st.sampled_from("0123679+().- \n\t\xa0\u2011x;"), max_size=14)
PHONES = st.one_of(WRITTEN, WRITTEN, SIGNS)
COLUMNS = st.lists(PHONES, max_size=12)


@given(COLUMNS, st.sampled_from(POLICIES))
@example(
    [f"6{ZEROS[1:]}.0", f"6{ZEROS[2:]}.00", f"336{ZEROS[1:]}.0", f"+33.6{ZEROS[3:]}.00", "06" + ".00" * 4], POLICIES[0]
)
def test_a_column_is_read_as_its_cells_are(cells, policy):
    assert_reads_alike(NumberColumnReader.for_recipients(policy), cells, lambda cell: read_number(cell, policy))


@given(COLUMNS)
def test_a_suppressed_column_is_read_as_its_cells_are(cells):
    assert_reads_alike(NumberColumnReader.for_suppression(), cells, parse_number)


def assert_reads_alike(reader, cells, read_cell):
    column = reader.read(cells)
    single = [read_cell(cell) for cell in cells]
    refused = [isinstance(number, NumberProblem) for number in single]
    assert column.numbers == [UNREADABLE if isinstance(each, NumberProblem) else int(each[2:]) for each in single]
    assert column.problems == [(place, each) for place, each in enumerate(single) if refused[place]]
    taken = [place for place, is_refused in enumerate(refused) if not is_refused]
    assert column.restored == [place for place in taken if was_zero_restored(cells[place])]


def test_usual_writings_do_not_need_the_reader_of_single_cells():
    def refuse(cell):
        pytest.fail("a usual writing was read cell by cell")

    reader = NumberColumnReader(refuse, "6[0-9]{8}")
    pairs = "6" + " 00" * 3 + " 11"
    written = [f"{head}{pairs}" for head in ("0", "", "33", "+33", "0033", "+33 (0)", "(0)")]
    written += [("0" + pairs).replace(" ", sign) for sign in ("", ".", "-", "\xa0", "\u202f", "\u2011")]
    assert reader.read(written).numbers == [600_000_011] * len(written)
    assert reader.read(written).restored == [1]


CELLS = st.sampled_from(
    ["", " ", "Anne", " Anne ", "Zoé", 'say "hi"', "a;b", "two\nlines", "three\r\nmore\rlines", "\n"]
)
ROWS = st.lists(
    st.one_of(
        st.tuples(CELLS, PHONES, CELLS),
        st.tuples(st.just("Anne"), st.sampled_from(["0639980012", "0639980013", "+33639980012"]), st.just("Nice")),
        st.lists(CELLS, max_size=5),
    ),
    max_size=25,
)
USED = st.sets(st.sampled_from(["prenom", "mobile", "ville", "other"])).map(frozenset)
HEADERS = st.permutations(["Prénom", "mobile", "ville"])
FORMATS = st.fixed_dictionaries(
    {"delimiter": st.sampled_from(";,\t"), "lineterminator": st.sampled_from(["\n", "\r\n", "\r"])},
    optional={"quoting": st.just(csv.QUOTE_ALL)},
)


def write(header, rows, form, blank_lines=()):
    """Write a CSV; each place in `blank_lines` is a row before which a blank line stands."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, **form)
    writer.writerow(header)
    for place, row in enumerate(rows):
        if place in blank_lines:
            text.write(form["lineterminator"])
        writer.writerow(row)
    return text.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    HEADERS,
    ROWS,
    FORMATS,
    st.sets(st.integers(0, 25), max_size=4),
    USED,
    st.sampled_from(POLICIES),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    st.integers(1, 7),
)
def test_an_audience_is_what_reading_row_by_row_finds(
    campaign_for, tmp_path, monkeypatch, header, rows, form, blank_lines, used, policy, encoding, batch
):
    monkeypatch.setattr(csv_source, "_BATCH", batch)
    text = write(header, rows, form, blank_lines)
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode(encoding, "ignore"))
    campaign = campaign_for(RecipientsSource("people.csv", None, phone="mobile"))
    audience, found = read_audience(campaign, path, "people.csv", policy, used)
    expected = read_plainly(text.encode(encoding, "ignore").decode(encoding), "mobile", used, policy)
    if audience is None:
        assert [each.rule for each in found] == ["csv-quotes" if expected is None else "csv-empty"]
        assert expected is None or expected["rows"] == 0
    else:
        assert tell(audience) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HEADERS, ROWS, FORMATS, st.integers(1, 7))
def test_a_suppression_list_is_what_reading_row_by_row_finds(tmp_path, monkeypatch, header, rows, form, batch):
    monkeypatch.setattr(csv_source, "_BATCH", batch)
    text = write(header, rows, form)
    (tmp_path / "stop.csv").write_bytes(text.encode())
    numbers, digests, found = read_suppression(
        [SuppressionSource("stop.csv", "mobile")], lambda name: (tmp_path / name, name)
    )
    if not digests:
        return
    expected, bad = suppressed_plainly(text, "mobile")
    assert numbers == expected
    assert [each.line for each in found][:10] == bad[:10]


def test_many_rows_of_all_kinds(campaign_for, tmp_path):
    """More rows than a batch has, of which a third are duplicates and some quoted over lines or unreadable."""
    chance = random.Random(1)
    numbers = [f"063998{chance.randrange(10_000):04}" for _ in range(4_000)]
    written = [
        chance.choice([each, f"+33 {each[1:]}", f"{each[:2]}.{each[2:]}", each[1:], "x", ""]) for each in numbers
    ]
    names = [chance.choice(["Anne", "Zoé;", "two\nlines", " ", 'a"b']) for _ in numbers]
    rows = [(name, phone, "Nice")[: chance.choice([3] * 50 + [2])] for name, phone in zip(names, written, strict=True)]
    text = write(
        ("prenom", "mobile", "ville"), rows, {"lineterminator": "\n", "delimiter": ";"}, set(range(0, 4_000, 97))
    )
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode())
    campaign = campaign_for(RecipientsSource("people.csv", None, phone="mobile"))
    used = frozenset({"prenom", "ville"})
    audience, _ = read_audience(campaign, path, "people.csv", POLICIES[1], used)
    assert tell(audience) == read_plainly(text, "mobile", used, POLICIES[1])
    assert audience.duplicates > 100
    assert audience.invalid > 100
