"""Many campaigns read in one call: each of them is what it would be alone."""

import pytest
from record_builders import number

from mmsbatch.cli.loading import load
from mmsbatch.recipients.numbers import wire_number


@pytest.fixture
def folders(tmp_path):
    """Make two folders whose campaigns name files of one name: each has its own recipient, and its own list."""
    for place, name in enumerate(("north", "south")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "people.csv").write_text(f"phone\n0{number(place)[2:]}\n0{number(place + 10)[2:]}\n")
        (folder / "stop.csv").write_text(f"phone\n0{number(place + 10)[2:]}\n")
        message, lists = "{type: text, text: Bonjour}", "[{file: stop.csv, phone: phone}]"
        for campaign in ("autumn", "winter"):
            (folder / f"{campaign}.yaml").write_text(
                f"version: 1\nname: {name}\nmessage: {message}\nrecipients: {{file: people.csv}}\nsuppress: {lists}\n"
            )
    return [tmp_path / "north", tmp_path / "south"]


def test_each_campaign_has_the_files_of_its_own_folder(folders):
    loaded = load(folders, gateway="sandbox")
    read = [
        (each.campaign.name, [wire_number(one) for one in each.audience.recipients.numbers], each.suppressed)
        for each in loaded.prepared
    ]
    north = ("north", [number(0), number(10)], {int(number(10)[2:])})
    south = ("south", [number(1), number(11)], {int(number(11)[2:])})
    assert read == [north, north, south, south]


def test_no_repr_of_what_was_loaded_holds_a_number(folders):
    shown = repr(load(folders, gateway="sandbox"))
    assert "prepared=[Prepared(" in shown
    assert not [place for place in (0, 1, 10, 11) if number(place)[2:] in shown]
