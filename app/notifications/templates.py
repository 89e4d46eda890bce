"""What people are told, in Chinese and English: one template a message, with a text for each kind of reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MISSING = "—"  # what a placeholder without a value shows


@dataclass(frozen=True)
class Template:
    """One message. A reader without a text of its own is not told: staff words never reach a customer."""

    zh: str  # title
    en: str
    staff: tuple[str, str] = ("", "")  # text in Chinese and English
    customer: tuple[str, str] = ("", "")
    supplier: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Letter:
    """A rendered message."""

    title_zh: str
    title_en: str
    body_zh: str
    body_en: str

    def in_(self, locale: str) -> tuple[str, str]:
        """Return title and text in `locale` ("zh" or "en")."""
        return (self.title_zh, self.body_zh) if locale.startswith("zh") else (self.title_en, self.body_en)


CASE_ZH, CASE_EN = "个案 {number}（{type_zh}，{level}，{customer}）", "Case {number} ({type_en}, {level}, {customer})"
PAGE_ZH, PAGE_EN = "进度查询与答复：{link}", "Progress and answers: {link}"

TEMPLATES: Mapping[str, Template] = {
    # -- to the customer, sometimes with colleagues
    "automatic_receipt": Template(
        "已收到您的反馈 {number}", "We have your message {number}",
        customer=("尊敬的{customer}：我们已收到您的反馈，编号 {number}，将尽快与您联系。" + PAGE_ZH,
                  "Dear {customer}, we have your message, number {number}, and will contact you soon. " + PAGE_EN)),
    "order_number": Template(
        "您的服务单号 {number}", "Your service order {number}",
        customer=("尊敬的{customer}：您的反馈已登记，服务单号 {number}，请妥善保存，以便查询。" + PAGE_ZH,
                  "Dear {customer}, your request is registered as {number}; please keep the number. " + PAGE_EN)),
    "dispatch": Template(
        "{number} 已分派", "{number} was dispatched",
        staff=(CASE_ZH + "已分派给您的岗位，请在 {acknowledge_due} 前确认接单，"
               "{resolution_due} 前解决。问题：{description}",
               CASE_EN + " was dispatched to your group: confirm by {acknowledge_due}, resolve by {resolution_due}. "
               "Problem: {description}"),
        customer=("尊敬的{customer}：您的服务单 {number} 已安排专人处理，预计 {next_due} 前给您下一步答复。" + PAGE_ZH,
                  "Dear {customer}, somebody now handles {number}; expect the next answer by {next_due}. " + PAGE_EN)),
    "daily_progress": Template(
        "{number} 处理进展", "{number}: progress",
        staff=(CASE_ZH + "今日进展已通报客户，当前状态：{status}，下一时点：{next_due}。",
               CASE_EN + ": the customer was told today's progress; status {status}, next date {next_due}."),
        customer=("尊敬的{customer}：您的服务单 {number} 当前状态：{status}，下一时点：{next_due}。" + PAGE_ZH,
                  "Dear {customer}, {number} now stands at: {status}; next date: {next_due}. " + PAGE_EN)),
    "proposal": Template(
        "{number} 处理方案", "{number}: our proposal",
        staff=(CASE_ZH + "的处理方案已发给客户，请告知并听取答复。",
               CASE_EN + ": the proposal was sent to the customer; tell it in person and hear the answer."),
        customer=("尊敬的{customer}：您的服务单 {number} 已有处理方案，请打开链接查看并答复是否接受。" + PAGE_ZH,
                  "Dear {customer}, there is a proposal for {number}; please see it and say whether you accept. "
                  + PAGE_EN)),
    "answer_delayed": Template(
        "{number} 答复延迟", "{number}: our answer is late",
        staff=(CASE_ZH + "的答复已超过期限，请立即处理并向客户说明。",
               CASE_EN + ": the answer is overdue; act now and explain it to the customer."),
        customer=("尊敬的{customer}：很抱歉，您的服务单 {number} 未能按时答复，我们正在加紧处理。" + PAGE_ZH,
                  "Dear {customer}, we are sorry: the answer to {number} is late; we are working on it. " + PAGE_EN)),
    "survey_and_confirm": Template(
        "请确认 {number} 的处理结果", "Please confirm the result of {number}",
        customer=("尊敬的{customer}：您的服务单 {number} 已处理完成，请确认结果并评价（1–5 分）；"
                  "如不同意结果，您可以要求重办或申诉。" + PAGE_ZH,
                  "Dear {customer}, {number} is done: please confirm the result and rate us (1 to 5). If you disagree "
                  "you may ask for handling anew or appeal. " + PAGE_EN)),
    "appeal_inadmissible": Template(
        "{number} 的申诉未受理", "Your appeal on {number} is not admissible",
        customer=("尊敬的{customer}：您对 {number} 的申诉不符合受理条件，原因可在页面查看；"
                  "如有新的证据，可再次提出。" + PAGE_ZH,
                  "Dear {customer}, your appeal on {number} cannot be taken; the page says why. With new evidence you "
                  "may file again. " + PAGE_EN)),
    # -- to the supplier
    "quality_complaint": Template(
        "质量投诉 {number}：请处理并答复", "Quality complaint {number}: please act and answer",
        supplier=("贵司供应的产品（型号 {product}，序列号 {serial_no}）被客户投诉：{description} "
                  "请提出处理办法，并于 {reply_by} 前答复。我方编号 {number}。",
                  "A product that you supplied (model {product}, serial {serial_no}) was complained about: "
                  "{description} Please propose a remedy and answer by {reply_by}. Our number: {number}.")),
    "supplier_reminder": Template(
        "催办：质量投诉 {number}", "Reminder: quality complaint {number}",
        staff=(CASE_ZH + "的供应商尚未答复，请跟催并登记答复。",
               CASE_EN + ": the supplier has not answered; follow up and enter the answer."),
        supplier=("我方编号 {number} 的质量投诉尚未收到贵司答复，请尽快答复。",
                  "We have no answer yet to quality complaint {number}; please answer soon.")),
    # -- urgent and overdue, to colleagues
    "pickup_late": Template(
        "{number} 未及时接听", "{number} was not picked up in time",
        staff=(CASE_ZH + "的来访未在时限内接入，请立即安排。", CASE_EN + " was not picked up in time; see to it now.")),
    "priority_waiting": Template(
        "{number} 紧急个案待受理", "{number}: an urgent case waits",
        staff=(CASE_ZH + "为紧急个案，尚待登记定级，请优先受理。",
               CASE_EN + " is urgent and waits to be registered and graded; take it first.")),
    "priority_lane": Template(
        "{number} 优先通道", "{number}: priority lane",
        staff=(CASE_ZH + "已开通优先通道，请专项组立即响应，首次响应期限 {first_response_due}。问题：{description}",
               CASE_EN + ": the priority lane is open; the task force responds by {first_response_due}. "
               "Problem: {description}")),
    "escalated": Template(
        "{number} 已升级", "{number} was escalated",
        staff=(CASE_ZH + "已升级{about_zh}。请立即督办。", CASE_EN + " was escalated{about_en}. Act now.")),
    "rung_raised": Template(
        "{number} 升级到上一级", "{number} went one rung up",
        staff=(CASE_ZH + "逾期未决，已升级到上一级，请接手督办。",
               CASE_EN + " is still open and went one rung up; take it over.")),
    "escalated_contact_late": Template(
        "{number} 升级后仍未联系客户", "{number}: no contact after the escalation",
        staff=(CASE_ZH + "升级批准后两小时内未联系客户，请督促。",
               CASE_EN + ": the customer was not contacted within two hours of the approved escalation.")),
    "escalation_rejected": Template(
        "{number} 升级申请被退回", "{number}: escalation refused",
        staff=(CASE_ZH + "的升级申请被退回，请在 {new_due} 前处理；对客户的期限不变。",
               CASE_EN + ": the escalation was refused; handle it by {new_due}. The customer's dates stay.")),
    "escalation_finished": Template(
        "{number} 升级处理完毕", "{number}: escalation finished",
        staff=(CASE_ZH + "的升级处理已完毕，交回原流程。", CASE_EN + ": the escalation is finished and handed back.")),
    "progress_stale": Template(
        "{number} 进展未更新", "{number}: no progress noted",
        staff=(CASE_ZH + "已超过一天没有新的进展记录，请督促责任人更新。",
               CASE_EN + " has no progress note for over a day; have the owner update it.")),
    "customer_message": Template(
        "{number} 客户留言", "{number}: the customer wrote",
        staff=(CASE_ZH + "的客户留言：{note}", CASE_EN + ": the customer wrote: {note}")),
    # -- about tasks, between colleagues
    "task_reminder": Template(
        "任务将到期：{task_name}", "Due soon: {task_name}",
        staff=("{number} 的任务“{task_name}”应于 {task_due} 前完成。",
               "{number}: “{task_name}” is due by {task_due}.")),
    "task_urged": Template(
        "催办：{task_name}", "Urged: {task_name}",
        staff=("{by} 催办 {number} 的任务“{task_name}”，应于 {task_due} 前完成。{note}",
               "{by} urges “{task_name}” of {number}, due by {task_due}. {note}")),
    "task_transferred": Template(
        "转办给您：{task_name}", "Transferred to you: {task_name}",
        staff=("{by} 将 {number} 的任务“{task_name}”转给您。{note}",
               "{by} transferred “{task_name}” of {number} to you. {note}")),
    "task_delegated": Template(
        "委派给您：{task_name}", "Delegated to you: {task_name}",
        staff=("{by} 将 {number} 的任务“{task_name}”委派给您，办完后交回。{note}",
               "{by} delegated “{task_name}” of {number} to you; it goes back when you are done. {note}")),
    "task_resolved": Template(
        "委派已办：{task_name}", "Delegated task came back: {task_name}",
        staff=("{by} 已办理您委派的 {number} 的任务“{task_name}”，请确认。{note}",
               "{by} handed “{task_name}” of {number} back to you. {note}")),
    "opinion_asked": Template(
        "征求意见：{task_name}", "Your opinion: {task_name}",
        staff=("{by} 就 {number} 的任务“{task_name}”征求您的意见：{note}",
               "{by} asks your opinion on “{task_name}” of {number}: {note}")),
    "countersign_asked": Template(
        "请会签：{task_name}", "Please countersign: {task_name}",
        staff=("{by} 请您会签 {number} 的任务“{task_name}”：{note}",
               "{by} asks you to countersign “{task_name}” of {number}: {note}")),
    "consultation_answered": Template(
        "已答复：{task_name}", "Answered: {task_name}",
        staff=("{by} 已答复您就 {number} 的任务“{task_name}”提出的问题：{note}",
               "{by} answered your question on “{task_name}” of {number}: {note}")),
    "case_copied": Template(
        "抄送：{number}", "Copied to you: {number}",
        staff=("{by} 将 " + CASE_ZH + " 抄送给您。{note}", "{by} gave you a copy of " + CASE_EN + ". {note}")),
}


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return MISSING


def render(template: Template, reader: str, values: Mapping[str, Any]) -> Letter | None:
    """Return the message for a reader ("staff", "customer" or "supplier"), or None where it has no text for them."""
    zh, en = {"staff": template.staff, "customer": template.customer, "supplier": template.supplier}[reader]
    if not zh:
        return None
    known = _Known({name: str(value) for name, value in values.items() if value is not None})
    # Texts are ours; values are only ever inserted, never read as a format.
    texts = [text.format_map(known).strip() for text in (template.zh, template.en, zh, en)]
    return Letter(texts[0][:200], texts[1][:200], texts[2], texts[3])
