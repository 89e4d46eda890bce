"""The SLA clocks of one case inside one step: started, reached, paused, regraded, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.errors import StepFailed
from app.facts import DecisionResult, Period
from app.services.sla_plan import NEVER_PAUSED, TARGETS, Planned, compute, plan, reason, with_pauses
from app.store import milestones as rows
from app.store.models import Case, Milestone
from app.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Decide = Callable[[str, Mapping[str, Any]], DecisionResult]
DECISIONS = ("deadlines", "pickup_time")
PAUSE_WORDS = {"waiting_customer": ("等待客户", "waiting for the customer"),
               "waiting_parts": ("等待备件", "waiting for parts")}
CLOCKS_AS = "clocks_as"  # further fact: the case is timed as another type from now on, an appeal (R21, R22)
FROM_REGISTRATION = frozenset({"registered", "contact"})  # O3: these run from the registration, not from the step


class CaseClocks:
    """The clocks of a case: `app.handling.Clocks`, and what the step needs besides.

    Made once a step. The rows are read once, at the first use; the session flushes what changed. Everything happens at
    `now`, the step's moment.
    """

    def __init__(self, session: Session, case: Case, now: datetime, *, decide: Decide, calendar: WorkCalendar,
                 limits: Callable[[], Mapping[str, Period]], by: str, decisions: Sequence[str] = DECISIONS,
                 profile: Mapping[str, Any] | None = None) -> None:
        """Take the case's row (read anew at each use), `limits`, each clause's own figure, and the switches."""
        self._session, self._case, self._now, self._by = session, case, now, by
        self._calendar, self._decide, self._limits, self._decisions = calendar, decide, limits, decisions
        self._profile = profile or {}
        self._rows: list[Milestone] | None = None
        self.changed: set[str] = set()  # names whose due time moved: timers bound to them have to be armed again

    # -- reading

    def all(self) -> Sequence[Milestone]:
        """Return every milestone of the case, superseded ones too, oldest first."""
        if self._rows is None:
            self._rows = rows.of_case(self._session, self._case.id)
        return self._rows

    def current(self, name: str) -> Milestone | None:
        """Return the newest clock of that name that was not superseded."""
        return next((row for row in reversed(self.all()) if row.name == name and row.state != "superseded"), None)

    def is_reached(self, name: str) -> bool:
        """Return whether the milestone was reached (in its newest round)."""
        row = self.current(name)
        return row is not None and row.state == "reached"

    def is_waiting(self, name: str) -> bool:
        """Return whether the milestone is open and not paused."""
        row = self.current(name)
        return row is not None and row.state == "open" and row.paused_at is None

    def is_paused(self, name: str) -> bool:
        """Return whether the milestone is open and its clock stands still."""
        row = self.current(name)
        return row is not None and row.state == "open" and row.paused_at is not None

    def due(self, name: str) -> datetime | None:
        """Return when the milestone is due, aware UTC; None when never started, paused or cancelled."""
        row = self.current(name)
        return None if row is None or row.state == "cancelled" or row.paused_at is not None else row.due_at

    def due_times(self) -> Mapping[str, datetime | None]:
        """Return the due time of every clock that timers follow; None = disarmed (paused, cancelled or taken back)."""
        times: dict[str, datetime | None] = {}
        for row in self.all():
            stopped = row.state == "cancelled" or row.paused_at is not None
            times[row.name] = times.get(row.name) if row.state == "superseded" else None if stopped else row.due_at
        return times

    # -- starting

    def open(self, clock_start: str, names: Sequence[str] | None = None, at: datetime | None = None) -> None:
        """Start every milestone that the decisions count from `clock_start` (or only `names`).

        `at` is when what they count from happened (aware UTC), never later than now.

        A clock that runs is left alone, and so is one that was reached in the case's present round, unless it is named:
        naming it starts it anew (a second escalation, a new solution). Raises StepFailed when the case is graded and no
        rule fits.
        """
        case = self._case
        taken = {row.name for row in self.all()
                 if row.state == "open" or (row.state == "reached" and row.round == case.round and not names)}
        known = {row.name for row in self.all() if row.state != "cancelled"}
        again = any(row.clock_start == clock_start and row.round != case.round for row in self.all())
        from_registration = clock_start in FROM_REGISTRATION and not again and CLOCKS_AS not in case.extra
        wanted: list[tuple[Planned, datetime, list[dict[str, Any]]]] = []
        for planned in self._plan():
            asked = planned.clock_start == clock_start and (not names or planned.name in names)
            if asked and planned.name not in taken:
                first = from_registration and planned.name not in known
                happened = min(at or self._now, self._now)
                wanted.append((planned, case.registered_at if first else happened, []))
        self._insert(wanted)

    def agree(self, name: str, due_at: datetime, clause: str) -> bool:
        """Replace an open clock's due time (aware UTC) by what the customer has signed; False where none runs.

        The old clock is kept as superseded, so that both promises stay on record (D-2.4.7).
        """
        old = self.current(name)
        if old is None or old.state != "open" or due_at <= self._now:
            return False
        shown = f"{self._calendar.local(due_at):%Y-%m-%d %H:%M}"
        step = {"zh": f"客户签字同意变更，期限改为 {shown}（{clause}）。",
                "en": f"The customer signed a change: now due {shown} ({clause}).", "at": due_at.isoformat()}
        copied = {column.key: getattr(old, column.key) for column in Milestone.__table__.columns if column.key != "id"}
        old.state = "superseded"
        (new,) = rows.add(self._session, [{**copied, "promised_at": due_at, "due_at": due_at, "pauses": [],
                                           "paused_at": None, "started_at": self._now, "why": [*old.why, step],
                                           "clauses": [*old.clauses, clause], "provisional": False}])
        rows.add_checks(self._session, [{"milestone_id": new.id, "case_id": self._case.id, "clause": clause,
                                         "duration": old.duration, "calendar": old.calendar, "due_at": due_at}])
        old.superseded_by = new.id
        self._rows = [*self.all(), new]
        self.changed.add(name)
        return True

    def regrade(self) -> None:
        """Recompute the open milestones, each from its own clock start, after level, type or origin changed.

        What was reached stays; an open clock with other figures is superseded by a new one that keeps its pauses; a
        clock that the new grading adds runs from the start that its kind had.
        """
        planned = {one.name: one for one in self._plan()}
        present = [row for row in self.all()
                   if row.state == "open" or (row.state == "reached" and row.round == self._case.round)]
        starts = {row.clock_start: row.started_at for row in self.all() if row.round == self._case.round}
        fresh: list[tuple[Planned, datetime, list[dict[str, Any]]]] = []
        replaced: dict[str, Milestone] = {}
        for row in present:
            new = planned.pop(row.name, None)
            same = new is not None and new.same_promise(Period(row.duration, row.calendar), row.rule, row.clauses)
            if row.state != "open" or same:
                continue
            row.state = "superseded"
            self.changed.add(row.name)
            replaced[row.name] = row
            if new is not None:
                same_start = new.clock_start == row.clock_start
                start = row.started_at if same_start else starts.get(new.clock_start, row.started_at)
                fresh.append((new, start, row.pauses))
        fresh += [(new, starts[new.clock_start], []) for new in planned.values() if new.clock_start in starts]
        for row in self._insert(fresh):
            if row.name in replaced:
                replaced[row.name].superseded_by = row.id

    def _plan(self) -> list[Planned]:
        case = self._case
        context = {"case_type": case.extra.get(CLOCKS_AS) or case.type, "level": case.level,
                   "origin": case.origin, "channel": case.channel, "profile": self._profile}
        found, limits = list[Planned](), self._limits()
        for decision in self._decisions:
            if decision != "pickup_time" and case.level is None:
                continue  # not graded yet: only the pick-up is promised
            result = self._decide(decision, context)
            if result.outputs is None:
                raise StepFailed(f"Decision {decision} has no rule for {case.type}, {case.level}, {case.origin}.",
                                 f"决策表 {decision} 没有适用于 {case.type}、{case.level}、{case.origin} 的规则。")
            found += plan(result, limits)
        return found

    def _insert(self, wanted: Sequence[tuple[Planned, datetime, list[dict[str, Any]]]]) -> list[Milestone]:
        # Everything that may be refused is computed before anything is written.
        values = [self._row(*one) for one in wanted]
        checks = [self._check_rows(*one) for one in wanted]
        known = [*self.all()]
        added = rows.add(self._session, values)
        rows.add_checks(self._session, [{**check, "milestone_id": row.id}
                                        for row, own in zip(added, checks, strict=True) for check in own])
        self._rows = known + added
        self.changed.update(row.name for row in added)
        return added

    def _check_rows(self, planned: Planned, start: datetime, pauses: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"case_id": self._case.id, "clause": check.clause, "duration": check.period.duration,
                 "calendar": check.period.calendar, "due_at": with_pauses(self._calendar, start, check.period, pauses)}
                for check in planned.checks]

    def _row(self, planned: Planned, start: datetime, pauses: list[dict[str, Any]]) -> dict[str, Any]:
        deadline = compute(self._calendar, start, planned.period)
        paused = next((entry["from"] for entry in pauses if entry["to"] is None), None)
        return {
            "case_id": self._case.id, "name": planned.name, "state": "open", "target_only": planned.target_only,
            "clock_start": planned.clock_start, "started_at": start, "duration": planned.period.duration,
            "calendar": planned.period.calendar, "promised_at": deadline.due_at,
            "due_at": with_pauses(self._calendar, start, planned.period, pauses) if pauses else deadline.due_at,
            "paused_at": datetime.fromisoformat(paused) if paused else None, "pauses": list(pauses),
            "decision": planned.decision, "rule": planned.rule, "clauses": list(planned.clauses),
            "why": [reason(planned), *map(dict, deadline.trace)], "provisional": deadline.provisional,
            "policy_version": self._case.policy_version, "round": self._case.round,
        }

    # -- running

    def reach(self, name: str) -> None:
        """Mark a milestone as reached now; one that was reached before keeps its time, one never started is skipped."""
        met = [name, *(target for target, milestone in TARGETS.items() if milestone == name)]
        found = [row for row in map(self.current, met) if row is not None and row.state == "open"]
        self._wake(found, by=None)
        for row in found:
            row.state, row.reached_at = "reached", self._now

    def cancel_open(self, names: Sequence[str] | None = None) -> None:
        """Cancel what was not reached (or only `names`): it is not owed any more. What was overdue stays late."""
        waiting = [row for row in self.all() if row.state == "open" and (not names or row.name in names)]
        self._wake(waiting, by=None)
        for row in waiting:
            row.state, row.paused_at = "cancelled", self._now  # the clock stands still where it was taken away
            self.changed.add(row.name)

    def pause(self, names: Sequence[str], reason: str, by: str) -> None:
        """Stop the clocks `names`; `reason` is a word (waiting_customer, waiting_parts), `by` the task that asks.

        Clocks of answering and the 14 days of closing never stop (O4). Two may stop a clock at once; it runs again when
        both are over.
        """
        for row in (self.current(name) for name in names if name not in NEVER_PAUSED):
            if row is None or row.state != "open" or any(p["to"] is None and p["by"] == by for p in row.pauses):
                continue
            stop = {"from": self._now.isoformat(), "to": None, "reason": reason, "by": by, "actor": self._by}
            row.pauses = [*row.pauses, stop]
            row.paused_at = row.paused_at or self._now
            self.changed.add(row.name)

    def resume(self, by: str, names: Sequence[str] | None = None) -> None:
        """Let the clocks run again that `by` had stopped (or only `names`); due times move by the time stood still."""
        self._wake([row for row in self.all() if row.state == "open" and (not names or row.name in names)], by)

    def _wake(self, found: Sequence[Milestone], by: str | None) -> None:
        """End the pauses of `by` (None: all) on `found`, and move what is due."""
        woken = []
        for row in found:
            if not any(p["to"] is None and by in (None, p["by"]) for p in row.pauses):
                continue
            row.pauses = [{**p, "to": self._now.isoformat()} if p["to"] is None and by in (None, p["by"]) else p
                          for p in row.pauses]
            if all(p["to"] for p in row.pauses):
                row.paused_at = None
                woken.append(row)
        if not woken:
            return
        self.changed.update(row.name for row in woken)
        checks = rows.checks_of(self._session, [row.id for row in woken])
        for row in woken:
            before = row.due_at
            row.due_at = self._moved(row, row.duration, row.calendar)
            if row.due_at != before:
                row.why = [*row.why, self._moved_step(row)]
            for check in checks[row.id]:
                check.due_at = self._moved(row, check.duration, check.calendar)

    def _moved(self, row: Milestone, duration: str, calendar: str) -> datetime:
        return with_pauses(self._calendar, row.started_at, Period(duration, calendar), row.pauses)

    def _moved_step(self, row: Milestone) -> dict[str, Any]:
        last = row.pauses[-1]
        zh_reason, en_reason = PAUSE_WORDS.get(last["reason"], (last["reason"], last["reason"]))
        moments = (datetime.fromisoformat(last["from"]), datetime.fromisoformat(last["to"]), row.due_at)
        start, end, due = (f"{self._calendar.local(moment):%Y-%m-%d %H:%M}" for moment in moments)
        return {"zh": f"{zh_reason}，{start} 至 {end} 停止计时，顺延至 {due}。",
                "en": f"The clock stood still from {start} to {end} ({en_reason}); due {due}.",
                "at": row.due_at.isoformat()}
