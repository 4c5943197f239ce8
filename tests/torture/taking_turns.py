"""Threads that take turns: one at a time goes on, to its next pause, and may be made to end there as if killed."""

import threading

_here = threading.local()


def pause(at):
    """Have the actor stand still that calls this."""
    _here.actor.pause(at)


class Death(BaseException):
    """The process is gone, in the middle of whatever it did. No error: nothing may handle it."""


class Actor:
    """One thread. It does something, and stands still at each `pause` until it is let go on."""

    def __init__(self, do):
        self._do = do
        self._turn, self._stood = threading.Lock(), threading.Lock()
        self._turn.acquire()
        self._stood.acquire()
        self._is_killed = False
        self.error = None
        self.is_over = False
        self.at = "its beginning"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self):
        """Let it go on to its next pause, or to its end. Raises what it raised."""
        self._turn.release()
        self._stood.acquire()
        if self.error is not None:
            raise self.error

    def kill(self):
        """End it where it stands."""
        self._is_killed = True
        while not self.is_over:
            self.step()

    def pause(self, at):
        """Stand still, called from its own thread; `at` says where."""
        self.at = at
        self._stood.release()
        self._turn.acquire()
        if self._is_killed:
            raise Death(at)

    def _run(self):
        _here.actor = self
        self._turn.acquire()
        try:
            if not self._is_killed:
                self._do()
        except Death:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.is_over = True
            self._stood.release()
