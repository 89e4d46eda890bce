"""Fills a database with years of plausible cases, copied from a few real ones."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Engine, Table, func, select, text

from app.facts import SYSTEM, Actor
from app.store.base import Utc, db
from app.store.models import (
    Audit,
    Case,
    Communication,
    Document,
    History,
    Incident,
    Instance,
    Job,
    Milestone,
    MilestoneCheck,
    Notification,
    Submission,
    Subscription,
    Timer,
    User,
    WorkItem,
    WorkItemParty,
)
from app.store.unit_of_work import unit_of_work
from app.wiring import services
from tests.robot import fill as answers_to

OPEN_SHARE = 0.05
FAILING = 0.02  # share of open cases with an incident
DETAILED = 10  # every tenth closed case, and every open one, has its history and its forms: for all it would not fit
BATCH = 20_000
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文博慧建国志雅晓婷宇浩然"
COMPANIES = ("电器商贸有限公司", "物业管理有限公司", "酒店", "医院", "家电维修部")
CAUSES = ("装配扭矩不足", "密封圈硬度偏低", "说明书缺少提示", "运输磕碰", "物料错发", "焊点虚接")
MODELS = ("CN-20", "CN-30", "CN-55T", "XY-100", "XY-220")
TASKS = (
    ("intake", "register_case", "登记受理", "Register the case", "clerk"),
    ("complaint", "verify", "核实投诉", "Verify the complaint", "supervisor"),
    ("complaint", "investigate", "现场调查", "Investigate", "engineer"),
    ("complaint", "quality_opinion", "质量意见", "Quality opinion", "quality"),
    ("complaint", "propose_solution", "提出方案", "Propose a solution", "clerk"),
    ("complaint", "confirm_solution", "客户确认方案", "The customer's answer", "customer"),
    ("complaint", "deliver_parts", "发出配件", "Send the parts", "warehouse"),
    ("satisfaction", "call_back", "满意度回访", "Call back", "clerk"),
)
WORK = 8  # finished tasks of a closed case
COLLEAGUES = 20  # in each group, besides the demo user
LEVELS = ("P1", "P2", "P2", "P3", "P3", "P3", "P4")
TABLES = (
    Case,
    Instance,
    WorkItem,
    WorkItemParty,
    Timer,
    Subscription,
    Milestone,
    MilestoneCheck,
    History,
    Incident,
    Submission,
    Communication,
    Document,
    Audit,
    Job,
    Notification,
)


class Bulk:
    """Writes rows past the ORM: COPY on PostgreSQL, executemany on SQLite; indexes are built afterwards."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._sqlite = engine.dialect.name == "sqlite"
        self._rows: dict[Table, list[tuple[Any, ...]]] = {}
        self._plans: dict[Table, tuple[list[str], list[tuple[str, str, Any]]]] = {}
        cursor = self._connection.cursor()
        for statement in (
            ("PRAGMA foreign_keys=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-400000", "BEGIN")
            if self._sqlite
            else ("SET session_replication_role = replica", "SET synchronous_commit = off")
        ):
            cursor.execute(statement)

    def add(self, model: Any, **values: Any) -> None:
        """Write one row, some time before close()."""
        table = model.__table__
        names, plan = self._plans.get(table) or self._planned(table, values)
        rows = self._rows.setdefault(table, [])
        rows.append(tuple(self._cell(kind, values.get(name, default)) for name, kind, default in plan))
        if len(rows) >= BATCH:
            self._flush(table, names)

    def close(self) -> None:
        """Write what is left and commit."""
        for table, (names, _plan) in self._plans.items():
            self._flush(table, names)
        if not self._sqlite:
            for model in (Milestone,):  # whose keys were given
                self._connection.cursor().execute(
                    f"SELECT setval(pg_get_serial_sequence('{model.__tablename__}', 'id'),"
                    f" (SELECT max(id) FROM {model.__tablename__}))"
                )
        self._connection.commit()
        if self._sqlite:
            for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
                self._connection.cursor().execute(f"PRAGMA {pragma}")
        else:
            self._connection.cursor().execute("RESET ALL")
            self._connection.commit()
        self._connection.close()

    def _planned(self, table: Table, values: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, str, Any]]]:
        plan = []
        for column in table.columns:
            if column is table.autoincrement_column and column.name not in values:
                continue
            kind = "json" if isinstance(column.type, JSON) else "time" if isinstance(column.type, Utc) else ""
            default = column.default
            plain = None if default is None else default.arg if default.is_scalar else default.arg(None)
            plan.append((column.name, kind, plain))
        names = [name for name, _kind, _default in plan]
        self._plans[table] = names, plan
        return names, plan

    def _cell(self, kind: str, value: Any) -> Any:
        if value is None or not kind:
            return value
        if kind == "json":
            return json.dumps(value, ensure_ascii=False)
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if self._sqlite else value

    def _flush(self, table: Table, names: Sequence[str]) -> None:
        rows, self._rows[table] = self._rows.get(table) or [], []
        columns = ", ".join(f'"{name}"' for name in names)
        cursor = self._connection.cursor()
        if self._sqlite:
            marks = ", ".join("?" * len(names))
            cursor.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})', rows)
            return
        with cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)


