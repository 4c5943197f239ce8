"""`apply --max-duration`: no request starts after it, what is left goes on with the next run."""

import pytest
from campaign_repo import CampaignRepo, Serve, received, wire

SPEC = "campaigns/sale.yaml"


def test_a_run_ends_in_time_and_goes_on_later(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=0.6")
    repo.configure(gateway, chunk_size=1, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    ended = repo.run("apply", SPEC, "--yes", "--max-duration", "1s")
    assert ended.code == 3
    assert "stopped: 1 s have passed, and `--max-duration` is 1 s" in ended.out
    assert "run again to go on" in ended.out
    assert 1 <= gateway.requests["send"] <= 2
    gateway.clear_faults()
    assert repo.run("apply", SPEC, "--yes", "--max-duration", "2h").code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]


@pytest.mark.parametrize("text", ["", "0s", "5", "-1m", "1.5h", "10d", "soon"])
def test_what_is_no_time_is_refused(text: str, repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve())
    repo.write_campaign()
    repo.write_rows(range(2))
    ended = repo.run("apply", SPEC, "--yes", f"--max-duration={text}")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: --max-duration {text} is no time\n    write it as 90s, 30m or 2h\n"
