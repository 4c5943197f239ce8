"""One sender per account, over all machines: a ref on the remote that says who has it.

Taking and giving back are pushes from what was seen there to what comes next, so that of two takers
one wins. Nothing expires: whoever vanished holds it until a person says so (`mmsbatch unlock`).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from mmsbatch.errors import Locked, MmsbatchError, RecordUnreachable, Refusal, UsageProblem
from mmsbatch.record.lock import Holder
from mmsbatch.record.shared.git_remote import GitRemote, Outcome, Pushed

PREFIX = "refs/mmsbatch/accounts/"
#: So many characters of a lock's commit are its id.
ID_LENGTH = 12
_FILE = "holder.json"


@dataclass(slots=True)
class RemoteLock:
    """An account that we hold. `former` is who held it last; what is signed goes there when it is given back."""

    former: Holder | None
    signed: Holder
    is_ours: Callable[[], bool] = lambda: True

    def is_held(self) -> bool:
        """Ask the remote whether it is ours still: somebody may have taken this run for dead, and unlocked it."""
        return self.is_ours()

    def sign(self, holder: Holder) -> None:
        """Note down who holds it, what was spent on last, and whether a request may be open."""
        self.signed = holder


@dataclass(frozen=True, slots=True)
class _State:
    """What the ref says: who, and whether they have it still."""

    commit: str
    holder: Holder
    is_held: bool

    @property
    def id(self) -> str:
        """What `unlock` asks for."""
        return self.commit[:ID_LENGTH]


@dataclass(frozen=True, slots=True)
class AccountRefs:
    """The accounts' refs of a remote; `now` gives the time of commits."""

    remote: GitRemote
    now: Callable[[], datetime]

    @contextmanager
    def hold(self, account: str, holder: Holder, warn: Callable[[str], None]) -> Iterator[RemoteLock]:
        """Hold an account, by its fingerprint, for the block.

        Raises Locked, naming the holder and the lock's id, where another run has it.
        """
        ref = PREFIX + account
        state = self._read(ref)
        if state is not None and state.is_held:
            raise _locked(account, state)
        former = state.holder if state else None
        kept = replace(holder, record=former.record, at_rest=former.at_rest) if former else holder
        ours = self._move(ref, state, kept, is_held=True)
        lock = RemoteLock(former, kept, lambda: self.remote.fetch(ref) == ours)
        try:
            yield lock
        finally:
            try:
                self._move(ref, _State(ours, lock.signed, True), lock.signed, is_held=False)
            except Locked:
                warn(f"account {account} was unlocked while this run held it: others may have spent from it meanwhile")
            except MmsbatchError as error:
                warn(
                    f"account {account} stays locked: {error.message}; "
                    f"`mmsbatch unlock {ours[:ID_LENGTH]}` gives it back"
                )

    def unlock(self, lock: str) -> Holder:
        """Give back a lock whose holder is gone; return who that was. Nobody knows whether a request of it is open.

        Raises UsageProblem where no lock has this id.
        """
        for ref in self.remote.refs(PREFIX):
            state = self._read(ref)
            if state is not None and state.is_held and state.id == lock:
                self._move(ref, state, replace(state.holder, record="", at_rest=False), is_held=False)
                return state.holder
        raise UsageProblem(f"no account is held by a lock {lock}", "the message that named it may be old: try again")

    def _read(self, ref: str) -> _State | None:
        commit = self.remote.fetch(ref)
        if commit is None:
            return None
        try:
            content = json.loads(self.remote.git.read(f"{commit}:{_FILE}")[0])
            return _State(commit, Holder(**content["holder"]), bool(content["held"]))
        except (ValueError, TypeError, KeyError) as error:
            raise Refusal(
                f"{self.remote.name} {ref} is no lock of mmsbatch", "remove it, if no run is under way"
            ) from error

    def _move(self, ref: str, state: _State | None, holder: Holder, *, is_held: bool) -> str:
        content = json.dumps({"held": is_held, "holder": asdict(holder)}).encode()
        told = f"{ref.removeprefix(PREFIX)} {'held by' if is_held else 'given back by'} {holder}"
        before = state.commit if state else None
        commit = self.remote.git.commit(before, {_FILE: content}, told, self.now(), f"{holder.user} on {holder.host}")
        pushed = self.remote.push(ref, commit, before)
        if pushed.outcome is not Outcome.ACCEPTED:
            raise self._not_moved(ref, pushed)
        return commit

    def _not_moved(self, ref: str, pushed: Pushed) -> MmsbatchError:
        account = ref.removeprefix(PREFIX)
        if pushed.outcome is Outcome.OVERTAKEN:
            state = self._read(ref)
            return (
                _locked(account, state) if state and state.is_held else Locked(f"account {account} just changed hands")
            )
        if pushed.outcome is Outcome.REFUSED:
            hint = f"give this user or token the right to push {PREFIX}*"
            return Refusal(f"{self.remote.name} does not take the account's lock {ref}: {pushed.reason}", hint)
        hint = "if it is held after all, `mmsbatch unlock` gives it back: the next run names the lock"
        return RecordUnreachable(f"{self.remote.name}: the account's lock cannot be pushed: {pushed.reason}", hint)


def _locked(account: str, state: _State) -> Locked:
    return Locked(
        f"another run holds the account {account}: {state.holder}",
        f"wait until it ended; if that runner is gone: `mmsbatch unlock {state.id}`",
    )
