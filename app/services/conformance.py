"""History held against the clauses: case by case after each step, and everything anew when asked.

A step marks its case with one statement; a sweep judges what is marked, and what was pending when its time has run out.
Each case is judged by the version of the policy in force when it was registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.facts import Actor
from app.policy import conformance as policy
from app.policy.conformance import Monitors, Verdict
from app.policy.register import Register
from app.services.case_logs import log_of
from app.services.runtime import Runtime
from app.store import deviations
from app.store import verdicts as rows
from app.store.models import Case
from app.store.queries import conformance as queries
from app.store.unit_of_work import in_unit_of_work

BATCH = 25  # cases judged and written at a time by the sweep
STREAM = 200  # by a full run
REMEMBERED = 400  # versions by day
BY_STATE = rows.COLUMNS.index("state")
SEES = frozenset({"owner", "manager", "director", "supervisor", "admin", "general_affairs", "quality",
                  "general_manager", "marketing", "compliance"})  # who reads every verdict
Progress = Callable[[int, int], None]


class Conformance:
    """Judges, and reads what was judged."""

    def __init__(self, rt: Runtime, register: Register, register_on: Callable[[datetime], Register]) -> None:
        """Take the register as delivered, and what gives the version in force at a moment; raises Refused."""
        self._rt, self._register, self._register_on = rt, register, register_on
        self._bindings = policy.read_bindings(Path(rt.root))
        self._base = policy.compile_monitors(register, self._bindings)  # a wrong file is refused at the start
        self._compiled: dict[int, tuple[Register, Monitors]] = {}

    # ---- what is judged by

    def monitors_at(self, moment: datetime) -> Monitors:
        """Return the monitors of the policy in force at `moment` (aware)."""
        return self._monitors(self._register_on(moment))

    def _monitors(self, register: Register) -> Monitors:
        known = self._compiled.get(id(register))  # the register is kept as well: its id is nobody else's meanwhile
        if known is None:
            same = register.clauses == self._register.clauses
            made = self._base if same else policy.compile_monitors(register, self._bindings, strict=False)
            if len(self._compiled) >= REMEMBERED:
                self._compiled.clear()
            known = self._compiled[id(register)] = (register, made)
        return known[1]

    def _monitors_for(self, cases: Sequence[Case]) -> dict[str, Monitors]:
        """The monitors of each case; where a day's first and last have the same register, so has all between."""
        days: dict[Any, list[Case]] = {}
        local = self._rt.calendar().local
        for case in sorted(cases, key=lambda one: one.registered_at):
            days.setdefault(local(case.registered_at).date(), []).append(case)
        found = {}
        for several in days.values():
            first, last = (self._register_on(one.registered_at) for one in (several[0], several[-1]))
            for case in several:
                found[case.id] = self._monitors(first if first is last else self._register_on(case.registered_at))
        return found

    # ---- judging

    def sweep(self, limit: int = 10_000) -> int:
        """Judge what something happened to and whose time has run out; return how many subjects were judged."""
        judged = 0
        while judged < limit:
            session, now = self._rt.session(), self._rt.clock.now()
            session.rollback()  # what was committed until now is seen
            marks = rows.to_judge(session, now, BATCH)
            if not marks:
                break
            self._judge(session, marks, now)
            judged += len(marks)
            if len(marks) < BATCH:
                break
        return judged

    def judge_all(self, progress: Progress | None = None) -> int:
        """Judge every case and the company anew, a batch at a time in bounded memory; return how many cases."""
        session, done = self._rt.session(), 0
        total = queries.count_cases(session)
        for ids in self.batches():
            self.judge_some(ids)
            done += len(ids)
            if progress is not None:
                progress(done, total)
        self.judge_some([policy.COMPANY])
        return done

    def batches(self) -> Iterator[list[str]]:
        """Yield the ids of all cases as a full run judges them, oldest first."""
        return queries.case_ids(self._rt.session(), STREAM)

    def judge_some(self, subjects: Sequence[str]) -> None:
        """Judge these cases anew."""
        session = self._rt.session()
        session.rollback()
        marks = rows.marks_of(session, subjects)
        self._judge(session, {subject: marks.get(subject, 0) for subject in subjects}, self._rt.clock.now())

    def _judge(self, session: Session, marks: Mapping[str, int], now: datetime) -> None:
        found = [row for case, judged, version in self._judged(session, [one for one in marks if one != policy.COMPANY],
                                                               now)
                 for row in (_row(verdict, case.id, case.id, version, now) for verdict in judged)]
        if policy.COMPANY in marks:
            found += [_row(one, policy.COMPANY, None, self.monitors_at(now).version, now)
                      for one in self._judge_company(session, now)]
        session.rollback()  # read to its end before the write lock is taken
        in_unit_of_work(lambda writing: self._write(writing, marks, found, now))

    @staticmethod
    def _write(session: Session, marks: Mapping[str, int], found: Sequence[tuple[Any, ...]], now: datetime) -> None:
        """Verdicts and the deviations that follow from them: both or neither."""
        rows.replace(session, marks, found)
        broken = [dict(zip(rows.COLUMNS, row, strict=True)) for row in found if row[BY_STATE] == policy.BROKEN]
        deviations.take_breaches(session, sorted(marks), broken, now)

    def _judged(self, session: Session, ids: Sequence[str], now: datetime,
                *, everything: bool = False) -> list[tuple[Case, list[Verdict], str]]:
        if not ids:
            return []
        base, calendar = self._base, self._rt.calendar()
        batch = queries.batch(session, ids, base.elements, base.forms, base.papers, base.facts)
        found, in_force = [], self._monitors_for(batch.cases)
        for case in batch.cases:
            monitors = in_force[case.id]
            log = log_of(case, batch, monitors)
            found.append((case, policy.judge(monitors, log, now, calendar, everything=everything), monitors.version))
        return found

    def _judge_company(self, session: Session, now: datetime) -> list[Verdict]:
        monitors = self.monitors_at(now)
        processes = {name.partition("/")[0] for one in monitors.company for rule in one.rules for name in rule.a}
        began, done = queries.company(session, processes)
        if began is None:
            return []
        happenings = [policy.Happening(*row[1:]) for row in done]
        return policy.judge_company(monitors, happenings, began, now, self._rt.calendar())

    # ---- reading

    def stream(self) -> Iterator[tuple[str, Verdict]]:
        """Yield every case's number with each verdict as it is now, and the company's; nothing is written."""
        now = self._rt.clock.now()
        for ids in self.batches():
            for case, judged, _ in self._judged(self._rt.session(), ids, now):
                yield from ((str(case.number), verdict) for verdict in judged)
        yield from ((policy.COMPANY, verdict) for verdict in self._judge_company(self._rt.session(), now))

    def count(self) -> int:
        """Return how many cases there are."""
        return queries.count_cases(self._rt.session())

    def summary(self) -> dict[tuple[str, str], int]:
        """Return how many verdicts there are by clause and state, as of now."""
        return {(row[0], row[1]): int(row[2])
                for row in queries.summary(self._rt.session(), self._rt.clock.now())}

    def newest_breaches(self, limit: int) -> Sequence[Any]:
        """Return the newest breaches as rows."""
        session, now = self._rt.session(), self._rt.clock.now()
        return queries.verdicts(session, {"verdict": policy.BROKEN}, now, limit, None).rows if limit else []

    def of_case(self, case_id: str) -> list[Verdict]:
        """Return every clause's verdict on a case as it is now, those that don't apply too; nothing is written."""
        found = self._judged(self._rt.session(), [case_id], self._rt.clock.now(), everything=True)
        return found[0][1] if found else []

    def explain(self, verdict: Verdict) -> tuple[str, str]:
        """Return why a verdict is what it is, in Chinese and English."""
        return self.explain_all([verdict])[0]

    def explain_all(self, verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
        """Return why each of several verdicts is what it is."""
        calendar, naming = self._rt.calendar(), cache(self._name)  # a name is looked up once
        return [policy.explain(one, calendar, naming) for one in verdicts]

    def named(self, what: str) -> tuple[str, str]:
        """Return what an activity, an element or a happening of the evidence is called, in Chinese and English."""
        return policy.SPECIAL.get(what) or self._name(what)

    def stored(self, row: Any) -> Verdict:
        """Return a stored row as a verdict, as it is now."""
        return Verdict(row.clause, row.effective, row.since, row.due_at, row.obligation, tuple(row.evidence),
                       row.period)

    def may_read(self, actor: Actor) -> bool:
        """Return whether somebody reads the verdicts of every case."""
        return bool(actor.groups & SEES)

    def _name(self, what: str) -> tuple[str, str]:
        if what in self._register.activities:
            return self._register.activities[what]
        process, _, element = what.partition("/")
        if element:
            version = self._rt.library.latest(process)
            if version is not None:
                known = {(one.process, one.id): one for one in self._rt.library.spec(version.id).elements}
                found = known.get((process, element))
                if found is not None:
                    return found.name or element, found.name_en
        group = next((one for one in self._register.groups if one.code == what), None)
        return (group.zh, group.en) if group else (what, what.replace("_", " "))


def _row(verdict: Verdict, subject: str, case_id: str | None, version: str, now: datetime) -> tuple[Any, ...]:
    """A verdict as `rows.COLUMNS` stand."""
    return (subject, verdict.clause, verdict.period, case_id, verdict.state, verdict.due_at, verdict.since,
            verdict.obligation, verdict.evidence, now, version)