class Sample:
    """The rows of one real case, to be copied."""

    def __init__(self, case_id: str) -> None:
        def of(model: Any) -> list[dict[str, Any]]:
            columns = [column.name for column in model.__table__.columns]
            rows = db.session.execute(select(model.__table__).where(model.__table__.c.case_id == case_id))
            return [dict(zip(columns, row, strict=True)) for row in rows]

        self.case = dict(db.session.execute(select(Case.__table__).where(Case.id == case_id)).one()._mapping)
        self.instance = of(Instance)[0]
        self.milestones, self.history, self.submissions = of(Milestone), of(History), of(Submission)
        self.checks = of(MilestoneCheck)
        hung = Timer.instance_id == self.instance["id"]
        self.timers = [dict(row._mapping) for row in db.session.execute(select(Timer.__table__).where(hung))]


class Crowd:
    """Cases of the last two years, the same for the same seed."""

    def __init__(self, bulk: Bulk, running: Sample, ended: Sample, seed: int) -> None:
        self._bulk, self._running, self._ended = bulk, running, ended
        self._random, self._now = random.Random(seed), services().clock.now()
        users = db.session.execute(select(User.username, User.id)).all()
        self._users = {row.username: row.id for row in users}
        self._colleagues = {
            group: [group, *(f"{group}{place}" for place in range(COLLEAGUES))]
            for group in {task[-1] for task in TASKS} - {"customer"}
        }
        self._milestone = (db.session.execute(select(func.max(Milestone.id))).scalar() or 0) + 1
        self._deadlines = sorted(self._random.gauss(48, 40) for _ in range(997))  # hours from now

    def case(self, number: int, is_open: bool) -> None:
        """Write one case with everything that hangs on it."""
        pick, sample = self._random, self._running if is_open else self._ended
        days = pick.random() * (20 if is_open else 700) + (0 if is_open else 5)
        at = self._now - timedelta(days=days)
        ended = None if is_open else at + timedelta(days=pick.random() * 5)
        case_id, level, customer = self._id(), pick.choice(LEVELS), self._customer()
        self._bulk.add(
            Case,
            **{
                **sample.case,
                "id": case_id,
                "number": f"BM{at:%Y%m}-{number:06d}",
                "access_key": uuid.UUID(case_id).hex,
                "type": pick.choice(("complaint", "complaint", "fault_repair", "consultation", "return_exchange")),
                "level": level,
                "state": "open" if is_open else "closed",
                "status": "处理中" if is_open else "已结案",
                "customer_name": customer,
                "customer_phone": f"13{pick.randrange(10**9):09d}",
                "product_model": pick.choice(MODELS),
                "extra": {**sample.case["extra"], "root_cause": pick.choice(CAUSES)} if ended else sample.case["extra"],
                "serial_no": f"SN{number:07d}",
                "order_no": f"ORD{pick.randrange(10**8)}",
                "registered_at": at,
                "registered_by": "clerk" if number % 3 else "supervisor",
                "closed_at": ended,
            },
        )
        instances = [self._instance(sample, case_id, at, ended, None)]
        if is_open and number % 2:
            instances.append(self._instance(sample, case_id, at, None, instances[0]))
        for instance_id in instances:
            self._waits(sample, instance_id)
        steps = [task for task in TASKS if task[-1] == "clerk"] + pick.sample(
            TASKS, 3
        )  # not every group has every case
        if is_open:
            pick.shuffle(steps)
        for place in range(len(instances) if is_open else WORK):
            self._task(instances[place % len(instances)], case_id, level, number, place, at, ended, steps)
        self._clocks(sample, case_id, at, ended)
        if is_open and pick.random() < FAILING:
            self._bulk.add(
                Incident,
                instance_id=instances[0],
                case_id=case_id,
                process="complaint",
                element_id="engage_supplier",
                kind="job",
                message_zh="供应商系统无响应（503）",
                message_en="The supplier's system does not answer (503)",
                created_at=at,
            )
        if is_open or number % DETAILED == 0:
            self._events(sample, instances[0], case_id, at)
        self._papers(case_id, number, at)

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _customer(self) -> str:
        pick = self._random
        name = pick.choice(SURNAMES) + "".join(pick.choice(GIVEN) for _ in range(pick.choice((1, 2, 2))))
        return name if pick.random() < 0.8 else name + pick.choice(COMPANIES)

    def _instance(self, sample: Sample, case_id: str, at: datetime, ended: datetime | None, parent: str | None) -> str:
        instance_id = self._id()
        self._bulk.add(
            Instance,
            **{
                **sample.instance,
                "id": instance_id,
                "case_id": case_id,
                "parent_id": parent,
                "link_key": None,
                "created_at": at,
                "ended_at": ended,
            },
        )
        return instance_id

    def _waits(self, sample: Sample, instance_id: str) -> None:
        for row in sample.timers:
            due = self._now + timedelta(hours=1 + self._random.random() * 200)
            values = {name: value for name, value in row.items() if name != "id"}
            self._bulk.add(Timer, **{**values, "instance_id": instance_id, "task_id": self._id(), "due_at": due})
        if sample is self._running:
            self._bulk.add(
                Subscription,
                instance_id=instance_id,
                task_id=self._id(),
                process="case",
                element_id="withdrawal",
                message="withdrawal",
                correlation=instance_id,
            )

    def _task(
        self,
        instance_id: str,
        case_id: str,
        level: str,
        number: int,
        place: int,
        at: datetime,
        ended: datetime | None,
        steps: Sequence[tuple[str, ...]],
    ) -> None:
        pick = self._random
        process, element, name, name_en, group = steps[place % len(steps)]
        name_of_one = pick.choice(self._colleagues[group]) if group in self._colleagues else group
        user = self._users.get(name_of_one)
        task_id, created = self._id(), at + timedelta(hours=place * 3)
        due = self._now + timedelta(hours=pick.choice(self._deadlines)) if not ended else created + timedelta(hours=8)
        taken = user is not None and (ended is not None or pick.random() < 0.4)
        self._bulk.add(
            WorkItem,
            id=task_id,
            instance_id=instance_id,
            case_id=case_id,
            process=process,
            element_id=element,
            name=name,
            name_en=name_en,
            form_id=None,
            group_code=group,
            assignee_id=user if taken else None,
            level=level,
            state="completed" if ended else "open",
            milestone="first_response" if place == 0 else None,
            created_at=created,
            due_at=due if pick.random() < 0.9 else None,
            remind_at=None if ended else max(due - timedelta(hours=4), self._now + timedelta(hours=1)),
            follow_up_at=due if not ended and pick.random() < 0.03 else None,
            claimed_at=created if taken else None,
            completed_at=created + timedelta(hours=2) if ended else None,
            completed_by=name_of_one if ended else None,
            revision=0,
            on_behalf=False,
        )
        if taken and user is not None and place % 2 == 0:
            self._bulk.add(WorkItemParty, work_item_id=task_id, user_id=user)
        if taken and user is not None and place % 3 == 0:
            self._bulk.add(
                Notification,
                user_id=user,
                key=task_id,
                kind="task",
                case_id=case_id,
                work_item_id=task_id,
                title_zh=f"新任务：{name}",
                title_en=f"New task: {name_en}",
                at=created,
                read_at=created if ended else None,
            )
        if ended and number % DETAILED == 0:
            self._bulk.add(
                Submission,
                work_item_id=task_id,
                instance_id=instance_id,
                case_id=case_id,
                form_id="satisfaction_survey" if place == WORK - 1 else None,
                data={"facts": "已核实，情况属实。", "satisfaction_score": pick.choice((1, 3, 4, 5, 5))},
                submitted_at=created,
                submitted_by=group,
            )

    def _clocks(self, sample: Sample, case_id: str, at: datetime, ended: datetime | None) -> None:
        renamed = {}
        for row in sample.milestones:
            renamed[row["id"]], self._milestone = self._milestone, self._milestone + 1
            due = (
                at + (row["due_at"] - row["started_at"])
                if ended
                else self._now + timedelta(hours=self._random.choice(self._deadlines))
            )
            self._bulk.add(
                Milestone,
                **{
                    **row,
                    "id": renamed[row["id"]],
                    "case_id": case_id,
                    "started_at": at,
                    "promised_at": due,
                    "due_at": due,
                    "state": "reached" if ended else "open",
                    "reached_at": ended,
                    "provisional": False,
                },
            )
        for row in sample.checks:
            values = {name: value for name, value in row.items() if name != "id"}
            self._bulk.add(
                MilestoneCheck,
                **{
                    **values,
                    "milestone_id": renamed[row["milestone_id"]],
                    "case_id": case_id,
                    "due_at": at + timedelta(hours=24),
                },
            )

    def _events(self, sample: Sample, instance_id: str, case_id: str, at: datetime) -> None:
        for place, row in enumerate(sample.history[:40]):
            values = {name: value for name, value in row.items() if name != "seq"}
            self._bulk.add(
                History,
                **{**values, "instance_id": instance_id, "case_id": case_id, "at": at + timedelta(minutes=place * 30)},
            )

    def _papers(self, case_id: str, number: int, at: datetime) -> None:
        for place in range(2):
            self._bulk.add(
                Communication,
                case_id=case_id,
                at=at + timedelta(hours=place),
                way="phone",
                direction="out",
                party="customer",
                summary="与客户沟通处理进度，客户表示同意。",
                by="clerk",
            )
            self._bulk.add(
                Job,
                key=f"{case_id}:{place}",
                operation="notify",
                state="done",
                attempts=1,
                run_at=at,
                created_at=at,
                done_at=at,
                args={"case": case_id, "params": {"to": ["customer"]}},
            )
        for action in ("case:registration:create", "work:task:complete", "case:closing:close"):
            self._bulk.add(Audit, at=at, actor="clerk", action=action, subject=f"BM-{number}", case_id=case_id)
        if number % 3 == 0:
            self._bulk.add(
                Document,
                case_id=case_id,
                kind="solution",
                number=f"PB-{number:06d}",
                state="closed",
                opened_at=at,
                closed_at=at,
            )


