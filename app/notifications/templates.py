"""What people are told, in Chinese and English: one template a message, with a text for each kind of reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STOPS = re.compile(r"([。！？；])[。，]|(?<=[。！？])\.")  # a value that ends a sentence, inside one of ours
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
               CASE_EN + ": the customer was told today's progress; status {status_en}, next date {next_due}."),
        customer=("尊敬的{customer}：您的服务单 {number} 当前状态：{status}，下一时点：{next_due}。" + PAGE_ZH,
                  "Dear {customer}, {number} now stands at: {status_en}; next date: {next_due}. " + PAGE_EN)),
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
    # -- returns, repairs and their parcels
    "return_guide": Template(
        "{number} 退换货：请填写申请", "{number}: please fill in your return application",
        customer=("尊敬的{customer}：请在页面填写退换货申请，并附发票与照片等证明；收到后一个工作日内答复。" + PAGE_ZH,
                  "Dear {customer}, please fill in the return application and attach the invoice and photographs; we "
                  "answer within one working day of receiving them. " + PAGE_EN)),
    "return_materials_missing": Template(
        "{number} 退换货：请补交材料", "{number}: please send what is missing",
        customer=("尊敬的{customer}：您的退换货申请还缺：{missing}。请在页面补交。" + PAGE_ZH,
                  "Dear {customer}, your return application lacks: {missing}. Please add it on the page. " + PAGE_EN)),
    "return_not_eligible": Template(
        "{number} 不符合退换条件", "{number} is not eligible for a return",
        customer=("尊敬的{customer}：您的退换申请未能通过，理由：{reason}。如有异议，您可以申诉。" + PAGE_ZH,
                  "Dear {customer}, your goods can't be returned or exchanged: {reason}. You may appeal. " + PAGE_EN)),
    "return_not_agreed": Template(
        "{number} 方案未达成一致", "{number}: no agreement yet",
        customer=("尊敬的{customer}：很遗憾未能就方案达成一致。您可以申诉，我们会另派专人处理。" + PAGE_ZH,
                  "Dear {customer}, we are sorry that we did not agree on a solution. You may appeal: somebody else "
                  "will look into it. " + PAGE_EN)),
    "return_slip": Template(
        "{number} 退货单 {slip}", "{number}: return slip {slip}",
        customer=("尊敬的{customer}：退货单 {slip} 已开具，请随货附上；退货地址：{address}。" + PAGE_ZH,
                  "Dear {customer}, please enclose return slip {slip}; send the goods to: {address}. " + PAGE_EN)),
    "goods_awaited": Template(
        "{number} 等待退回货物", "{number}: we wait for your goods",
        staff=(CASE_ZH + "的退回货物七天仍未收到，请联系客户。",
               CASE_EN + ": the returned goods have not come for a week; contact the customer."),
        customer=("尊敬的{customer}：我们还没有收到您退回的货物，退货地址：{address}。"
                  "已寄出的请告知快递单号。" + PAGE_ZH,
                  "Dear {customer}, your goods have not reached us yet; the address is: {address}. If you have sent "
                  "them, please tell us the tracking number. " + PAGE_EN)),
    "return_step_late": Template(
        "{number} 退货环节逾期", "{number}: a step of the return is late",
        staff=(CASE_ZH + "的取件确认或退货鉴定已逾期，请立即办理。",
               CASE_EN + ": the collection is not confirmed, or the inspection is late; act now.")),
    "inspection_failed": Template(
        "{number} 验货未通过", "{number}: the goods did not pass inspection",
        customer=("尊敬的{customer}：退回的货物未通过检验：{reason}。货物已寄还给您；如有异议，您可以申诉。" + PAGE_ZH,
                  "Dear {customer}, the returned goods did not pass inspection: {reason}. They are on their way back "
                  "to "
                  "you; you may appeal. " + PAGE_EN)),
    "refund_paid": Template(
        "{number} 退款已付", "{number}: your refund was paid",
        customer=("尊敬的{customer}：退款 {amount} 元已付，退款凭证 {voucher}，付款凭证号 {reference}。" + PAGE_ZH,
                  "Dear {customer}, CNY {amount} were paid back: voucher {voucher}, payment {reference}. " + PAGE_EN)),
    "tracking_no": Template(
        "{number} 已寄出 {tracking_no}", "{number}: sent as {tracking_no}",
        customer=("尊敬的{customer}：您的货物已由{carrier}寄出，快递单号 {tracking_no}。" + PAGE_ZH,
                  "Dear {customer}, your goods are on their way with {carrier}, tracking number {tracking_no}. "
                  + PAGE_EN)),
    "remote_solved": Template(
        "{number} 解决办法", "{number}: how it was solved",
        customer=("尊敬的{customer}：您的问题已通过远程协助解决：{solution}。如仍有问题请随时联系我们。" + PAGE_ZH,
                  "Dear {customer}, your problem was solved remotely: {solution}. Tell us if it comes back. "
                  + PAGE_EN)),
    "repair_result": Template(
        "{number} 维修完成", "{number}: your product is repaired",
        customer=("尊敬的{customer}：维修已完成：{result}。更换部件的质保期：{parts_warranty}。" + PAGE_ZH,
                  "Dear {customer}, the repair is done: {result}. Warranty on replaced parts: {parts_warranty}. "
                  + PAGE_EN)),
    "visit_unconfirmed": Template(
        "{number} 上门时间未确认", "{number}: the visit is not confirmed",
        staff=(CASE_ZH + "的上门（{visit_at}）不足一天仍未与客户确认，请立即联系客户。",
               CASE_EN + ": the visit ({visit_at}) is less than a day away and not confirmed; call the customer.")),
    "subtask": Template(
        "{number} 子任务：{title}", "{number}: sub-task {title}",
        staff=(CASE_ZH + "的子任务“{title}”派给您的部门，请一小时内接单，{due} 前完成。协作要求：{cooperation}",
               CASE_EN + ": sub-task “{title}” is for your department: take it on within an hour, done by {due}. Help "
               "needed: {cooperation}")),
    "bookkeeping_late": Template(
        "{number} 退换货未入账", "{number}: the return is not booked",
        staff=(CASE_ZH + "到月底仍未入账（意见书 {opinion}，红字出库单 {red_slip}），请移交并核对单据。",
               CASE_EN + " is not booked at the end of the month (opinion {opinion}, red slip {red_slip}); hand over "
               "and check the papers.")),
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
    "change_assessment_late": Template(
        "{number} 的需求变更尚未评估", "The change of {number} is not assessed",
        staff=(CASE_ZH + "的需求变更 {change} 一个工作日内未评估，请立即评估时限与费用。",
               CASE_EN + ": change {change} was not assessed within a working day; assess time and cost now.")),
    "change_refused": Template(
        "{number} 的需求变更不可行", "The change of {number} is not possible",
        staff=(CASE_ZH + "的需求变更 {change} 不可行，维持原方案：{note}",
               CASE_EN + ": change {change} is not possible, the old solution stays: {note}"),
        customer=("尊敬的{customer}：您就 {number} 提出的变更暂不能办理：{note}，原方案照常履行。" + PAGE_ZH,
                  "Dear {customer}, the change of {number} is not possible: {note}. What was agreed stays. "
                  + PAGE_EN)),
    "change_to_sign": Template(
        "请签字确认 {number} 的变更", "Please sign the change of {number}",
        customer=("尊敬的{customer}：您就 {number} 提出的变更已评估，请打开链接核对内容、期限与费用并签字；"
                  "三个工作日内未签字的，维持原方案。" + PAGE_ZH,
                  "Dear {customer}, the change of {number} was assessed: please check content, dates and cost and "
                  "sign. "
                  "Without a signature within three working days what was agreed stays. " + PAGE_EN)),
    "change_lapsed": Template(
        "{number} 维持原方案", "{number}: what was agreed stays",
        staff=(CASE_ZH + "的需求变更 {change} 未经客户签字，维持原方案。",
               CASE_EN + ": change {change} was not signed; what was agreed stays."),
        customer=("尊敬的{customer}：{number} 的变更未经您签字，原方案照常履行。" + PAGE_ZH,
                  "Dear {customer}, the change of {number} was not signed; what was agreed stays. " + PAGE_EN)),
    "change_applied": Template(
        "{number} 的变更已生效", "The change of {number} takes effect",
        staff=(CASE_ZH + "的需求变更 {change} 经客户签字生效，新的解决期限 {resolution_due}，原期限留存。",
               CASE_EN + ": change {change} is signed and takes effect; now due {resolution_due}, the old date is "
               "kept."),
        customer=("尊敬的{customer}：{number} 的变更已生效，新的解决期限 {resolution_due}。" + PAGE_ZH,
                  "Dear {customer}, the change of {number} takes effect; now due {resolution_due}. " + PAGE_EN)),
    "report_overdue": Template(
        "报表逾期：{report}", "Overdue: {report}",
        staff=("{report}（{period}）未按期完成，请立即办理。", "{report} ({period}) is overdue; finish it now.")),
    "report_sent": Template(
        "报表 {report}（{period}）", "Report {report} ({period})",
        staff=("{summary}\n结论与建议：{conclusions}", "{summary}\nConclusions: {conclusions}")),
    "survey_request": Template(
        "满意度调查 {campaign}", "Satisfaction survey {campaign}",
        customer=("尊敬的{customer}：{note} 请打开链接评价我们半年来的服务。" + PAGE_ZH,
                  "Dear {customer}, {note} Please rate our service of the last half year. " + PAGE_EN)),
    "survey_reminder": Template(
        "满意度调查 {campaign} 待您评价", "Satisfaction survey {campaign}: still open",
        customer=("尊敬的{customer}：满意度调查还差您的评价，只需一分钟。" + PAGE_ZH,
                  "Dear {customer}, your answer is still missing; it takes a minute. " + PAGE_EN)),
    "usage_tips": Template(
        "您的产品使用贴士", "Tips for your product",
        customer=("尊敬的{customer}：{tips}", "Dear {customer}, {tips}")),
    "usage_tips_late": Template(
        "{number} 的使用贴士逾期", "{number}: usage tips are late",
        staff=(CASE_ZH + "解决已满一个月，使用贴士尚未推送，请立即办理。",
               CASE_EN + ": a month after the resolution the usage tips were not sent; send them now.")),
    "care_consent_request": Template(
        "是否接收我们的关怀消息", "May we send you greetings and news?",
        customer=("尊敬的{customer}：我们想在节日送上祝福与新品消息，请打开链接答复是否接收；"
                  "不答复即不发送。" + PAGE_ZH,
                  "Dear {customer}, may we send greetings and news? Please say so; without an answer we send none. "
                  + PAGE_EN)),
    "care_greeting": Template(
        "{occasion}祝福", "Greetings",
        customer=("尊敬的{customer}：{occasion}快乐，感谢您的信任。不愿接收可随时回复退订。",
                  "Dear {customer}, our best wishes and thanks. You may unsubscribe at any time.")),
    "review_overdue": Template(
        "责任审查逾期 {opinion}", "The review of {opinion} is overdue",
        staff=("意见书 {opinion} 的责任与改善审查未在每月限日前完成，请立即办理。",
               "Responsibility and improvement of opinion {opinion} were not reviewed by the month's date; act now.")),
    "assessment_decision": Template(
        "考核决定书 {decision}", "Decision letter {decision}",
        staff=("意见书 {opinion} 的考核决定书 {decision} 已签发，请查收存档并执行。",
               "Decision letter {decision} on opinion {opinion} is issued; please file it and act on it.")),
    "supplier_recourse": Template(
        "质量追偿 {number}", "Recourse for {number}",
        supplier=("贵司供应的产品（型号 {product}）经我方意见书 {opinion} 认定有质量责任，损失 {amount} 元，"
                  "请于 {reply_by} 前答复赔付办法。我方编号 {number}。",
                  "By our opinion {opinion} the product you supplied (model {product}) is at fault; the loss is "
                  "{amount} CNY. Please answer by {reply_by}. Our number: {number}.")),
    "rectification_late": Template(
        "整改 {rectification} 满一个月未验证", "Rectification {rectification} is unverified",
        staff=("整改单 {rectification} 实施满一个月仍未用数据验证，请督办。",
               "A month after it was carried out, rectification {rectification} is not verified; see to it.")),
    "recall_late": Template(
        "召回 {rectification} 满七十二小时未启动", "Recall {rectification} has not begun",
        staff=("整改单 {rectification} 的批次问题发现已满七十二小时，召回或返修仍未启动，请立即启动。",
               "72 hours after the finding, the recall of {rectification} has not begun; start it now.")),
    "rectification_done": Template(
        "整改 {rectification} 已达标", "Rectification {rectification} met its target",
        staff=("整改单 {rectification} 经数据验证达标，知识库已更新。",
               "Rectification {rectification} met its target; the knowledge base is updated.")),
    "appeal_unregistered": Template(
        "{number} 的申诉尚未登记", "The appeal on {number} is not registered",
        staff=(CASE_ZH + "的申诉 {appeal} 未在期限内登记并回复客户，请立即办理。",
               CASE_EN + ": appeal {appeal} was not registered and answered in time; act now.")),
    "appeal_unnamed": Template(
        "{number} 的申诉尚未指定专人", "Nobody is named for the appeal on {number}",
        staff=(CASE_ZH + "的申诉 {appeal} 两小时内未指定专人，请督促部门负责人。",
               CASE_EN + ": nobody was named for appeal {appeal} within two hours; see to it.")),
    "appeal_assigned": Template(
        "{number} 的申诉已指定专人", "The appeal on {number} has its officer",
        staff=(CASE_ZH + "的申诉 {appeal} 已指定专人，请在 {acknowledge_due} 前受命，"
               "{appeal_decision_due} 前作出决定；综合部监督。",
               CASE_EN + ": appeal {appeal} has its officer: accept by {acknowledge_due}, decide by "
               "{appeal_decision_due}; general affairs oversees it.")),
    "appeal_unconfirmed": Template(
        "{number} 的申诉专人未受命", "The appeal officer of {number} has not accepted",
        staff=(CASE_ZH + "的申诉 {appeal} 专人一小时内未受命，请改派。",
               CASE_EN + ": the officer of appeal {appeal} did not accept within an hour; name another.")),
    "appeal_contact_late": Template(
        "{number} 的申诉超期", "The appeal on {number} is late",
        staff=(CASE_ZH + "的申诉 {appeal} 未在时限内联系客户或核实，请督促专人。",
               CASE_EN + ": appeal {appeal}: the contact or the verification is late; urge the officer.")),
    "appeal_late": Template(
        "{number} 的申诉未按期决定", "The appeal on {number} is undecided",
        staff=(CASE_ZH + "的申诉 {appeal} 已超过决定或办结期限，请督办。",
               CASE_EN + ": appeal {appeal} is past its date; see to it.")),
    "customer_message": Template(
        "{number} 客户留言", "{number}: the customer wrote",
        staff=(CASE_ZH + "的客户留言：{note}", CASE_EN + ": the customer wrote: {note}")),
    # -- about tasks, between colleagues
    "task_reminder": Template(
        "任务将到期：{task_name}", "Due soon: {task_name_en}",
        staff=("{number} 的任务“{task_name}”应于 {task_due} 前完成。",
               "{number}: “{task_name_en}” is due by {task_due}.")),
    "task_urged": Template(
        "催办：{task_name}", "Urged: {task_name_en}",
        staff=("{by} 催办 {number} 的任务“{task_name}”，应于 {task_due} 前完成。{note}",
               "{by} urges “{task_name_en}” of {number}, due by {task_due}. {note}")),
    "task_transferred": Template(
        "转办给您：{task_name}", "Transferred to you: {task_name_en}",
        staff=("{by} 将 {number} 的任务“{task_name}”转给您。{note}",
               "{by} transferred “{task_name_en}” of {number} to you. {note}")),
    "task_delegated": Template(
        "委派给您：{task_name}", "Delegated to you: {task_name_en}",
        staff=("{by} 将 {number} 的任务“{task_name}”委派给您，办完后交回。{note}",
               "{by} delegated “{task_name_en}” of {number} to you; it goes back when you are done. {note}")),
    "task_resolved": Template(
        "委派已办：{task_name}", "Delegated task came back: {task_name_en}",
        staff=("{by} 已办理您委派的 {number} 的任务“{task_name}”，请确认。{note}",
               "{by} handed “{task_name_en}” of {number} back to you. {note}")),
    "opinion_asked": Template(
        "征求意见：{task_name}", "Your opinion: {task_name_en}",
        staff=("{by} 就 {number} 的任务“{task_name}”征求您的意见：{note}",
               "{by} asks your opinion on “{task_name_en}” of {number}: {note}")),
    "countersign_asked": Template(
        "请会签：{task_name}", "Please countersign: {task_name_en}",
        staff=("{by} 请您会签 {number} 的任务“{task_name}”：{note}",
               "{by} asks you to countersign “{task_name_en}” of {number}: {note}")),
    "consultation_answered": Template(
        "已答复：{task_name}", "Answered: {task_name_en}",
        staff=("{by} 已答复您就 {number} 的任务“{task_name}”提出的问题：{note}",
               "{by} answered your question on “{task_name_en}” of {number}: {note}")),
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
    texts = [_one_stop(text.format_map(known).strip()) for text in (template.zh, template.en, zh, en)]
    return Letter(texts[0][:200], texts[1][:200], texts[2], texts[3])


def _one_stop(text: str) -> str:
    """Return a text without the full stop that follows a value's own."""
    return STOPS.sub(r"\1", text)
