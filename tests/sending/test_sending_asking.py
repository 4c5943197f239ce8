"""A question that nobody has to wait for."""

import threading
from decimal import Decimal

import pytest

from mmsbatch.sending.asking import ask_until


def test_the_answer_is_waited_for():
    assert ask_until(lambda: Decimal(7), lambda: False) == 7


def test_nobody_waits_for_longer_than_enough():
    never, asked = threading.Event(), []
    assert ask_until(lambda: never.wait(10), lambda: len(asked) > 1 or asked.append(True)) is None
    never.set()


@pytest.mark.parametrize("error", [RuntimeError, OSError])
def test_a_question_that_fails_has_no_answer(error):
    def ask():
        raise error

    assert ask_until(ask, lambda: False) is None
