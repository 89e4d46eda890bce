// The panel's sections on what runs: conditions, operations, decisions, calls, timers, messages, repetition.
import { el, t } from "./base.js";
import { checkField, feelField, rowsField, selectField, textField } from "./fields.js";
import { inWords, is, stub } from "./model.js";

const NAME = /^[A-Za-z_]\w*$/;

export function flowSection({ element, object, model, vocabulary, disabled }) {
  const source = object.sourceRef;
  if (!is(source, "ExclusiveGateway", "InclusiveGateway", "ComplexGateway") && !object.conditionExpression) return [];
  const isDefault = source?.default === object;
  return [
    !isDefault && feelField({ name: "condition", label: t("Taken when (FEEL)"), value: object.conditionExpression?.body ?? "", kind: "condition", rows: 3, disabled, variables: vocabulary.variables,
      change: (text) => model.modeling.updateProperties(element, { conditionExpression: model.expression(text, object) }) }),
    is(source, "ExclusiveGateway", "InclusiveGateway") && checkField({ name: "default", label: t("Otherwise: taken when no other condition holds"), value: isDefault, disabled,
      change: (value) => {
        const shape = model.registry.get(source.id);
        if (value && object.conditionExpression) model.modeling.updateProperties(element, { conditionExpression: undefined });
        model.modeling.updateProperties(shape, { default: value ? object : undefined });
      } }),
  ];
}

export function serviceSection({ element, object, model, vocabulary, disabled, word, label }) {
  const now = model.operator(object);
  const operation = vocabulary.operations.find((one) => one.name === now.id);
  const kinds = { local: t("at once, inside the step"), effect: t("queued; the token goes on"), call: t("queued; the token waits for the result") };
  const given = Object.fromEntries(now.parameters.map((one) => [one.id, one]));
  const put = (change) => model.setOperator(element, object, { ...now, ...change });
  const declared = operation?.parameters ?? [];
  const names = new Set(declared.map((one) => one.name));
  const others = now.parameters.filter((one) => !names.has(one.id));
  const putOne = (name, value) => {
    const rest = now.parameters.filter((one) => one.id !== name);
    if (!value) return put({ parameters: rest });
    const at = now.parameters.findIndex((one) => one.id === name);
    const made = { type: "any", ...given[name], id: name, value };
    return put({ parameters: at < 0 ? [...now.parameters, made] : now.parameters.with(at, made) });
  };
  return [
    selectField({ name: "operation", label: t("Operation"), value: now.id, options: vocabulary.operations.map((one) => label(one.name, one.zh, inWords(one.name))), empty: t("Choose…"), disabled, change: (id) => put({ id }) }),
    operation && el("p", { class: "form-text" }, word("", operation.en), " ", kinds[operation.kind]),
    declared.map((one) => feelField({ name: `parameter-${one.name}`, label: one.name, value: given[one.name]?.value ?? "", kind: "any", rows: 1, required: one.required, disabled, variables: vocabulary.variables,
      help: one.types.length ? t("Type: {type}", { type: one.types.map((type) => t(type)).join(" / ") }) : null, change: (value) => putOne(one.name, value) })),
    (operation?.open || others.length > 0 || (now.id && !operation)) && rowsField({ label: operation?.open ? t("Further parameters, as many as are needed") : t("Parameters that the operation does not declare"),
      rows: others.map(({ id, value, type }) => ({ id, value, type })), columns: [{ name: "id", label: t("Parameter") }, { name: "value", label: "FEEL", kind: "any" }], add: t("Add a parameter"), disabled,
      change: (rows) => put({ parameters: [...now.parameters.filter((one) => names.has(one.id)), ...rows.filter((row) => row.id).map((row) => ({ type: "any", value: "", ...row }))] }) }),
    now.id && textField({ name: "result", label: t("Variable for the result"), value: now.result, pattern: NAME, disabled, change: (result) => put({ result }) }),
  ].flat();
}

export function decisionSection({ element, object, model, vocabulary, properties, property, disabled, label }) {
  const id = model.text(object, "CalledDecisionId");
  const decision = vocabulary.decisions.find((one) => one.id === id);
  const link = decision && el("a", { class: "small", target: "_blank", rel: "noopener", href: vocabulary.links.editor.replace("PATH", decision.path) }, t("Open the table"));
  const pairs = (list) => list.map(([code, name]) => (name && name !== code ? label(code, name, inWords(code))[1] : code)).join("、");
  return [
    selectField({ name: "decision", label: t("Decision table"), value: id, options: vocabulary.decisions.map((one) => label(one.id, one.zh, inWords(one.id))), empty: t("Choose…"), disabled, change: (value) => model.setText(element, object, "CalledDecisionId", value), link }),
    decision && el("dl", { class: "said" }, el("dt", {}, t("Reads")), el("dd", {}, pairs(decision.inputs)), el("dt", {}, t("Answers")), el("dd", {}, pairs(decision.outputs))),
    textField({ name: "result", label: t("Variable for the answer"), value: properties.result ?? "", pattern: NAME, disabled, change: property("result"), help: t("Without one, it is named like the decision.") }),
  ];
}

