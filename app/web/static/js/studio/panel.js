// The panel beside the diagram: what the chosen element does, in sections; what does not apply is not shown.
import { el, t } from "./base.js";
import { checkField, feelField, pickField, rowsField, selectField, textField } from "./fields.js";
import { inWords, is } from "./model.js";
import { callSection, decisionSection, eventSection, flowSection, loopSection, scriptSection, serviceSection, timerSection } from "./panel_runs.js";

const ID = /^[A-Za-z_][\w.-]*$/;
const SHOWN = new Set(["name_en", "form", "activity", "extra_activities", "clauses", "milestone", "group", "assignee", "independent", "remind_at",
  "pauses", "pause_reason", "status", "closes_case", "correlate", "kind", "result"]);
const KINDS = () => [["top", t("Case (starts with a case)")], ["called", t("Called by another process")], ["beside", t("Beside the case")], ["standing", t("Standing work on a calendar")]];
const REASONS = () => [["waiting_customer", t("Waiting for the customer")], ["waiting_parts", t("Waiting for parts")]];

export class Panel {
  constructor({ place, model, vocabulary, editable, typeName, findings }) {
    Object.assign(this, { place, model, vocabulary, editable, typeName, findings });
    this.open = new Set();
    this.closed = new Set();
  }

  // A change of the element's properties, with everything that fields need to offer it.
  context(element) {
    const { model, vocabulary } = this;
    const object = model.subject(element);
    const properties = object ? model.properties(object) : {};
    const zh = vocabulary.locale === "zh";
    return { element, object, properties, model, vocabulary, disabled: !this.editable,
      label: (code, chinese, english) => [code, zh ? `${chinese}（${code}）` : `${english} (${code})`],
      word: (chinese, english) => (zh ? chinese : english),
      property: (name) => (value) => model.setProperty(element, object, name, value) };
  }

  show(element) {
    this.element = element;
    const focus = this.place.contains(document.activeElement) ? document.activeElement : null;
    const at = focus && { name: focus.name, start: focus.selectionStart };
    const c = this.context(element);
    const parts = c.object ? this.sections(c) : [el("p", { class: "muted" }, t("Choose an element in the diagram or in the table below it."))];
    this.place.replaceChildren(...parts.filter(Boolean));
    if (at?.name) {
      const again = this.place.querySelector(`[name="${CSS.escape(at.name)}"]`);
      again?.focus();
      if (again && at.start !== undefined && at.start !== null && again.setSelectionRange && again.type !== "checkbox") again.setSelectionRange(at.start, at.start);
    }
  }

  section(key, title, children, open = true) {
    const inside = children.filter(Boolean);
    if (!inside.length) return null;
    const isOpen = this.open.has(key) || (open && !this.closed.has(key));
    return el("details", { class: "section", open: isOpen, ontoggle: (event) => {
      (event.target.open ? this.open : this.closed).add(key);
      (event.target.open ? this.closed : this.open).delete(key);
    } }, el("summary", {}, title), el("div", {}, inside));
  }

  sections(c) {
    const { object } = c;
    const section = this.section.bind(this);
    return [
      this.head(c),
      section("general", t("Basics"), this.general(c)),
      is(object, "SequenceFlow") && section("flow", t("Condition"), flowSection(c)),
      is(object, "UserTask", "ManualTask") && section("work", t("Work"), this.work(c)),
      is(object, "ServiceTask") && section("service", t("Service operation"), serviceSection(c)),
      is(object, "BusinessRuleTask") && section("decision", t("Decision"), decisionSection(c)),
      is(object, "ScriptTask") && section("script", t("Script"), scriptSection(c)),
      is(object, "CallActivity") && section("call", t("Called process"), callSection(c)),
      section("timer", t("Timer"), timerSection(c)),
      section("event", t("Message or error"), eventSection(c)),
      is(object, "FlowNode", "Process") && section("policy", t("Policy"), this.policy(c)),
      is(object, "Activity") && section("loop", t("Several times"), loopSection(c), Boolean(object.loopCharacteristics)),
      section("more", t("More"), this.more(c), false),
    ];
  }

