"""What a change set does to the distance between the written policy and the running process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.errors import Finding
from app.policy.drift import BREACHES, Drift
from app.policy.register import Register
from app.services.drift import Drifts

EQUAL = "equal"


@dataclass(frozen=True)
class Moved:
    """One place where the process would stand otherwise to its clause than today."""

    now: Drift | None  # None: nothing was held against the clause there
    then: Drift | None  # None: nothing is held against it any more

    @property
    def is_breach(self) -> bool:
        """True where the change set brings, or keeps, what the policy does not allow."""
        return self.then is not None and self.then.verdict in BREACHES

    @property
    def verdict_changes(self) -> bool:
        """True where the place is judged otherwise than today."""
        return (self.now.verdict if self.now else None) != (self.then.verdict if self.then else None)


class DraftDrift:
    """Compares two bundles in the eyes of the policy in force."""

    def __init__(self, drifts: Drifts, register: Callable[[], Register]) -> None:
        self._drifts, self._register = drifts, register
        self._judged = lru_cache(maxsize=8)(self._judge)

    def between(self, running: Mapping[str, bytes], files: Mapping[str, bytes]) -> tuple[Moved, ...]:
        """Return what moves against the policy when `files` replace `running`, breaches first."""
        version = self._register().version
        old, new = (self._judged(version, tuple(bundle.items())) for bundle in (running, files))
        moved = [Moved(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])
                 if _print(old.get(key)) != _print(new.get(key))]  # fmt: skip
        told = [one for one in moved if any(side is not None and side.verdict != EQUAL for side in (one.now, one.then))]
        return tuple(sorted(told, key=lambda one: (not one.is_breach, not one.verdict_changes)))

    def blocking(self, files: Mapping[str, bytes]) -> Sequence[Finding]:
        """Return what of the drift stops a release: breaches that nobody waives."""
        return self._drifts.blocking(files)

    def _judge(self, _version: str, bundle: tuple[tuple[str, bytes], ...]) -> dict[tuple[str, str, str], Drift]:
        found = self._drifts.of_files(dict(bundle), everything=True)
        return {(one.clause, one.where, one.kind): one for one in found}


def _print(one: Drift | None) -> str | None:
    return one.fingerprint if one is not None else None