export function scriptSection({ element, object, model, vocabulary, disabled }) {
  return [feelField({ name: "script", label: t("One line for each variable: name = FEEL"), value: object.script ?? "", kind: "script", rows: 5, required: true, disabled, variables: vocabulary.variables,
    change: (script) => model.modeling.updateProperties(element, { script: script || undefined }) })];
}

export function callSection({ element, object, model, vocabulary, disabled, label }) {
  const columns = (way) => [{ name: "target", label: way === "In" ? t("In the called process") : t("Here") }, { name: "source", label: "FEEL", kind: "any" }];
  const rows = (way, title, add) => rowsField({ label: title, rows: model.mappings(object, way), columns: columns(way), add, disabled, change: (pairs) => model.setMappings(element, object, way, pairs) });
  const usual = vocabulary.interfaces[object.calledElement];
  const isEmpty = !model.mappings(object, "In").length && !model.mappings(object, "Out").length;
  const take = () => {
    model.setMappings(element, object, "In", usual.in.map((name) => ({ target: name, source: name })));
    model.setMappings(element, object, "Out", usual.out.map((name) => ({ target: name, source: name })));
  };
  const link = object.calledElement && el("a", { class: "small", target: "_blank", rel: "noopener", href: vocabulary.links.editor.replace("PATH", `processes/${object.calledElement}/${object.calledElement}.bpmn`) }, t("Open the process"));
  return [
    selectField({ name: "called", label: t("Process"), value: object.calledElement ?? "", options: vocabulary.processes.map(([id, zh, en]) => label(id, zh, en)), empty: t("Choose…"), disabled,
      change: (value) => model.modeling.updateProperties(element, { calledElement: value || undefined }), link }),
    isEmpty && usual && !disabled && el("button", { type: "button", class: "btn btn-sm btn-outline mb-2", onclick: take }, t("Take the inputs and outputs that other calls use")),
    rows("In", t("Inputs"), t("Add an input")),
    rows("Out", t("Outputs"), t("Add an output")),
  ];
}

// Timers: a milestone of the deadlines table, a span of natural or working time, a cycle, or any FEEL.
const UNITS = () => [["M", t("minutes")], ["H", t("hours")], ["D", t("days")]];

export function readTimer({ kind, text }) {
  let found;
  if ((found = /^due\("([a-z_]+)"\)$/.exec(text))) return { mode: "due", milestone: found[1] };
  if ((found = /^after\("P(?:T(\d+)([MH])|(\d+)(D))"\)$/.exec(text)) && kind === "timeDate") return { mode: "after", figure: found[1] ?? found[3], unit: found[2] ?? found[4] };
  if ((found = /^workdays\((\d+)\)$/.exec(text)) && kind === "timeDate") return { mode: "workdays", figure: found[1] };
  if (kind === "timeCycle" && (found = /^"R(\d*)\/P(?:T(\d+)([MH])|(\d+)(D))"$/.exec(text))) return { mode: "cycle", times: found[1], figure: found[2] ?? found[4], unit: found[3] ?? found[5] };
  return { mode: text ? "feel" : "", text };
}

export function writeTimer({ mode, milestone, figure, unit, times, text }) {
  const span = unit === "D" ? `P${figure}D` : `PT${figure}${unit}`;
  return { due: `due("${milestone}")`, after: `after("${span}")`, workdays: `workdays(${figure})`, cycle: `"R${times ?? ""}/${span}"`, feel: text ?? "" }[mode] ?? "";
}

