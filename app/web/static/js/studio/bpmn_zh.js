// bpmn-js in Chinese: every text that its palette, menus and tools show.
const EVENTS = { Message: "消息", Timer: "定时", Conditional: "条件", Signal: "信号", Error: "错误", Escalation: "升级", Compensation: "补偿", Cancel: "取消", Link: "链接", Terminate: "终止" };
const PLACES = { "start event": "开始事件", "end event": "结束事件", "boundary event": "边界事件", "intermediate catch event": "中间捕获事件", "intermediate throw event": "中间抛出事件" };
const events = {};
for (const [kind, zh] of Object.entries(EVENTS)) {
  for (const [place, where] of Object.entries(PLACES)) {
    events[`${kind} ${place}`] = `${zh}${where}`;
    events[`${kind} ${place} (non-interrupting)`] = `${zh}${where}（非中断）`;
    events[`Append ${kind.toLowerCase()} ${place}`] = `追加${zh}${where}`;
  }
}

export const zh = {
  ...events,
  "Activate create/remove space tool": "腾出或收回空间", "Activate global connect tool": "连线工具", "Activate hand tool": "拖动画布", "Activate lasso tool": "框选",
  "Add lane above": "在上方添加泳道", "Add lane below": "在下方添加泳道", "Add text annotation": "添加注释", "Align elements": "对齐", "Align elements ": "对齐",
  "Align elements left": "左对齐", "Align elements right": "右对齐", "Align elements top": "顶端对齐", "Align elements bottom": "底端对齐", "Align elements center": "水平居中", "Align elements middle": "垂直居中",
  "Append end event": "追加结束事件", "Append gateway": "追加网关", "Append intermediate/boundary event": "追加中间或边界事件", "Append receive task": "追加接收任务", "Append task": "追加任务", "Append compensation activity": "追加补偿活动",
  "Append element": "追加元素", "Create element": "新建元素", "Change element": "更改类型", "Change type": "更改类型", "Connect to other element": "连接到其他元素", "Connect using association": "用关联连接", "Connect using data input association": "用数据输入关联连接",
  "Connect using Association": "用关联连接", "Connect using DataInputAssociation": "用数据输入关联连接", "Connect using Sequence/MessageFlow or Association": "用顺序流、消息流或关联连接",
  "Create data object reference": "新建数据对象", "Create data store reference": "新建数据存储", "Create end event": "新建结束事件", "Create expanded sub-process": "新建展开的子流程", "Create gateway": "新建网关", "Create group": "新建分组框", "Create intermediate/boundary event": "新建中间或边界事件", "Create pool/participant": "新建泳池", "Create start event": "新建开始事件", "Create task": "新建任务",
  Delete: "删除", Remove: "删除", "Distribute elements horizontally": "水平均匀分布", "Distribute elements vertically": "垂直均匀分布", "Divide into three lanes": "分成三条泳道", "Divide into two lanes": "分成两条泳道",
  Loop: "循环", Collection: "集合", "Parallel multi-instance": "并行多实例", "Sequential multi-instance": "顺序多实例", "Participant multiplicity": "多个参与者", "Open {element}": "打开{element}", "Search in diagram": "在图中查找", "Search in diagram…": "在图中查找…", "Toggle non-interrupting": "切换中断或非中断", "Ad-hoc": "临时",
  "Ad-hoc sub-process (collapsed)": "临时子流程（折叠）", "Ad-hoc sub-process (expanded)": "临时子流程（展开）", "Ad-hoc sub-process": "临时子流程", "Boundary event": "边界事件", "Business rule task": "业务规则任务", "Call activity": "调用活动",
  "Complex gateway": "复杂网关", "Conditional flow": "条件流", "Data object reference": "数据对象", "Data store reference": "数据存储", "Default flow": "默认流", "Empty pool/participant": "空泳池", "Empty pool/participant (removes content)": "空泳池（清除内容）", "End event": "结束事件",
  "Event based instantiating Gateway": "事件启动网关", "Parallel Event based instantiating Gateway": "并行事件启动网关", "Event sub-process": "事件子流程", "Event-based gateway": "事件网关", "Exclusive gateway": "排他网关", "Expanded pool/participant": "展开的泳池", "Inclusive gateway": "包容网关", "Parallel gateway": "并行网关",
  "Intermediate throw event": "中间抛出事件", "Intermediate catch event": "中间捕获事件", "Manual task": "人工任务", "Receive task": "接收任务", "Script task": "脚本任务", "Send task": "发送任务", "Service task": "服务任务", "User task": "用户任务", Task: "任务", "Sequence flow": "顺序流", "Start event": "开始事件",
  "Sub-process (collapsed)": "子流程（折叠）", "Sub-process (expanded)": "子流程（展开）", "Sub-process": "子流程", "Sub process": "子流程", Transaction: "事务", Process: "流程", Participant: "泳池", Lane: "泳道", Group: "分组框", "Text annotation": "注释", Association: "关联", "Message flow": "消息流", "Call Activity": "调用活动", Collaboration: "协作", Label: "标签",
  // headings of the menus
  Tools: "工具", Tasks: "任务", Gateways: "网关", Events: "事件", "Sub-processes": "子流程", Data: "数据", Participants: "参与者", "Data objects": "数据",
  // refusals and drag hints
  "no shape type specified": "没有指定图形类型", "element required": "需要一个元素", "no parent for {element} in {parent}": "{parent} 中没有可放置 {element} 的位置", "already rendered {element}": "{element} 已绘制", "failed to import {element}": "无法导入 {element}",
  "No results": "没有结果", "Search": "查找", "Nothing found": "没有结果",
};

export function translateModule(words) {
  const translate = (template, values = {}) => (words[template] ?? template).replace(/\{([^}]+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : (words[value] ?? value);
  });
  return { translate: ["value", translate] };
}
