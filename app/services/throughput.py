"""How long elements take: daily sums of lengths, kept for the process picture, and the picture itself.

A length falls into one of spans that grow by a tenth; medians and shares are read from the counts, so they are right
within five per cent, and years of cases cost what days cost. What is not summed up yet is read from the history.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.facts import Element
from app.services.runtime import Runtime
from app.store.queries import control_process as queries
from app.store.queries.control_process import Now, Run, Summed
from app.store.unit_of_work import in_unit_of_work

GROWTH = 1.1  # how much longer the lengths of the next span are
SETTLED = timedelta(minutes=10)  # after midnight, when every step of the day has surely committed
PHASES = frozenset({"callActivity", "subProcess"})
WAITS_FOR_MESSAGES = frozenset({"boundaryEvent", "intermediateCatchEvent", "receiveTask"})


@dataclass(frozen=True)
class Figures:
    """What is shown at one element."""

    now: Now
    finished: int
    median: timedelta | None  # None where nothing ended
    p90: timedelta | None
    due: int  # how many that ended had a deadline
    late: int

    @property
    def late_share(self) -> float | None:
        """Share of what ended after its deadline, of what had one; None where nothing had."""
        return self.late / self.due if self.due else None


def bucket(seconds: float) -> int:
    """Return the span that a length falls into: 0 is less than a second, each next is a tenth longer."""
    return 0 if seconds < 1 else 1 + int(math.log(seconds) / math.log(GROWTH))


def length(number: int) -> timedelta:
    """Return the middle of a span."""
    return timedelta(seconds=GROWTH ** (number - 0.5)) if number else timedelta()


def quantile(counts: Mapping[int, int], share: float) -> timedelta | None:
    """Return the length below which `share` of the runs lie; None without runs."""
    wanted, so_far = share * sum(counts.values()), 0
    for number in sorted(counts):
        so_far += counts[number]
        if so_far and so_far >= wanted:
            return length(number)
    return None


class Throughput:
    """Sums days up, and answers for a process and its versions."""

    def __init__(self, rt: Runtime) -> None:
        self._rt, self._zone = rt, ZoneInfo(rt.zone)

    def roll_up(self, most: int = 400) -> int:
        """Sum up the days that are over and were not summed up yet, at most `most` of them; return how many."""
        until = self._local(self._rt.clock.now() - SETTLED)
        for done in range(most):
            day = self._next()
            if day is None or day >= until:
                return done
            self._rt.session().rollback()
            in_unit_of_work(partial(self._sum_up, day=day))
        return most

    def picture(self, process: str, elements: Iterable[Element], definitions: Sequence[int] | None, first: date,
                last: date) -> Mapping[str, Figures]:
        """Return the figures of a process's elements: now, and for what ended on the days [first, last]."""
        elements = list(elements)
        times: dict[str, Counter[int]] = {}
        due: Counter[str] = Counter()
        late: Counter[str] = Counter()
        for row in self._summed(process, definitions, first, last):
            times.setdefault(row.element_id, Counter())[row.bucket] += row.finished
            due[row.element_id] += row.due
            late[row.element_id] += row.late
        self._add_inner(process, elements, definitions, first, last, due, late)
        now = self._standing(process, elements, definitions)
        return {
            element.id: Figures(
                now.get(element.id, Now(0, 0, 0)), sum(counts.values()), quantile(counts, 0.5), quantile(counts, 0.9),
                due[element.id], late[element.id])
            for element in elements if element.process == process
            for counts in [times.get(element.id, Counter())]
        }

    # ---- inner

    def _add_inner(self, process: str, elements: Sequence[Element], definitions: Sequence[int] | None, first: date,
                   last: date, due: Counter[str], late: Counter[str]) -> None:
        """Let a phase be as late as the tasks that lie in it, a call as the process that it calls (whole days)."""
        here = {(element.process, element.id): element for element in elements if element.process == process}
        called = {element.called for element in here.values() if element.called}
        inside = queries.lateness(self._rt.session(), sorted(called), definitions, first, last) if called else {}
        for element in here.values():
            if element.called and element.called in inside:
                due[element.id], late[element.id] = inside[element.called]
        for element in here.values():
            if element.type == "userTask":
                for host in _upwards(here, process, element.id)[1:]:
                    due[host] += due[element.id]
                    late[host] += late[element.id]

    def _summed(self, process: str, definitions: Sequence[int] | None, first: date, last: date) -> list[Summed]:
        session, until = self._rt.session(), queries.rolled_until(self._rt.session())
        found = []
        if until is not None and first < until:
            found += queries.summed(session, process, definitions, first, min(last, until - timedelta(days=1)))
        tail = max(first, until) if until is not None else first
        if tail <= last:
            runs = queries.runs(session, self._midnight(tail), self._midnight(last + timedelta(days=1)), process,
                                definitions)
            counted: dict[tuple[str, int], list[int]] = {}
            for run in runs:
                _count(counted.setdefault((run.element_id, bucket(run.seconds)), [0, 0, 0]), run)
            found += [Summed(*key, *sums) for key, sums in counted.items()]
        return found

    def _next(self) -> date | None:
        session = self._rt.session()
        until = queries.rolled_until(session)
        if until is not None:
            return until
        first = queries.first_event(session)
        return None if first is None else self._local(first)

    def _sum_up(self, session: Session, day: date) -> None:
        following = day + timedelta(days=1)
        counted: dict[tuple[str, int, str, int], list[int]] = {}
        for run in queries.runs(session, self._midnight(day), self._midnight(following)):
            key = (run.process, run.definition_id, run.element_id, bucket(run.seconds))
            _count(counted.setdefault(key, [0, 0, 0]), run)
        names = ("process", "definition_id", "element_id", "bucket")
        rows = [{**dict(zip(names, key, strict=True)), "day": day, "finished": sums[0], "due": sums[1],
                 "late": sums[2]} for key, sums in counted.items()]
        queries.write_day(session, day, rows, following)

    def _standing(self, process: str, elements: Sequence[Element],
                  definitions: Sequence[int] | None) -> Mapping[str, Now]:
        """Return what stands at each element, phases and called processes included: whoever is inside stands there."""
        within = _enclosing(process, elements)
        processes = sorted({name for name, _ in within} | {process})
        now = self._rt.clock.now()
        borders = {(element.process, element.id) for element in elements if element.attached_to}
        found: dict[str, dict[str, list[bool]]] = {}
        waits = queries.standing(self._rt.session(), processes, definitions, now)
        caught = [element.id for element in elements
                  if element.process == process and element.type in WAITS_FOR_MESSAGES and element.message]
        waits += [(process, element, instance, False, False) for element, instance in
                  queries.waiting_for_messages(self._rt.session(), caught, definitions)]
        for where, element, instance, late, failed in waits:
            if (where, element) in borders and not failed:
                continue  # a deadline that waits beside an activity: the token stands on the activity
            for place in within.get((where, element), ((element,) if where == process else ())):
                marks = found.setdefault(place, {}).setdefault(instance, [False, False])
                marks[0], marks[1] = marks[0] or late, marks[1] or failed
        return {place: Now(len(marks), sum(late for late, _ in marks.values()),
                           sum(failed for _, failed in marks.values())) for place, marks in found.items()}

    def _local(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def _count(sums: list[int], run: Run) -> None:
    sums[0] += 1
    sums[1] += run.due_at is not None
    sums[2] += run.is_late


def _enclosing(process: str, elements: Sequence[Element]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return (process, element) -> the elements of `process` that it lies in or is: phases, and calls at any depth."""
    by_id = {(element.process, element.id): element for element in elements}
    callers: dict[str, set[str]] = {}  # called process -> elements of `process` that reach it
    for element in elements:
        if element.process == process and element.called:
            for name in _reached(element.called, elements):
                callers.setdefault(name, set()).add(element.id)
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for key, element in by_id.items():
        if key[0] == process:
            found[key] = tuple(_upwards(by_id, process, element.id))
        elif key[0] in callers:
            found[key] = tuple(place for caller in callers[key[0]] for place in _upwards(by_id, process, caller))
    return found


def _upwards(by_id: Mapping[tuple[str, str], Element], process: str, element_id: str) -> list[str]:
    """Return an element and the phases around it, innermost first."""
    places = [element_id]
    while (parent := by_id[process, places[-1]].parent) is not None:
        places.append(parent)
    return places


def _reached(process: str, elements: Sequence[Element]) -> set[str]:
    calls: dict[str, set[str]] = {}
    for element in elements:
        if element.called:
            calls.setdefault(element.process, set()).add(element.called)
    seen, waiting = {process}, [process]
    while waiting:
        for name in calls.get(waiting.pop(), set()) - seen:
            seen.add(name)
            waiting.append(name)
    return seen