export function timerSection({ element, object, model, vocabulary, disabled, label }) {
  const definition = model.event(object);
  if (!is(definition, "TimerEventDefinition")) return [];
  const timer = model.timer(definition);
  const now = readTimer(timer);
  const repeats = is(object, "BoundaryEvent") && object.cancelActivity === false;
  const put = (change) => {
    const next = { figure: "1", unit: "H", milestone: vocabulary.milestones[0]?.[0], ...now, ...change };
    model.setTimer(element, definition, next.mode === "cycle" ? "timeCycle" : next.mode === "feel" ? timer.kind : "timeDate", writeTimer(next));
  };
  const modes = [["due", t("When a milestone of the deadlines table is due")], ["after", t("After a span of natural time")], ["workdays", t("After working days")], ...(repeats || now.mode === "cycle" ? [["cycle", t("Again and again")]] : []), ["feel", t("By an expression (FEEL)")]];
  const inTable = new Set(vocabulary.decisions.find((one) => one.id === "deadlines")?.outputs.map(([name]) => name));
  const milestones = vocabulary.milestones.filter(([id]) => inTable.has(id) || id === now.milestone).map(([id, zh, en]) => label(id, zh, en));
  const figure = (title) => textField({ name: "figure", label: title, value: now.figure ?? "", pattern: /^[1-9]\d{0,4}$/, disabled, change: (value) => value && put({ figure: value }) });
  const units = () => selectField({ name: "unit", label: t("Unit"), value: now.unit ?? "H", options: UNITS(), disabled, change: (unit) => put({ unit }) });
  return [
    selectField({ name: "timer-mode", label: t("Fires"), value: now.mode, options: modes, empty: now.mode ? undefined : t("Choose…"), disabled, change: (mode) => put({ mode, text: mode === "feel" ? timer.text || "now()" : "" }) }),
    now.mode === "due" && selectField({ name: "due", label: t("Milestone"), value: now.milestone, options: milestones, disabled, change: (milestone) => put({ milestone }),
      link: el("a", { class: "small", target: "_blank", rel: "noopener", href: vocabulary.links.editor.replace("PATH", "processes/decisions/deadlines.dmn") }, t("Open the deadlines table")) }),
    now.mode === "after" && el("div", { class: "pair" }, figure(t("Figure")), units()),
    now.mode === "workdays" && figure(t("Working days")),
    now.mode === "cycle" && el("div", { class: "pair" }, figure(t("Every")), units()),
    now.mode === "cycle" && textField({ name: "times", label: t("Times at most"), value: now.times ?? "", pattern: /^\d{0,6}$/, disabled, change: (times) => put({ times }), help: t("Empty: until the activity ends.") }),
    now.mode === "feel" && selectField({ name: "timer-kind", label: t("The expression gives"), value: timer.kind, options: [["timeDate", t("a moment")], ["timeDuration", t("a duration")], ["timeCycle", t("a cycle")]], disabled, change: (kind) => model.setTimer(element, definition, kind, timer.text) }),
    now.mode === "feel" && feelField({ name: "timer", label: "FEEL", value: timer.text, kind: timer.kind, disabled, variables: vocabulary.variables, required: true, change: (text) => model.setTimer(element, definition, timer.kind, text) }),
    is(object, "BoundaryEvent") && checkField({ name: "interrupting", label: t("Ends the activity that it is attached to"), value: object.cancelActivity !== false, disabled, change: (value) => model.modeling.updateProperties(element, { cancelActivity: value }) }),
  ];
}

const EVENTS = { MessageEventDefinition: ["Message", "messageRef"], SignalEventDefinition: ["Signal", "signalRef"], ErrorEventDefinition: ["Error", "errorRef"], EscalationEventDefinition: ["Escalation", "escalationRef"], SendTask: ["Message", "messageRef"], ReceiveTask: ["Message", "messageRef"] };

export function eventSection({ element, object, model, vocabulary, properties, property, disabled }) {
  const definition = model.event(object);
  const found = Object.entries(EVENTS).find(([type]) => is(definition, type));
  if (!found) return [];
  const [type, reference] = found[1];
  const titles = { Message: t("Message"), Signal: t("Signal"), Error: t("Error"), Escalation: t("Escalation") };
  const target = definition[reference];
  const throws = is(object, "ThrowEvent", "SendTask");
  return [
    textField({ name: "event-name", label: t("{what}: its name", { what: titles[type] }), value: target?.name ?? target?.id ?? "", list: model.roots(type).map((one) => [one.name ?? one.id]), disabled, change: (name) => model.setReference(element, definition, reference, type, name) }),
    type === "Message" && feelField({ name: "correlate", label: t("Matched by (FEEL)"), value: properties.correlate ?? "", kind: "any", rows: 1, disabled, variables: vocabulary.variables, change: property("correlate"), help: t("Without one, by the number of the case.") }),
    type === "Message" && throws && feelField({ name: "payload", label: t("What it carries (FEEL context)"), value: model.text(definition, "MessagePayload"), kind: "payload", disabled, variables: vocabulary.variables, change: (text) => model.setText(element, definition, "MessagePayload", text) }),
    type === "Message" && !throws && textField({ name: "message-variable", label: t("Variable for what it carries"), value: model.text(definition, "MessageVariable"), pattern: NAME, disabled, change: (text) => model.setText(element, definition, "MessageVariable", text) }),
    ["Error", "Escalation"].includes(type) && target && textField({ name: "code", label: t("Code"), value: target[`${type.toLowerCase()}Code`] ?? "", disabled, change: (code) => model.set(element, target, { [`${type.toLowerCase()}Code`]: code || undefined }) }),
    is(object, "BoundaryEvent") && type !== "Error" && checkField({ name: "interrupting", label: t("Ends the activity that it is attached to"), value: object.cancelActivity !== false, disabled, change: (value) => model.modeling.updateProperties(element, { cancelActivity: value }) }),
  ];
}

