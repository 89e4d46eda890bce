"""What the product itself does for clauses that no diagram, decision or form carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Capability:
    """A part of the product; links name it as "platform:<id>"."""

    id: str
    zh: str
    en: str
    module: str  # where it is done


def _all(*found: Capability) -> Mapping[str, Capability]:
    return {one.id: one for one in found}


CAPABILITIES = _all(
    Capability("groups", "岗位与泳道：工作只到有权的岗位", "Roles and lanes: work reaches the roles that may do it",
               "app.services.people"),
    Capability("clocks", "时限时钟：每个时限各自计时与评判", "Clocks: every deadline is timed and judged by itself",
               "app.services.sla"),
    Capability("reminders", "到期前提醒与逾期升级", "Reminders before a deadline and escalation after it",
               "app.services.timers"),
    Capability("numbering", "编号：唯一、按规则、不断号", "Numbers: unique, by rule, without gaps",
               "app.store.numbers"),
    Capability("retention", "归档与保存期", "Archive and retention", "app.services.casebox"),
    Capability("portal", "客户自助查询进度", "Customers look up their case", "app.web.portal"),
    Capability("knowledge", "知识库：检索、引用、补充", "Knowledge base: searched, used, enriched",
               "app.services.knowledge"),
    Capability("wording", "措辞提示：含糊词与未承诺时间", "Wording: vague words and answers without a time",
               "app.policy.wording"),
    Capability("guidance", "每步显示其条款、说明与标准话术", "Each step shows its clauses, help and standard phrases",
               "app.policy.phrases"),
    Capability("register", "制度登记簿：人人可查，变更须经第二人批准",
               "The register: open to all staff, changed only with a second person's approval",
               "app.services.policies"),
    Capability("coverage", "覆盖检查：每条款由谁落实", "Coverage: what carries out each clause",
               "app.policy.coverage"),
    Capability("notifications", "通知：派单、协作与到期", "Notices: dispatch, cooperation, deadlines",
               "app.notifications"),
    Capability("intake", "统一受理：各渠道进同一登记", "One intake for every channel", "app.web.registration"),
    Capability("statistics", "个案查询与统计导出", "Case queries and exports", "app.web.exports"),
    Capability("audit", "不可改的审计记录", "Audit records that can't be changed", "app.services.audit"),
)
