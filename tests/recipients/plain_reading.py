"""Reading recipients one row after the other, in the plainest way: what the real reading must agree with.

Nothing here is shared with it but the reader of a single number, of the header, and the words for findings.
"""

import csv
import io
from collections import Counter

from mmsbatch.recipients.csv_header import detect_delimiter, read_header
from mmsbatch.recipients.model import SHOWN
from mmsbatch.recipients.numbers import NumberProblem, parse_number, read_number, was_zero_restored


def read_plainly(text, phone, used, policy):
    """Return everything that an audience says of its rows; None where the file breaks off in a quote."""
    counts, by_rule, by_number = Counter(), Counter(), {}
    found = {"invalid_rows": [], "duplicate_lines": [], "differing_lines": [], "restored_lines": []}
    records = records_of(text)
    if records is None:
        return None
    (line, names), *rows = records
    header = read_header(names, line)
    kept = [place for place, name in enumerate(header.folded) if name in used]
    for line, row in rows:
        counts["rows"] += 1
        number = read_row(row, header, phone, policy)
        if isinstance(number, NumberProblem):
            by_rule[number.rule] += 1
            if by_rule[number.rule] <= SHOWN:
                found["invalid_rows"].append((line, number.rule, number.message, number.hint))
            continue
        if was_zero_restored(row[header.index(phone)]):
            found["restored_lines"].append(line)
        cells = tuple(row[place].strip() or None for place in kept)
        if number not in by_number:
            by_number[number] = (number, line, cells)
            continue
        found["duplicate_lines"].append(line)
        if by_number[number][2] != cells:
            found["differing_lines"].append(line)
    return {
        "rows": counts["rows"],
        "recipients": list(by_number.values()),
        "invalid_by_rule": list(by_rule.items()),
        "invalid_rows": found["invalid_rows"],
        "duplicates": (len(found["duplicate_lines"]), found["duplicate_lines"][:SHOWN]),
        "differing": (len(found["differing_lines"]), found["differing_lines"][:SHOWN]),
        "restored": (len(found["restored_lines"]), (found["restored_lines"] or [0])[0]),
    }


def tell(audience):
    """Return the same of an audience that was read."""
    return {
        "rows": audience.rows,
        "recipients": [(each.number, each.line, each.cells) for each in audience.recipients],
        "invalid_by_rule": list(audience.invalid_by_rule.items()),
        "invalid_rows": [(row.line, row.rule, row.message, row.hint) for row in audience.invalid_rows],
        "duplicates": (audience.duplicates, list(audience.duplicate_lines)),
        "differing": (audience.differing, list(audience.differing_lines)),
        "restored": (audience.restored, audience.restored_line),
    }


def suppressed_plainly(text, phone):
    """Return the national numbers of a list, and the lines of its rows that hold none, those that do no harm aside."""
    (line, names), *rows = records_of(text)
    header = read_header(names, line)
    numbers, bad = set(), []
    for line, row in rows:
        number = read_row(row, header, phone, None)
        if isinstance(number, str):
            numbers.add(int(number[2:]))
        elif number.rule not in ("number-foreign", "number-overseas", "number-m2m"):
            bad.append(line)
    return numbers, bad


def records_of(text):
    """Return all rows that are not blank, with the lines on which they start; None for a quote that is not closed."""
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    records, following = [], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=detect_delimiter(first), strict=True)
    try:
        for row in reader:
            start, following = following, reader.line_num + 1
            if any(cell.strip() for cell in row):
                records.append((start, row))
    except csv.Error:
        return None
    return records


def read_row(row, header, phone, policy):
    named = len(header.names)
    if len(row) < named or len(row) > header.cells or any(cell.strip() for cell in row[named:]):
        hint = "a cell that holds the delimiter must stand in quotes"
        return NumberProblem("csv-cells", "the row has more or fewer cells than the header", hint)
    cell = row[header.index(phone)]
    return read_number(cell, policy) if policy else parse_number(cell)
