"""One watchdog for all requests: whatever befalls one, the others keep their deadline."""

import threading

from mmsbatch.gateway.transport import _Watchdog


class Looked:
    """An attempt that tells when it was looked at, and then fails, or does not."""

    def __init__(self, error=None):
        self.looks, self.error = threading.Semaphore(0), error

    def look(self, now):
        self.looks.release()
        if self.error:
            raise self.error


def test_the_trouble_of_one_leaves_the_others_looked_after():
    watchdog, odd, plain = _Watchdog(), Looked(TypeError("no socket")), Looked()
    watchdog.watch(odd)
    watchdog.watch(plain)
    for each in (odd, plain, odd, plain):
        assert each.looks.acquire(timeout=10)
    watchdog.forget(odd)
    watchdog.forget(plain)


def test_it_rests_without_attempts_and_comes_back_for_the_next():
    watchdog = _Watchdog()
    for _ in range(2):
        attempt = Looked()
        watchdog.watch(attempt)
        assert attempt.looks.acquire(timeout=10)
        watchdog.forget(attempt)
