"""CSV files as spreadsheets, scripts and pipes give them."""

import csv
import hashlib
import io
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.recipients.csv_encoding import detect_encoding
from mmsbatch.recipients.csv_header import detect_delimiter, read_header
from mmsbatch.recipients.csv_source import CsvTable, open_table
from mmsbatch.recipients.problem import SourceProblem

BLOCK = 1 << 20


def read(data, delimiter=None):
    with CsvTable(io.BytesIO(data), delimiter) as table:
        return table, rows_of(table)


def rows_of(table):
    """Return each row with its line, None for one with a wrong number of cells; in the order of the file."""
    rows = []
    for batch in table.batches():
        rows += zip([*batch.lines, *batch.malformed], [*batch.rows, *[None] * len(batch.malformed)], strict=True)
    return sorted(rows, key=lambda row: row[0])


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("mobile;prenom", ";"),
        ("mobile,prenom", ","),
        ("mobile\tprenom", "\t"),
        ("mobile", ";"),
        ("nom, prenom;mobile", ";"),
        ("nom;ville,mobile,x", ","),
        ('"a;b;c;d",mobile', ","),
        ('"a ""x;y;z"" b",mobile', ","),
        ('"never closed;a,b', ";"),
    ],
)
def test_detect_delimiter(header, delimiter):
    assert detect_delimiter(header) == delimiter


@pytest.mark.parametrize(("setting", "cells"), [("tab", ["a;b", "c"]), ("\t", ["a;b", "c"]), ("|", ["a;b\tc"])])
def test_an_explicit_delimiter_wins(setting, cells):
    table, rows = read(b"x;y\tz\na;b\tc\n" if setting != "|" else b"x;y\na;b\tc\n", setting)
    assert rows == [(2, cells)]
    assert table.delimiter == ("\t" if setting == "tab" else setting)


def test_rows_carry_the_line_on_which_they_start():
    _, rows = read(b'\n\na;b\n1;"x\ny"\n\n2;z\r3;w\r\n4\n')
    assert rows == [(4, ["1", "x\ny"]), (7, ["2", "z"]), (8, ["3", "w"]), (9, None)]


def test_a_huge_cell_is_taken_for_an_unclosed_quote():
    with pytest.raises(SourceProblem) as caught:
        read(b"a;b\n1;2\n3;" + b"x" * 200_000 + b"\n")
    assert (caught.value.rule, caught.value.line) == ("csv-quotes", 3)


def test_an_unclosed_quote_in_the_header():
    with pytest.raises(SourceProblem) as caught:
        read(b'a;"b\n' + b"1;2\n" * 1000)
    assert (caught.value.rule, caught.value.line) == ("csv-quotes", 1)


def test_the_digest_is_of_all_bytes():
    data = "mobile;prénom\n0639980012;Zoé\n".encode("cp1252")
    table, _ = read(data)
    assert table.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", "utf-8"),
        (b"abc", "utf-8"),
        ("é" * 3, "utf-8"),
        (b"\xef\xbb\xbfabc", "utf-8-sig"),
        (b"\xe9", "windows-1252"),
        (b"a" * (BLOCK - 1) + "é€".encode(), "utf-8"),
        (b"a" * (BLOCK - 1) + b"\xc3", "windows-1252"),
        ("é".encode() * BLOCK + b"\xe9", "windows-1252"),
    ],
)
def test_detect_encoding(data, encoding):
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    assert detect_encoding(stream) == encoding
    assert stream.tell() == 0


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\xfe\xffa", 1),
        (b"a\nb\0\n", 2),
        (b"\xe9\r\r\n\x8d", 3),
        (b"\xef\xbb\xbfa\n\xe9\n", 2),
        (b"a\n" * BLOCK + b"\0", BLOCK + 1),
        (b"\xef\xbb\xbf" + b"a" * (BLOCK - 4) + b"\xe2\x82\nb", 1),
        (b"\xe9\n\0\n\x81", 2),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(data, line):
    with pytest.raises(SourceProblem) as caught:
        detect_encoding(io.BytesIO(data))
    assert (caught.value.rule, caught.value.line) == ("csv-encoding", line)


