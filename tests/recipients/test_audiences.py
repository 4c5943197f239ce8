"""Each CSV file in `audiences/` beside what is read from it: accounting, recipients, findings."""

from pathlib import Path

import pytest

from mmsbatch.campaign.model import OnInvalid, RecipientsSource
from mmsbatch.recipients.audience import read_audience
from mmsbatch.recipients.numbers import NumberPolicy

FILES = Path(__file__).parent / "audiences"
USED = frozenset({"prenom", "prenom_client", "ville"})
POLICY = NumberPolicy(accept_fiction=True)


def describe(audience, diagnostics):
    """Write a reading as the lines that stand in the expected files."""
    lines = [f"{d.severity} {d.rule} {d.file}:{d.line} {d.message} | {d.hint}".rstrip(" |") for d in diagnostics]
    if audience is None:
        return [*lines, "no audience"]
    for row in audience.recipients:
        lines.append(f"{row.number} line {row.line} " + ", ".join(map(repr, row.cells)))
    lines.append(f"encoding {audience.encoding}, delimiter {audience.delimiter!r}")
    lines.append(f"available {', '.join(audience.available)}; used {', '.join(audience.columns) or '-'}")
    lines.append(
        f"rows {audience.rows} = {len(audience.recipients)} recipients + {audience.duplicates} duplicates"
        f" {list(audience.duplicate_lines)} + {audience.invalid} invalid; restored {audience.restored}"
    )
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("name", sorted(file.stem for file in FILES.glob("*.csv")))
def test_reads_as_expected(name, campaign_for):
    campaign = campaign_for(RecipientsSource(f"{name}.csv", None, "mobile", on_invalid=OnInvalid.REFUSE))
    audience, diagnostics = read_audience(campaign, FILES / f"{name}.csv", f"{name}.csv", POLICY, USED)
    expected = (FILES / f"{name}.expected").read_text(encoding="utf-8")
    assert "\n".join(describe(audience, diagnostics)) + "\n" == expected


def test_no_expectation_is_left_over():
    assert {file.stem for file in FILES.glob("*.expected")} == {file.stem for file in FILES.glob("*.csv")}
