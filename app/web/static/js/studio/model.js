// Reading and changing what a diagram says: every change is one command, so that undo takes it back whole.
export const is = (thing, ...types) => types.some((type) => thing?.$instanceOf?.(`bpmn:${type}`));

// An id in words, as pages show it where there is no English name.
export function inWords(id) { const spaced = id.replace(/[_-]/g, " ").trim(); return spaced.charAt(0).toUpperCase() + spaced.slice(1); }

// References that may name what no element of the file is: a variable, or something that is yet to be made.
const LOOSE = ["loopDataInputRef", "loopDataOutputRef", "messageRef", "errorRef", "signalRef", "escalationRef", "operationRef"];

// bpmn-moddle drops references that it cannot resolve; those that mean something are put back.
export function keepLooseReferences(modeler, warnings) {
  for (const { element, property, value } of warnings) {
    const name = property?.split(":").pop();
    if (element && LOOSE.includes(name) && !element.get(name)) element.set(name, stub(modeler, value));
  }
}

export function stub(modeler, id) { return modeler.get("moddle").create("bpmn:DataInput", { id }); }

export class Model {
  constructor(modeler) {
    this.modeler = modeler;
    this.modeling = modeler.get("modeling", false); // a viewer has none
    this.moddle = modeler.get("moddle");
    this.registry = modeler.get("elementRegistry");
    this.canvas = modeler.get("canvas");
  }

  get definitions() { return this.modeler.getDefinitions(); }
  get processes() { return this.definitions.rootElements.filter((one) => is(one, "Process")); }

  // What the panel edits for a shape: a pool stands for its process.
  subject(element) {
    const object = element.businessObject;
    if (is(object, "Participant")) return object.processRef ?? object;
    if (is(object, "Collaboration")) return null;
    return object;
  }

  processOf(element) {
    let object = this.subject(element);
    while (object && !is(object, "Process")) object = object.$parent;
    return object;
  }

  // How an element that this diagram does not show is called: by its name, its pool's, or else its id.
  nameOf(id) {
    const parts = (one) => [one, ...["rootElements", "participants", "flowElements", "artifacts", "laneSets", "lanes"].flatMap((name) => one[name] ?? []).flatMap(parts)];
    const all = parts(this.definitions);
    return all.find((one) => one.processRef?.id === id && one.name)?.name ?? all.find((one) => one.id === id)?.name ?? id ?? "";
  }

  set(element, object, properties) { this.modeling.updateModdleProperties(element, object, properties); }

  rename(element, name) {
    const object = element.businessObject;
    this.modeling.updateProperties(element, { name: name || undefined });
    if (is(object, "Participant") && object.processRef) this.set(element, object.processRef, { name: name || undefined });
  }

  // Extension elements

  extension(object, type) { return object?.extensionElements?.values?.find((one) => one.$type === type); }
  extensions(object, type) { return (object?.extensionElements?.values ?? []).filter((one) => one.$type === type); }

  setExtensions(element, object, type, made) {
    const old = object.extensionElements?.values ?? [];
    const first = old.findIndex((one) => one.$type === type);
    const values = old.filter((one) => one.$type !== type);
    values.splice(first < 0 ? values.length : first, 0, ...made);
    const holder = values.length ? this.moddle.create("bpmn:ExtensionElements", { values }) : undefined;
    if (holder) { holder.$parent = object; values.forEach((one) => { one.$parent = holder; }); }
    this.set(element, object, { extensionElements: holder });
  }

  text(object, type) { return this.extension(object, `spiffworkflow:${type}`)?.value ?? ""; }
  setText(element, object, type, value) {
    const name = `spiffworkflow:${type}`;
    this.setExtensions(element, object, name, value ? [this.moddle.create(name, { value })] : []);
  }

  properties(object) {
    const holder = this.extension(object, "spiffworkflow:Properties");
    return Object.fromEntries((holder?.properties ?? []).map((one) => [one.name, one.value ?? ""]));
  }

  setProperty(element, object, name, value) {
    const now = this.properties(object);
    if (value) now[name] = value; else delete now[name];
    this.setProperties(element, object, now);
  }

  setProperties(element, object, pairs) {
    const properties = Object.entries(pairs).map(([name, value]) => this.moddle.create("spiffworkflow:Property", { name, value }));
    const holder = this.moddle.create("spiffworkflow:Properties", { properties });
    properties.forEach((one) => { one.$parent = holder; });
    this.setExtensions(element, object, "spiffworkflow:Properties", properties.length ? [holder] : []);
  }

  // Service operations

  operator(object) {
    const found = this.extension(object, "spiffworkflow:ServiceTaskOperator");
    return { id: found?.id ?? "", result: found?.resultVariable ?? "",
      parameters: (found?.parameterList?.parameters ?? []).map(({ id, type, value }) => ({ id, type, value: value ?? "" })) };
  }

