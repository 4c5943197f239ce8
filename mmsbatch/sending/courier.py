"""The only code that can reach the send endpoint: threads that carry one body each and bring the exchange back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from mmsbatch.gateway.exchange import Exchange, Lost

#: A signal handler's `wake` can come between the queue's look and its sleep, and be slept over.
LONGEST_WAIT = 0.5
Post = Callable[[bytes], Exchange]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one POST came to, for the chunk that it was."""

    chunk: str
    exchange: Exchange


class Courier:
    """Sends bodies on threads of its own. At most `threads` are under way; the caller sees to that.

    The threads are daemons: a run that stops waiting for an answer leaves it, in doubt.
    """

    def __init__(self, post: Post, threads: int) -> None:
        self._post = post
        self._bodies: SimpleQueue[tuple[str, bytes] | None] = SimpleQueue()
        self._done: SimpleQueue[Delivery | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._carry, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def send(self, chunk: str, body: bytes) -> None:
        """Hand a body over; its delivery comes from `wait`."""
        self._bodies.put((chunk, body))

    def wait(self, seconds: float) -> Delivery | None:
        """Return the next delivery, or None after the time or a `wake`."""
        try:
            return self._done.get(timeout=min(max(seconds, 0.001), LONGEST_WAIT))
        except Empty:
            return None

    def arrived(self) -> Iterator[Delivery]:
        """Give the deliveries that are here already."""
        with suppress(Empty):
            while True:
                delivery = self._done.get_nowait()
                if delivery is not None:
                    yield delivery

    def wake(self) -> None:
        """Let `wait` return; safe in a signal handler."""
        self._done.put(None)

    def close(self) -> None:
        """Let idle threads end."""
        for _ in self._threads:
            self._bodies.put(None)

    def _carry(self) -> None:
        while (parcel := self._bodies.get()) is not None:
            chunk, body = parcel
            try:
                exchange = self._post(body)
            except Exception as error:
                exchange = Lost(f"the client failed: {type(error).__name__}")
            self._done.put(Delivery(chunk, exchange))