  head(c) {
    const found = this.findings(c.object.id);
    return el("div", { class: "panel-head" },
      el("div", { class: "kind" }, this.typeName(c.element)),
      el("h2", {}, c.object.name || t("(no name)")),
      found.map((one) => el("div", { class: `finding ${one.severity}` }, one.message)));
  }

  general(c) {
    const { element, object, model, properties, disabled, vocabulary } = c;
    if (is(object, "Lane")) {
      const groups = vocabulary.groups.map(([, zh, en]) => [zh, c.word(zh, en)]);
      return [selectField({ name: "lane-name", label: t("Group"), value: object.name ?? "", options: groups, empty: t("Choose…"), disabled, change: (value) => model.rename(element, value) })];
    }
    const named = !is(object, "TextAnnotation");
    if (!named) return [textField({ name: "text", label: t("Text"), value: object.text ?? "", rows: 3, disabled, change: (text) => model.modeling.updateProperties(element, { text }) })];
    return [
      textField({ name: "name", label: t("Name (Chinese)"), value: object.name ?? "", rows: is(object, "SequenceFlow") ? null : 2, disabled, change: (text) => model.rename(element, text) }),
      is(object, "FlowNode", "Process", "SequenceFlow") && textField({ name: "name_en", label: t("Name (English)"), value: properties.name_en ?? "", disabled, change: c.property("name_en"),
        help: properties.name_en || is(object, "SequenceFlow") ? null : t("Without one, pages show: {words}", { words: inWords(object.id) }) }),
      is(object, "Process") && selectField({ name: "kind", label: t("Kind of process"), value: properties.kind ?? "called", options: KINDS(), disabled, change: c.property("kind") }),
      this.lane(c),
      textField({ name: "documentation", label: t("Explanation"), value: model.documentation(object), rows: 3, disabled, change: (text) => model.setDocumentation(element, object, text) }),
    ];
  }

  lane(c) {
    const { element, object, model, disabled } = c;
    if (!is(object, "FlowNode") || element.type === "label") return null;
    const lanes = model.lanes(model.processOf(element));
    if (!lanes.length) return null;
    return selectField({ name: "lane", label: t("Lane"), value: model.laneOf(object)?.id ?? "", options: lanes.map((lane) => [lane.id, lane.name ?? lane.id]), empty: t("In no lane"), disabled,
      change: (id) => { const lane = lanes.find((one) => one.id === id); if (lane) model.setLane(element, object, lane); } });
  }

  work(c) {
    const { properties, vocabulary, disabled } = c;
    const forms = vocabulary.forms.map(([id, zh, en]) => c.label(id, zh, en));
    const link = properties.form && el("a", { class: "small", target: "_blank", rel: "noopener", href: vocabulary.links.editor.replace("PATH", `forms/${properties.form}.json`) }, t("Open the form"));
    const variables = vocabulary.variables;
    return [
      selectField({ name: "form", label: t("Form"), value: properties.form ?? "", options: forms, empty: t("No form"), disabled, change: c.property("form"), link }),
      feelField({ name: "group", label: t("Group instead of the lane's (FEEL)"), value: properties.group ?? "", kind: "group", rows: 1, disabled, variables, change: c.property("group") }),
      feelField({ name: "assignee", label: t("Person (FEEL)"), value: properties.assignee ?? "", kind: "assignee", rows: 1, disabled, change: c.property("assignee") }),
      textField({ name: "independent", label: t("Independent of"), value: properties.independent ?? "", disabled, change: c.property("independent"), help: t("actor, or a variable with the person who has to be independent") }),
      textField({ name: "remind_at", label: t("Remind at"), value: properties.remind_at ?? "", list: [["50%"], ["80%"], ["90%"]], pattern: /^\d{1,2}%$/, disabled, change: c.property("remind_at"), help: t("A share of the time until it is due, such as 80%.") }),
    ];
  }