  setOperator(element, object, { id, result, parameters }) {
    const list = this.moddle.create("spiffworkflow:Parameters", {
      parameters: parameters.map((one) => this.moddle.create("spiffworkflow:Parameter", { id: one.id, type: one.type ?? "any", value: one.value })) });
    list.parameters.forEach((one) => { one.$parent = list; });
    const operator = this.moddle.create("spiffworkflow:ServiceTaskOperator", { id, resultVariable: result || undefined, parameterList: list });
    list.$parent = operator;
    this.setExtensions(element, object, "spiffworkflow:ServiceTaskOperator", id ? [operator] : []);
  }

  mappings(object, way) { return this.extensions(object, `chengnuo:${way}`).map(({ target, source }) => ({ target: target ?? "", source: source ?? "" })); }
  setMappings(element, object, way, pairs) {
    this.setExtensions(element, object, `chengnuo:${way}`, pairs.map((pair) => this.moddle.create(`chengnuo:${way}`, pair)));
  }

  // Expressions, documentation, events

  expression(body, parent) {
    if (!body) return undefined;
    const made = this.moddle.create("bpmn:FormalExpression", { body });
    made.$parent = parent;
    return made;
  }

  documentation(object) { return object.documentation?.[0]?.text ?? ""; }
  setDocumentation(element, object, text) {
    const rest = (object.documentation ?? []).slice(1);
    const made = text ? [this.moddle.create("bpmn:Documentation", { text })] : [];
    made.forEach((one) => { one.$parent = object; });
    this.set(element, object, { documentation: [...made, ...rest] });
  }

  event(object) {
    if (is(object, "SendTask", "ReceiveTask")) return object;
    return object?.eventDefinitions?.[0];
  }

  timer(definition) {
    for (const kind of ["timeDate", "timeDuration", "timeCycle"]) if (definition[kind]) return { kind, text: definition[kind].body ?? "" };
    return { kind: "timeDate", text: "" };
  }

  setTimer(element, definition, kind, text) {
    const none = { timeDate: undefined, timeDuration: undefined, timeCycle: undefined };
    this.set(element, definition, { ...none, [kind]: this.expression(text, definition) });
  }

  roots(type) { return this.definitions.rootElements.filter((one) => is(one, type)); }

  // The message, error, signal or escalation of that name: the file's own, else a new one.
  root(type, name) {
    const found = this.roots(type).find((one) => one.name === name);
    if (found) return found;
    const id = `${type.toLowerCase()}_${name.replace(/[^A-Za-z0-9_]/g, "_")}`;
    const taken = new Set(this.definitions.rootElements.map((one) => one.id));
    const made = this.moddle.create(`bpmn:${type}`, { id: taken.has(id) ? `${id}_${taken.size}` : id, name });
    made.$parent = this.definitions;
    return made;
  }

  setReference(element, definition, property, type, name) {
    const target = name ? this.root(type, name) : undefined;
    const all = this.definitions.rootElements;
    if (target && !all.includes(target)) this.set(element, this.definitions, { rootElements: [...this.#before(all), target, ...this.#after(all)] });
    this.set(element, definition, { [property]: target });
  }

  // Definitions stand before the processes that use them.
  #before(all) { return all.filter((one) => !is(one, "Process", "Collaboration")); }
  #after(all) { return all.filter((one) => is(one, "Process", "Collaboration")); }

  // Lanes

  lanes(process) {
    const found = [];
    const walk = (set) => (set?.lanes ?? []).forEach((lane) => { found.push(lane); walk(lane.childLaneSet); });
    (process?.laneSets ?? []).forEach(walk);
    return found;
  }

  laneOf(object) {
    const lanes = this.lanes(this.#processOf(object));
    for (let one = object; one && !is(one, "Process"); one = one.$parent) {
      const lane = lanes.findLast((candidate) => candidate.flowNodeRef?.includes(one));
      if (lane) return lane;
    }
    return null;
  }

  #processOf(object) { let one = object; while (one && !is(one, "Process")) one = one.$parent; return one; }

  setLane(element, object, lane) {
    const shape = this.registry.get(lane.id);
    const rootOf = (one) => this.canvas.findRoot(one);
    if (shape && rootOf(shape) === rootOf(element)) {
      const middle = (one) => one.y + one.height / 2;
      this.modeling.moveElements([element], { x: 0, y: middle(shape) - middle(element) }, shape.parent);
      return;
    }
    for (const one of this.lanes(this.#processOf(object))) {
      const refs = one.flowNodeRef ?? [];
      if (one === lane && !refs.includes(object)) this.set(element, one, { flowNodeRef: [...refs, object] });
      if (one !== lane && refs.includes(object)) this.set(element, one, { flowNodeRef: refs.filter((ref) => ref !== object) });
    }
  }
}
