"""Schedules: Paris wall time, with the hours of the clock changes refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.campaign.schedule import ScheduleProblem, paris, read_schedule


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        ("2026-12-20 10:00:00", "2026-12-20 10:00:00"),
        ("2026-07-14 00:00:00", "2026-07-14 00:00:00"),
        ("2026-12-20T10:00Z", "2026-12-20 11:00:00"),
        ("2026-07-20T10:00:30Z", "2026-07-20 12:00:30"),
        ("2026-12-20T10:00:00+01:00", "2026-12-20 10:00:00"),
        ("2026-12-20T10:00-05:30", "2026-12-20 16:30:00"),
        ("2028-02-29 23:59:59", "2028-02-29 23:59:59"),
        ("2026-03-29 01:59:59", "2026-03-29 01:59:59"),
        ("2026-03-29 03:00:00", "2026-03-29 03:00:00"),
        ("2026-10-25 03:00:00", "2026-10-25 03:00:00"),
    ],
)
def test_reads(text, wall):
    local = read_schedule(text)
    assert f"{local:%Y-%m-%d %H:%M:%S}" == wall
    assert local.tzinfo is paris()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("2026-02-30 10:00:00", "no such date"),
        ("2027-02-29 10:00:00", "no such date"),
        ("2026-12-20 24:00:00", "no such date"),
        ("2026-12-20 10:60:00", "no such date"),
        ("2026-12-20 10:00:60", "no such date"),
        ("0000-01-01 00:00:00", "no such date"),
        ("0001-01-01T00:00+23:00", "no such date"),
        ("9999-12-31T23:59-10:00", "no such date"),
        ("2026-12-20T10:00+24:00", "no such date"),
        ("2026-12-20T10:00+01:60", "59 minutes"),
        ("2026-03-29 02:00:00", "does not exist"),
        ("2026-03-29 02:59:59", "does not exist"),
        ("2026-10-25 02:00:00", "exists twice"),
        ("2026-10-25 02:59:59", "exists twice"),
        ("2026-10-25T00:30Z", "exists twice"),
        ("2026-10-25T01:30Z", "exists twice"),
        ("2026-12-20", "neither"),
        ("demain", "neither"),
        ("2026-12-20 10:00:00\n", "neither"),
        ("٢٠٢٦-12-20 10:00:00", "neither"),
    ],
)
def test_refuses(text, part):
    with pytest.raises(ScheduleProblem, match=part):
        read_schedule(text)


@given(st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2037-01-01")))
def test_an_instant_and_its_wall_time_are_the_same(instant):
    instant = instant.replace(microsecond=0, tzinfo=UTC)
    try:
        local = read_schedule(f"{instant:%Y-%m-%dT%H:%M:%SZ}")
    except ScheduleProblem:
        assert instant.month == 10  # the hour that comes twice
        return
    assert local == instant
    assert read_schedule(f"{local:%Y-%m-%d %H:%M:%S}") == instant
    assert local.utcoffset() in (timedelta(hours=1), timedelta(hours=2))
