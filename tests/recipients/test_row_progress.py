"""Long files are told of now and then: every 50,000 rows, whatever they are."""

import pytest

from mmsbatch.campaign.model import SuppressionSource
from mmsbatch.recipients.row_progress import RowProgress
from mmsbatch.recipients.suppression import read_suppression


@pytest.mark.parametrize(
    ("batches", "told"),
    [
        ([], []),
        ([49_999], []),
        ([50_000, 49_999], [50_000]),
        ([500] * 250, [50_000, 100_000]),
        ([120_000, 10_000, 40_000], [120_000, 170_000]),
    ],
)
def test_it_is_told_every_50_000_rows(batches, told):
    heard = []
    progress = RowProgress(heard.append)
    for rows in batches:
        progress.add(rows)
    assert heard == told


def test_nobody_need_listen():
    RowProgress().add(1_000_000)


def test_suppression_lists_are_counted_together(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("phone\n" + "0639980012\n" * 60_000)
    heard = []
    sources = [SuppressionSource("a.csv"), SuppressionSource("b.csv")]
    read_suppression(sources, lambda name: (tmp_path / name, name), on_rows=heard.append)
    assert heard == [50_000, 100_000]