class Changing(io.BytesIO):
    """A file of which the content is another one when it is read again."""

    def seek(self, offset, whence=0, /):
        if self.tell() > 3:
            super().seek(0)
            self.write(b"a;b\n1;\xff\n")
        return super().seek(offset, whence)


def test_a_file_that_changes_meanwhile_is_refused():
    with pytest.raises(SourceProblem, match="changed") as caught:
        rows_of(CsvTable(Changing(b"a;b\n1;2\n"), None))
    assert caught.value.rule == "csv-encoding"


def test_reads_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"a;b\n1;2\n",))
    writer.start()
    with open_table(pipe, None) as table:
        assert rows_of(table) == [(2, ["1", "2"])]
    writer.join()


def test_a_file_that_fails_while_it_is_read(monkeypatch):
    class Failing(io.BytesIO):
        broken = False

        def read(self, size=-1, /):
            if self.broken:
                raise OSError(5, "Input/output error")
            return super().read(size)

    stream = Failing(b"a;b\n" + b"1;2\n" * 200_000)
    table = CsvTable(stream, None)
    stream.broken = True
    with pytest.raises(SourceProblem) as caught:
        rows_of(table)
    assert caught.value.rule == "file-unreadable"


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_cannot_be_opened(tmp_path, name):
    with pytest.raises(SourceProblem) as caught:
        open_table(tmp_path / name, None)
    assert caught.value.rule == "file-unreadable"
    assert str(tmp_path) not in caught.value.message


def test_the_stream_is_closed_when_the_header_is_refused(tmp_path):
    # Otherwise the collector would warn of it, and warnings are errors here.
    (tmp_path / "x.csv").write_bytes(b"a;a\n")
    with pytest.raises(SourceProblem):
        open_table(tmp_path / "x.csv", None)


def test_columns_are_found_by_folded_name():
    header = read_header(["Pré-nom", "N° mobile", ""], 1)
    assert header.folded == ("pre_nom", "n_mobile")
    assert header.index("prenom") == 0
    assert header.index("N_MOBILE") == 1
    assert header.cells == 3


def test_a_missing_column_names_those_there_are():
    header = read_header(["Mobile 1", "nom"], 2)
    with pytest.raises(SourceProblem) as caught:
        header.index("mobile")
    assert caught.value.rule == "csv-column-missing"
    assert "there are: Mobile 1, nom" in caught.value.message
    assert "Mobile 1" in caught.value.hint


# Python's own writer leaves a lone \r or \n unquoted where the lines end in another way: it could not be read back.
CELLS = st.text(st.characters(codec="cp1252", exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=8)
TABLES = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))


@given(
    TABLES,
    st.sampled_from([";", ",", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_wrote_reads_back(rows, delimiter, encoding, terminator, quoting):
    # A sign of two bytes makes the encoding certain; as UTF-8, a Windows-1252 file could be well-formed by chance.
    width = len(rows[0]) if rows else 2
    header = ["é"] + [f"column {place}" for place in range(1, width)]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=terminator, quoting=quoting).writerows([header, *rows])
    table, found = read(text.getvalue().encode(encoding))
    assert table.delimiter == delimiter
    assert table.header.names == tuple(header)
    assert [row for _, row in found] == [row for row in rows if any(cell.strip() for cell in row)]


@given(st.binary(max_size=60) | st.text(st.sampled_from('a;,"\n\r\t 0é'), max_size=40).map(str.encode))
def test_any_bytes_are_rows_or_a_problem(data):
    try:
        table, rows = read(data)
    except SourceProblem as problem:
        assert problem.line >= 1
        return
    width = len(table.header.names)
    assert all(row is None or len(row) >= width for _, row in rows)
    lines = [line for line, _ in rows]
    assert lines == sorted(set(lines))
