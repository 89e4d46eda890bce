"""What stands in clauses' figures as a code, in Chinese; and what stands there in Chinese, in English."""

from __future__ import annotations

# code=中文, several a line; what is not here is shown as it is written.
_TEXT = """
compensation=补偿 case_type=个案类型 remedy=处理方式 content=内容 complaint_type=投诉类别 replacement=更换
complaint_time=投诉时间 severity=严重程度 urgency=紧急程度 customer_info=客户信息 sale=销售日 problem=问题
satisfaction=满意度 result=结果 occurred_at=发生时间 nature=性质 priority=优先级 installation=安装 channel=渠道
customer=客户 apology=道歉 service=服务 process=流程 complainant=投诉人 service_type=服务类型
improvement_measure=改进措施 web_form=网页表单 penalty_amount=考核金额 customer_level=客户等级
receive_goods=收到商品 repair_report=报修单 service_agreement=服务协议 responsibility=责任归属 coupon=优惠券
extended_warranty=延长保修 voucher=代金券 work_order=工单 case_archive=个案档案 service_kind=服务类别
customer_satisfaction=客户满意度 responsible_person=责任人 place=地点 receive=受理 assign=分派
online_platform=线上平台 complaint_reason=投诉原因 impact_scope=影响范围 free_repair=免费维修 return_method=退货方式
customer_demand=客户诉求 improvement_check=整改检查 strict=从严 service_charge=服务收费 current_progress=当前进展
service_attitude=服务态度 safety_issue=安全问题 status=状态 general_resolved_24h=一般投诉24小时解决率 app=App
bearer=承担方 seller=经营者 bought=购买日 presales=售前 logistics=物流 repair_response=维修响应
customer_emotional=客户情绪激动 fault_symptom=故障现象 screenshot_or_video=截图或视频 remote_assistance=远程协助
waybill_no=运单号 installation_order=安装单 call_recording=通话录音 product_manual=产品说明书
warranty_policy=保修政策 paid_repair=收费维修 scaled_by=分级依据 explain_policy=说明政策
exchange_same_model=换同型号 full_refund=全额退款 free_reinstallation=免费重装 staff_reprimand=批评教育员工
trade_in_value=折旧估价 exchange_shipping=换货寄送 customer_accepts=客户接受 negotiate_alternative=协商替代方案
escalate_to_supervisor=上报主管 problem_solved=问题已解决 restart_case=重新处理 escalate_handler=提高处理级别
int=整数 record_praise_case=收作表扬案例 communication_log=沟通记录 frequent_problems=高频问题
customer_kind=客户类别 person=个人 organisation=单位 complaint_founded=投诉属实 timetable=时间表
complaint_analysis=投诉分析 new_employee=新员工 subject=事项 milestones=阶段节点 periodic=定期
product_or_service=产品或服务 department=部门 redo_service=重新服务 persons=人员 customer_expectation=客户期望
standard_procedure=标准流程 resolution_due_at=解决期限 survey=调查 feedback_statistics=反馈统计
complaint_system=投诉系统 solution_steps=解决步骤 solution_time=解决时间 follow_up=跟进 deadline_at_risk=期限有风险
phone_callback=电话回访 questionnaire=问卷 visit=走访 complaint_database=投诉数据库 evidence=证据
supply_chain=供应链 request_content=请求内容 request_class=请求类别 service_action=服务措施
dispatch_technician=派技术人员 ship_spare_part=寄送配件 quality_evaluation=质量评估 service_application=服务申请
preliminary_evaluation=初步评估 provide_service=提供服务 after_sales=售后 sales=销售 return_eligible=符合退货条件
competence=专长 prompt=及时 listen=倾听 professional=专业 followup=跟进 followup_visit=回访 revisit=回访
online_repair_system=在线报修系统 customer_contact=联系客户 department_enquiry=部门问询 site_investigation=现场调查
individual=个人 internal_inquiry=内部调查 correction_or_penalty=纠正或处罚 multiple=多部门
cross_department_coordination=跨部门协调 service_quality=服务质量 compensate=补偿 process_management=流程管理
may_lodge_appeal=可提出申诉 simple=简单 solve_directly=直接解决 assign_team=指派团队 cause_explanation=原因说明
avoidance_advice=避免建议 complaint_data=投诉数据 request=请求 knowledge_base=知识库 explanation=解释
technical_support=技术支持 agree=同意 adjust=调整 service_team=服务团队 detail=详情 staff=员工 rehandle=重新处理
further_complaint=继续投诉 repeat_complaint_analysis=重复投诉分析 complaint_reply_time=投诉回复时间
repair_wait_time=维修等待时间 complaint_archive=投诉档案 query_statistics_reports=查询统计报表
management_report=管理报告 upgrade=升级 phone_answer_time=电话接听时间 arrival_time=到场时间
fault_fix_time=故障修复时间 identity=身份 product_info=产品信息 proof_documents=证明材料 courier=快递
onsite_pickup=上门取件 refund_voucher_or_new_product=退款凭证或新品 fault_description=故障描述
warranty_status=保修状态 in_warranty=保修期内 out_of_warranty=保修期外 repair_mode=维修方式 send_in=送修 onsite=上门
opinion_numbering=意见书编号 improvement_tracking=改进跟踪 supply_lead_time=供货周期 handling_deadline=处理期限
job_no=工号 specification=规格 quantity=数量 ship_date=发货日期 manage_deadline=管理时效 handle_overdue=处理逾期
notify_supplier=通知供应商 supplier_recourse=向供应商追偿 closed_opinions_summary=结案意见书汇总
loss_amount=损失金额 root_cause=根本原因 return_reason=退货原因 opinion_no=意见书编号 responsible_persons=责任人
in_three_guarantee_period=三包期内 analysis=分析 summary=汇总 improvement_proposal=改进建议 samples_missing=样表缺失
request_scope=诉求范围 usage=使用 order_status=订单状态 greeting=问候语 order_or_product_no=订单号或产品号
customer_words=客户原话 operation_steps=操作步骤 customer_urgency=客户急迫程度 business_importance=业务重要性
numbered_steps=分步编号 target_department=目标部门 expected_contact_at=预计联系时间 promised_reply_at=承诺回复时间
promised_due_at=承诺完成时间 next_update_at=下次更新时间 responsibility_split=责任划分 time_limits=时限
resolution_overdue=解决超期 second_complaint=二次投诉 batch_impact=批量影响 public_opinion_risk=舆情风险
escalation_reason=升级原因 proposed_target=建议升级对象 firm_solution=明确方案 service_efficiency=服务效率
problem_solving=问题解决 online_questionnaire=在线问卷 industry=行业 production_stop=停产 attachment=附件
attachment_name=附件名称 received_via=接收方式 service_order=服务单 inferred=推断 demand_type=需求类型 first=优先
complex=复杂 out_of_service_scope=超出服务范围 subtask=子任务 depends_on=依赖 scope_flag=范围标记
demand_details=需求细节 deadline=期限 cooperation=协作要求 dispatch_unconfirmed=派单未确认 auto_escalate=自动升级
progress_note=进展说明 update_overdue=更新超期 emergency_escalation=紧急升级 comm_time=沟通时间 comm_method=沟通方式
customer_feedback=客户反馈 next_plan=下一步计划 change_content=变更内容 reassessed_deadline=重新评估的期限
e_signature=电子签名 scanned_signature=扫描签字 warranty_period=质保期 replaced_part_warranty=更换件质保 answer=答复
suggestion_disposition=建议处理结果 response_speed=响应速度 communication_efficiency=沟通效率 popup=弹窗
ordinal=等级 complaint_baseline=投诉基线 complaint_first_response=投诉首次响应 complaint_satisfaction=投诉处理满意度
scenario_coverage=场景覆盖率 major_resolved_48h=重大投诉48小时解决率 repeat_rate_change=重复投诉率变化
customer_recovery=客户挽回率 complaint_volume_change=投诉量变化 root_cause_prevention=根因预防率
industry_efficiency_percentile=行业效率分位 domain=领域 channel_coverage=渠道覆盖率
first_response_15min=15分钟首次响应率 batch_fault=批量故障 response_rate=响应率
waiting_anxiety_change=等待焦虑率变化 grading_accuracy=分级准确率 known_customer=已知客户 skip=跳过
identity_reverification=重复身份核验 compensation_amount=补偿金额 single_level=单级审批
customer_progress_query=客户进度查询 node_update_on_time=节点更新及时率 customer_chasing_change=客户催问变化
complaint_summary=投诉汇总 frequent_problem=高频问题 product=产品 region=区域 fishbone=鱼骨图 pareto=帕累托图
root_cause_identified=根因查明率 trace_completion=追溯完成率 interview_coverage=访谈覆盖率
latent_issue_found=潜在问题发现率 urgent_batch=紧急批量 recall=召回 rework=返工 problem_identified=问题识别率
affected_product_handled=受影响产品处理率 training_hours_per_month=每月培训小时
service_complaint_change=服务投诉变化 prevention_implemented=预防措施落实率 same_kind_repeat_change=同类重复变化
verification_passed=验证通过 loop=循环 rectification=整改 small_gift=小礼品 extra_compensation=额外补偿
compensation_satisfaction=补偿满意度 major_followup_rate=重大投诉回访率 goodwill_change=好感度变化
key_customer_retention=重点客户保留率 etiquette_compliance=礼仪合规率 attitude_satisfaction_change=态度满意度变化
birthday=生日 holiday=节日 care_coverage=关怀覆盖率 buyer=消费者 burden_of_proof=举证责任 consent=同意
confidential=保密 damages=赔偿 factor=倍数 failed_repairs=维修失败次数 end_of_production=停产之后 excluded=不计入
waiting_for_parts=等待配件 restarts=重新起算 number=编号 demand=诉求 complexity=复杂程度 impact=影响 ends=期满
next_working_day=下一工作日 true=是 false=否 customer_name=客户姓名 complaint=投诉 fault=故障 product_name=产品名称
record=记录 online_store=网店 quality=质量
"""
# 中文=english, for the roles, forms and grades that the register keeps in Chinese.
_CHINESE = """
客服专员=service_clerk 服务工单=work_order_form 技术工程师=technical_engineer 三包=three_guarantees 主管=supervisor
物流专员=logistics_officer 技术主管=technical_supervisor 客户满意度调查表=satisfaction_survey_form
客服主管=service_supervisor 客服部门=service_department 责任部门=responsible_department
公司退货政策=company's_return_policy 生产部门=production_department 物流部门=logistics_department
产品质量=product_quality 售后服务不满意=dissatisfied_with_the_service 投诉调查团队=investigation_team
投诉表=complaint_form 物流=logistics 服务态度=service_attitude 服务需求登记=service_request_register
投诉管理部门=complaints_department 公司领导=company's_leadership 在线投诉表=online_complaint_form
配送延迟=late_delivery 其他=other 客服人员=service_staff 投诉处理人员=complaint_handlers 报修单=repair_report
申诉专人=appeals_officer 监管部门=regulator 仲裁机构=arbitration_body 客户服务代表=service_representative
相关部门=departments_concerned 售后服务负责人=head_of_after-sales 售后服务单=service_order 公司高层=top_management
客户服务部=customer_service_department 退换货申请=return_application 退货单=return_slip 市场营销部=marketing
部门主管=department_supervisor 总经理=general_manager 综合管理部=general_affairs
顾客投诉处理意见书=complaint_opinion 供应商=supplier 制造中心=manufacturing_centre 综合部=general_affairs
财务部=finance 考核决定书=assessment_decision 重大=major 红字出库单=red_stock_slip 技术质量部门=technical_quality
库房=warehouse 盘底表=stock_count_sheet 重新发货申请=reissue_request 黑色出库单=black_stock_slip
退库手续=return_to_stock_papers 重新发货手续=reissue_papers 业务联系书=business_contact_letter
问题分类与处理优先级参考表=classes_and_priorities_table 紧急=urgent 高=high 中=medium 低=low 可能=maybe
大概=probably 技术咨询部=technical_consultation 售后专员=after-sales_officer 处理人=handler
问题升级审批表=escalation_approval_form 部门负责人=department_head 更高层级=higher_level
升级处理人=escalation_handler 普通=ordinary 故障维修=fault_repair 使用指导=guidance_on_use
投诉处理=complaint_handling 功能建议=feature_suggestion 待处理=to_be_handled 问题类=problem 咨询类=consultation
建议类=suggestion 投诉类=complaint 需跨部门协调=needs_other_departments 需产品部评估=needs_the_product_department
售后工程师=after-sales_engineer 咨询解答=answering_questions 技术复杂问题=technically_complex_problem
技术支持经理=technical_support_manager 客户关系专员=customer_relations_officer 主责任人=main_person_responsible
协办人=helper 责任人=person_responsible 已联系客户=customer_contacted 已排查故障=fault_examined
等待备件=waiting_for_parts 处理完成=handled 售后总监=after-sales_director 沟通记录=communication_log
需求变更=requirement_change 非常满意=very_satisfied 满意=satisfied 一般=general 不满意=dissatisfied
非常不满意=very_dissatisfied 零售电商=retail_and_online_trade 家电数码=appliances_and_electronics
汽车售后=car_after-sales 服务咨询=service_consultation 售后部=after-sales 产品部=product_department
客服部=customer_service 研发部=research_and_development 重要=important 售后效率=after-sales_efficiency
一线售后专员=first-line_officer 售后主管=after-sales_supervisor 跨部门专项组=cross-department_task_force
产品=product 研发=research 生产=production 售后=after-sales 重点关怀名单=care_list
售后沟通礼仪标准=etiquette_standard
"""

CODES = dict(pair.split("=", 1) for pair in _TEXT.split())
ENGLISH = {chinese: english.replace("_", " ") for chinese, english in (pair.split("=", 1) for pair in _CHINESE.split())}
