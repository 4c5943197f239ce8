import re

import pytest

from mmsbatch.gateway.statuses import ACCOUNT_STATUSES, SEND_STATUSES, Reaction

REACTIONS = {
    Reaction.GO_ON: {100, 101},
    Reaction.STOP: {102, 200, 105, 108, 109, 112, 113, 115, 118, 119, 120, 121},
    Reaction.STOP_FOR_CREDIT: {103, 104},
    Reaction.STOP_UNLESS_TEXTS_DIFFER: {106, 107, 110, 111, 122},
    Reaction.RETRY_THEN_REFUSED: {114, 116, 117},
    Reaction.ALL_REJECTED: {123},
}


def test_every_status_of_the_manual_is_registered_once() -> None:
    assert sorted(SEND_STATUSES) == [*range(100, 124), 200]
    assert sorted(ACCOUNT_STATUSES) == [100, 102, 200, 300, 301, 302, 303]


@pytest.mark.parametrize(("reaction", "codes"), REACTIONS.items())
def test_reactions(reaction: Reaction, codes: set[int]) -> None:
    assert {code for code, status in SEND_STATUSES.items() if status.reaction is reaction} == codes


def test_each_has_its_text_meaning_and_section() -> None:
    for status in (*SEND_STATUSES.values(), *ACCOUNT_STATUSES.values()):
        assert status.text
        assert status.meaning
        assert re.fullmatch(r"[23]\.[23]", status.section)