export function loopSection(c) {
  const { element, object, model, vocabulary, disabled } = c;
  const loop = object.loopCharacteristics;
  const kind = !loop ? "" : is(loop, "StandardLoopCharacteristics") ? "standard" : loop.isSequential ? "sequential" : "parallel";
  const turn = (wanted) => {
    let made;
    if (wanted === "standard") made = model.moddle.create("bpmn:StandardLoopCharacteristics", { loopMaximum: 10 });
    else if (wanted && loop && kind !== "standard") { model.set(element, loop, { isSequential: wanted === "sequential" }); return; }
    else if (wanted) made = model.moddle.create("bpmn:MultiInstanceLoopCharacteristics", { isSequential: wanted === "sequential" });
    if (made) made.$parent = object;
    model.modeling.updateProperties(element, { loopCharacteristics: made });
  };
  const select = selectField({ name: "loop", label: t("Repetition"), value: kind, options: [["parallel", t("For each item, all at once")], ["sequential", t("For each item, one after the other")], ["standard", t("Again while a condition holds")]], empty: t("Once"), disabled, change: turn });
  if (!kind) return [select];
  return [select, ...(kind === "standard" ? standardLoop(c, loop) : multiInstance(c, loop))];
}

function standardLoop({ element, model, vocabulary, disabled }, loop) {
  const put = (change) => model.set(element, loop, change);
  return [
    feelField({ name: "loop-condition", label: t("Again while (FEEL)"), value: loop.loopCondition?.body ?? "", kind: "condition", disabled, variables: vocabulary.variables, change: (text) => put({ loopCondition: model.expression(text, loop) }) }),
    textField({ name: "loop-maximum", label: t("Times at most"), value: loop.loopMaximum === undefined ? "" : String(loop.loopMaximum), pattern: /^[1-9]\d{0,3}$/, disabled, change: (text) => put({ loopMaximum: text ? Number(text) : undefined }) }),
    checkField({ name: "test-before", label: t("Asked before the first time, too"), value: loop.testBefore === true, disabled, change: (value) => put({ testBefore: value || undefined }) }),
  ];
}

function multiInstance({ element, object, model, vocabulary, disabled }, loop) {
  const put = (change) => model.set(element, loop, change);
  const item = (type, name, old) => {
    if (!name) return undefined;
    const made = model.moddle.create(type, { id: old?.id ?? `${object.id}_${type === "bpmn:DataOutput" ? "result" : "item"}`, name });
    made.$parent = loop;
    return made;
  };
  const nameOf = (one) => one?.name ?? one?.id ?? "";
  const reference = (name) => (name ? stub(model.modeler, name) : undefined);
  return [
    textField({ name: "items", label: t("List variable"), value: loop.loopDataInputRef?.id ?? "", pattern: NAME, disabled, change: (name) => put({ loopDataInputRef: reference(name) }) }),
    textField({ name: "item", label: t("Variable for each item"), value: nameOf(loop.inputDataItem), pattern: NAME, disabled, change: (name) => put({ inputDataItem: item("bpmn:DataInput", name, loop.inputDataItem) }) }),
    !loop.loopDataInputRef && feelField({ name: "cardinality", label: t("Or how often (FEEL)"), value: loop.loopCardinality?.body ?? "", kind: "cardinality", rows: 1, disabled, variables: vocabulary.variables, change: (text) => put({ loopCardinality: model.expression(text, loop) }) }),
    textField({ name: "results", label: t("List of the results"), value: loop.loopDataOutputRef?.id ?? "", pattern: NAME, disabled, change: (name) => put({ loopDataOutputRef: reference(name) }) }),
    textField({ name: "result-item", label: t("Result of each"), value: nameOf(loop.outputDataItem), pattern: NAME, disabled, change: (name) => put({ outputDataItem: item("bpmn:DataOutput", name, loop.outputDataItem) }) }),
    feelField({ name: "completion", label: t("Done early when (FEEL)"), value: loop.completionCondition?.body ?? "", kind: "condition", rows: 1, disabled, variables: [...vocabulary.variables, "numberOfInstances", "numberOfCompletedInstances"], change: (text) => put({ completionCondition: model.expression(text, loop) }) }),
  ];
}
