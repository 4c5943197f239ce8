"""Recipients' files, generated: numbers that nobody has are too few for a million, so these are any 06 numbers."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: National numbers from 600000000 on, below 639…: ranges beyond have another meaning.
_FIRST, _RANGE = 600_000_000, 39_000_000
#: Prime to the range: its multiples are all different, and in no order.
_STEP = 7_919_993
FIRST_NAMES = 5_000
_FIRST_NAMES = [f"Prénom{number}" for number in range(FIRST_NAMES)]
_TOWNS = ["Nice", "Aix-en-Provence", "Saint-Étienne", "L'Haÿ; les Roses", "Ville\nà deux lignes"]
_DUPLICATES = 0.3


@dataclass(frozen=True, slots=True)
class Counts:
    """What a file holds: `numbers` are different ones, each once; the other rows repeat one of them."""

    rows: int
    numbers: int
    duplicates: int


def write_plain(path: Path, rows: int, names: int = FIRST_NAMES) -> Counts:
    """Write rows of which each has a number of its own, in one writing; so many first names take turns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(["mobile", "prenom"])
        writer.writerows([f"0{_number(row)}", _FIRST_NAMES[row % names]] for row in range(rows))
    return Counts(rows, rows, 0)


def write_mixed(path: Path, rows: int) -> Counts:
    """Write rows as they come from several hands: numbers in seven writings, three in ten of them repeated.

    The number is in the third of five columns; some cells are quoted, and hold delimiters or line breaks.
    """
    chance = random.Random(rows)
    numbers = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(["civilite", "prenom", "mobile", "ville", "code"])
        for row in range(rows):
            is_new = numbers == 0 or chance.random() >= _DUPLICATES
            number = _number(numbers if is_new else int(chance.random() * numbers))
            numbers += is_new
            town = _TOWNS[int(chance.random() ** 3 * len(_TOWNS))]
            name = _FIRST_NAMES[int(chance.random() * len(_FIRST_NAMES))]
            writer.writerow(["Mme", name, _write_somehow(number, int(chance.random() * 14)), town, f"C{row}"])
    return Counts(rows, numbers, rows - numbers)


def _number(place: int) -> int:
    return _FIRST + place * _STEP % _RANGE


def _write_somehow(number: int, way: int) -> str:
    """Write a national number in one of seven ways; half of the ways are the plainest."""
    if way >= 6:
        return f"0{number}"
    national = str(number)
    pairs = " ".join([national[0], *_pairs(national[1:])])
    writings = (f"0{pairs}", f"0{pairs}".replace(" ", "."), f"0{pairs}".replace(" ", "-"), f"+33{national}")
    return (*writings, f"0033 {pairs}", f"+33 (0){pairs}")[way]


def _pairs(digits: str) -> Iterator[str]:
    return (digits[at : at + 2] for at in range(0, len(digits), 2))