def people() -> Mapping[str, Actor]:
    """Return the demo users as actors, by username."""
    rows = db.session.execute(select(User.username, User.id)).all()
    return {row.username: services().people.actor_of(row.id) for row in rows}


def register(clerk: Actor, kind: str = "complaint") -> str:
    """Register one real case and return its id."""
    return services().cases.register(
        {
            "type": kind,
            "channel": "phone",
            "customer": {"name": "测试客户", "phone": "13900000001"},
            "product": {"model": "CN-20", "serial_no": "SN-REAL"},
            "description": "洗衣机脱水时噪音很大，已经影响休息。",
        },
        clerk,
    )


def open_tasks(case_id: str) -> list[str]:
    """Return the ids of a case's open tasks."""
    query = (
        select(WorkItem.id).where(WorkItem.case_id == case_id, WorkItem.state == "open").order_by(WorkItem.created_at)
    )
    found = list(db.session.execute(query).scalars())
    db.session.rollback()
    return found


def answer(task_id: str, actor: Actor, **choices: Any) -> dict[str, Any]:
    """Return answers that the task's form accepts."""
    served = services().work.form(task_id, actor)
    return answers_to(served.json, served.data, choices)


def prepare() -> None:
    """Deploy the processes and make the demo users."""
    services().definitions.deploy(services().runtime.root, SYSTEM, "benchmark")
    services().people.seed_demo()
    with unit_of_work() as session:
        session.add_all(
            User(
                username=f"{group}{place}",
                display_name=f"{group} {place}",
                password_hash="-",
                created_at=services().clock.now(),
            )
            for group in {task[-1] for task in TASKS} - {"customer"}
            for place in range(COLLEAGUES)
        )


def fill(cases: int, seed: int) -> None:
    """Write `cases` cases, with the indexes built at the end."""
    clerk = people()["clerk"]
    running, ended = Sample(register(clerk)), Sample(_withdrawn(clerk))
    db.session.rollback()
    indexes = [index for model in TABLES for index in model.__table__.indexes]
    for index in indexes:
        index.drop(db.engine)
    bulk = Bulk(db.engine)
    crowd = Crowd(bulk, running, ended, seed)
    stride = round(1 / OPEN_SHARE)
    for number in range(1, cases + 1):
        crowd.case(number, is_open=number % stride == 0)
    bulk.close()
    db.session.remove()
    for index in indexes:
        index.create(db.engine)
    settle()


def settle() -> None:
    """Do for PostgreSQL what it does by itself a minute later; SQLite never does."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _withdrawn(clerk: Actor) -> str:
    """Return a case that went to its end: withdrawn by the customer."""
    case_id = register(clerk, "consultation")
    services().cases.withdraw(case_id, "已自行解决", clerk)
    for task_id in open_tasks(case_id):
        services().work.complete(task_id, answer(task_id, clerk, goods_or_money_moved=False), clerk)
    return case_id