  policy(c) {
    const { object, properties, vocabulary, disabled } = c;
    const options = (rows) => rows.map(([code, zh, en]) => ({ value: code, label: c.word(zh, en), short: c.word(zh, en), detail: code, search: `${code} ${zh} ${en}`.toLowerCase() }));
    const split = (text) => (text ?? "").replace(/,/g, " ").split(/\s+/).filter(Boolean);
    const activity = is(object, "FlowNode") && !is(object, "Gateway");
    return [
      pickField({ name: "clauses", label: t("Clauses"), title: t("Clauses of the policy"), values: split(properties.clauses), options: this.clauses(), disabled, change: (values) => c.property("clauses")(values.join(" ")) }),
      activity && selectField({ name: "activity", label: t("Activity of the policy"), value: properties.activity ?? "", options: vocabulary.activities.map(([id, zh, en]) => c.label(id, zh, en)), empty: t("None"), disabled, change: c.property("activity") }),
      activity && (properties.activity || properties.extra_activities) && pickField({ name: "extra_activities", label: t("Further activities"), values: split(properties.extra_activities), options: options(vocabulary.activities), disabled, change: (values) => c.property("extra_activities")(values.join(" ")) }),
      activity && selectField({ name: "milestone", label: t("Milestone that it reaches"), value: properties.milestone ?? "", options: vocabulary.milestones.map(([id, zh, en]) => c.label(id, zh, en)), empty: t("None"), disabled, change: c.property("milestone") }),
      activity && textField({ name: "status", label: t("Status of the case after it"), value: properties.status ?? "", list: this.statuses(), disabled, change: c.property("status") }),
      is(object, "EndEvent") && checkField({ name: "closes_case", label: t("Closes the case with this outcome"), value: properties.closes_case === "true", disabled, change: (value) => c.property("closes_case")(value ? "true" : "") }),
      is(object, "Activity", "CatchEvent") && pickField({ name: "pauses", label: t("Clocks that stand still meanwhile"), values: split(properties.pauses), options: options(vocabulary.milestones), disabled, change: (values) => c.property("pauses")(values.join(" ")) }),
      properties.pauses && selectField({ name: "pause_reason", label: t("Reason of the pause"), value: properties.pause_reason ?? "", options: REASONS(), empty: t("Choose…"), disabled, change: c.property("pause_reason") }),
    ];
  }

  clauses() {
    this.clauseOptions ??= this.vocabulary.clauses.map((one) => ({ value: one.id, label: one.id, short: one.id,
      detail: [one.document, one.section, one.text === one.section ? "" : one.text].filter(Boolean).join(" · "), search: `${one.id} ${one.document} ${one.section} ${one.text} ${one.kind}`.toLowerCase() }));
    return this.clauseOptions;
  }

  statuses() {
    const found = new Set();
    this.model.registry.forEach((element) => { const status = element.businessObject && this.model.properties(element.businessObject).status; if (status) found.add(status); });
    return [...found].map((one) => [one]);
  }

  more(c) {
    const { element, object, model, properties, disabled } = c;
    const rest = Object.entries(properties).filter(([name]) => !SHOWN.has(name)).map(([name, value]) => ({ name, value }));
    const known = Object.fromEntries(Object.entries(properties).filter(([name]) => SHOWN.has(name)));
    return [
      textField({ name: "id", label: t("Id"), value: object.id, pattern: ID, disabled, help: t("Histories and figures go by it: a new id is a new element to them."),
        change: (id) => { if (id && id !== object.id) { if (object === element.businessObject) model.modeling.updateProperties(element, { id }); else model.set(element, object, { id }); } } }),
      rowsField({ label: t("Further properties"), rows: rest, columns: [{ name: "name", label: t("Property") }, { name: "value", label: t("Value") }], add: t("Add a property"), disabled,
        change: (rows) => model.setProperties(element, object, { ...known, ...Object.fromEntries(rows.filter((row) => row.name).map((row) => [row.name, row.value ?? ""])) }) }),
    ];
  }
}
