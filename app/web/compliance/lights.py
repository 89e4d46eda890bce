"""The three lights of a clause: is it drawn, does its figure agree, was it kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from app.policy.conformance import Monitors
from app.policy.drift import VERDICTS, Drift
from app.services.compliance_picture import Picture
from app.store.queries import compliance as rows
from app.web.compliance.wording import disposition
from app.web.policy.showing import say
from app.web.shell import now
from app.wiring import services

RANK = {"error": 0, "warning": 1, "info": 2, "none": 3}
GREEN, YELLOW, RED, OFF = "ok", "soon", "late", "none"


@dataclass(frozen=True)
class Light:
    """One light: its colour and what it says, for those who don't see the colour."""

    colour: str  # ok | soon | late | none
    text: str


@dataclass(frozen=True)
class Lights:
    """The lights of one clause, and what of it was judged."""

    drawn: Light
    figure: Light
    kept: Light
    counts: Mapping[str, int] | None  # None: history can't tell
    judged_as: str  # the clause whose monitor judges it: itself, or the one that it repeats

    @property
    def worst(self) -> str:
        """The worst colour."""
        return min((self.drawn.colour, self.figure.colour, self.kept.colour), key=[RED, YELLOW, GREEN, OFF].index)


class Board:
    """The lights of many clauses with two statements."""

    def __init__(self, picture: Picture, clauses: list[str] | None = None) -> None:
        """Take the clauses that are asked for; None for all."""
        self.picture = picture
        self.monitors: Monitors = services().conformance.monitors_at(now())
        self.judged = {name: one.clause for one in (*self.monitors.cases, *self.monitors.company)
                       for name in (one.clause, *one.shared_by)}
        asked = None if clauses is None else {self.judged.get(clause, clause) for clause in clauses}
        self.counts = rows.clause_counts(now(), asked)
        self.held = services().drifts.waivers.held()

    def lights(self, clause: str) -> Lights:
        """Return the lights of a company clause."""
        judged = self.judged.get(clause)
        counts = self.counts.get(judged, {"kept": 0, "broken": 0, "pending": 0}) if judged else None
        return Lights(self._drawn(clause), self._figure(clause), _kept(counts), counts, judged or clause)

    def _drawn(self, clause: str) -> Light:
        found = self.picture.coverage.get(clause)
        if found is None:
            return Light(OFF, _("not judged"))
        if found.disposition == "missing":
            return Light(RED, disposition("missing"))
        if found.needs_review:
            return Light(YELLOW, _("%(how)s, to review", how=disposition(found.disposition)))
        return Light(OFF if found.disposition == "outside" else GREEN, disposition(found.disposition))

    def _figure(self, clause: str) -> Light:
        found = self.picture.compared.get(clause, ())
        if not found:
            return Light(OFF, _("no figure"))
        worst = min(found, key=self._gravity)
        if worst.severity in ("error", "warning"):
            if worst.fingerprint in self.held:
                return Light(YELLOW, _("%(verdict)s, waived", verdict=say(VERDICTS[worst.verdict])))
            return Light(RED if worst.severity == "error" else YELLOW, say(VERDICTS[worst.verdict]))
        return Light(YELLOW if worst.is_reported else GREEN, say(VERDICTS[worst.verdict]))

    def _gravity(self, one: Drift) -> tuple[bool, int]:
        return one.fingerprint in self.held, RANK[one.severity]


def _kept(counts: Mapping[str, int] | None) -> Light:
    if counts is None:
        return Light(OFF, _("not judged by history"))
    ended = counts["kept"] + counts["broken"]
    if counts["broken"]:
        return Light(RED, _("%(broken)s of %(all)s broken", broken=counts["broken"], all=ended))
    if counts["kept"]:
        return Light(GREEN, _("kept %(n)s times", n=counts["kept"]))
    return Light(OFF, _("pending %(n)s", n=counts["pending"]) if counts["pending"] else _("never came up"))


def share(counts: Mapping[str, int] | None) -> float | None:
    """Return the share kept of what was decided, or None."""
    ended = counts["kept"] + counts["broken"] if counts else 0
    return counts["kept"] / ended if counts and ended else None
