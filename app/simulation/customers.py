"""Synthetic customers: what they bring, and how they behave until their case is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from app.services.cases import CHANNELS, FLAGS

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
GIVEN = (
    *("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "杰"),
    *("秀英", "建华", "晓明", "雨桐", "子涵", "志远", "海燕", "文静"),
)
COMPANIES = ("宏达机械", "新源电气", "恒泰工贸", "华信自动化", "东方精工", "瑞丰物流设备")
MODELS = ("CN-100", "CN-200", "CN-300", "CN-500", "CN-800Pro")
STORIES: Mapping[str, Sequence[str]] = {
    "complaint": (
        "设备运行不到一个月就有异响，联系两次都没有人上门。",
        "维修人员态度不好，问题没有解决就离开了。",
        "到货时外壳有明显划痕，要求说明情况并处理。",
        "承诺三天修好，现在已经过去一周，影响我们生产。",
        "同一批三台设备都出现漏油，怀疑是质量问题。",
    ),
    "return_exchange": (
        "型号买错了，包装未拆，申请换货。",
        "收到的货与订单不符，要求退货。",
        "开箱发现缺少配件，要求补发。",
    ),
    "fault_repair": (
        "设备开机报警 E07，无法启动。",
        "电机过热自动停机，请安排维修。",
        "控制面板没有显示，更换保险后依旧。",
    ),
    "consultation": ("请问该型号的保养周期是多久？", "想了解延长保修的条件和费用。", "设备参数如何恢复出厂设置？"),
    "suggestion": ("建议在说明书中增加安装示意图。", "希望 APP 可以直接查询维修进度。", "建议增加夜间值班电话。"),
    "other": ("需要补开发票，请告知流程。", "申请更换联系人信息。", "想了解附近的服务网点。"),
}
TYPES: Mapping[str, float] = {
    "complaint": 9, "return_exchange": 4, "fault_repair": 5, "consultation": 4, "suggestion": 2, "other": 1,
}  # fmt: skip
# Tempers: how common each is, and what customers of it lean to, by the key of a field.
HAPPY: Mapping[str, Any] = {
    "accepted": {True: 9, False: 1},
    "result_confirmed": {True: 9, False: 1},
    "satisfaction_score": {5: 6, 4: 4, 3: 1, 2: 0.2, 1: 0.2},
    "result_accepted": {"agree": 8},
    "problem_solved": {True: 9, False: 1},
    "next_step": {"close": 6},
    "visit_outcome": {"settled": 6},
}
ANGRY: Mapping[str, Any] = {
    "accepted": {True: 3, False: 7},
    "result_confirmed": {True: 3, False: 7},
    "satisfaction_score": {5: 0.5, 4: 1, 3: 2, 2: 3, 1: 3},
    "result_accepted": {"object": 3},
    "problem_solved": {True: 5, False: 5},
    "result_choice": {"appeal": 2},
}


@dataclass(frozen=True)
class Customer:
    """Somebody with a case: how they behave."""

    mood: Mapping[str, Any]
    silence: float  # how often they don't answer
    slowness: float  # days until they answer, on average
    portal: bool  # answers through the link rather than on the telephone
    wishes: Mapping[str, timedelta]  # what they will ask for unasked, and how long after registration


def customer(random: Random) -> Customer:
    """Return a customer at random."""
    kind = random.random()
    wishes = {}
    for name, share, earliest, latest in (
        ("withdraw", 0.06, 0.1, 6),
        ("request_change", 0.08, 0.2, 5),
        ("appeal", 0.1, 2, 14),
        ("reopen", 0.1, 5, 30),
        ("say", 0.2, 0.1, 8),
    ):
        if random.random() < share:
            wishes[name] = timedelta(days=random.uniform(earliest, latest))
    return Customer(
        mood=ANGRY if kind < 0.25 else HAPPY,
        silence=0.75 if random.random() < 0.15 else 0.06,
        slowness=random.choice((0.05, 0.3, 1.0, 2.5)),
        portal=random.random() < 0.6,
        wishes=wishes,
    )


def request(random: Random, types: Sequence[str], today: date) -> dict[str, Any]:
    """Return what POST /cases takes, of one of `types`."""
    kind = random.choices(list(types), [TYPES.get(one, 1) for one in types])[0]
    name = random.choice(SURNAMES) + random.choice(GIVEN)
    if random.random() < 0.2:
        name = f"{random.choice(COMPANIES)} {name}"
    who: dict[str, Any] = {
        "name": name,
        "phone": f"1{random.choice('3578')}{random.randrange(10**9):09d}",
        "level": "vip" if random.random() < 0.15 else "ordinary",
    }
    if random.random() < 0.4:
        who["email"] = f"user{random.randrange(10**6)}@example.com"
    body: dict[str, Any] = {
        "type": kind,
        "channel": random.choice(CHANNELS),
        "customer": who,
        "description": random.choice(STORIES.get(kind, STORIES["other"])),
    }
    if kind in {"complaint", "return_exchange", "fault_repair"} or random.random() < 0.3:
        body["product"] = _product(random, today)
    if random.random() < 0.4:
        body["urgency"] = random.choice(("high", "medium", "low"))
    if kind == "complaint" and random.random() < 0.5:
        body["severity"] = random.choice(("major", "important", "general", "general"))
    flags = [flag for flag in FLAGS if random.random() < 0.04]
    if flags:
        body["flags"] = flags
    return body


def _product(random: Random, today: date) -> dict[str, Any]:
    return {
        "model": random.choice(MODELS),
        "serial_no": f"SN{random.randrange(10**8):08d}",
        "order_no": f"DD{random.randrange(10**8):08d}",
        "purchase_date": (today - timedelta(days=random.randint(1, 900))).isoformat(),
        "origin": "purchased" if random.random() < 0.25 else "self_made",
    }
