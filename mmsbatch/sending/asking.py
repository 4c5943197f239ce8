"""A question to the account that nobody has to wait for."""

import threading
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from queue import Empty, SimpleQueue

_LOOK_EVERY = 0.2


def ask_until(ask: Callable[[], Decimal | None], is_enough: Callable[[], bool]) -> Decimal | None:
    """Return what `ask` tells, None once `is_enough` says that no one waits any more.

    It is asked on a thread of its own: a pipeline that stops a run does not wait for a gateway's timeouts.
    """
    answers: SimpleQueue[Decimal | None] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(_ask(ask)), daemon=True).start()
    while not is_enough():
        with suppress(Empty):
            return answers.get(timeout=_LOOK_EVERY)
    return None


def _ask(ask: Callable[[], Decimal | None]) -> Decimal | None:
    try:
        return ask()
    except Exception:  # whatever fails here, the balance is not known, and all else is written down already
        return None
