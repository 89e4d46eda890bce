// The diagram editor: bpmn-js with our panel, a table of the elements for the keyboard, and the lint's findings.
import { download, el, later, learn, post, t } from "./base.js";
import { translateModule, zh } from "./bpmn_zh.js";
import { chengnuo, spiffworkflow } from "./moddle.js";
import { tellLosses } from "./losses.js";
import { Model, is, keepLooseReferences } from "./model.js";
import { Panel } from "./panel.js";
import { Saver } from "./saver.js";

const place = document.getElementById("canvas");
const { base, path, revision, editable } = place.dataset;
const canEdit = editable === "1";
const url = (verb) => `${base}/${verb}/${path}`;
const READABLE = 0.75; // the zoom below which names can't be read
const LEFT = 135; // pixels that the palette covers

const vocabulary = await (await fetch(url("vocabulary"))).json();
learn(vocabulary.texts);
const words = vocabulary.locale === "zh" ? zh : {};
const Modeler = window.BpmnJS; // the viewer, for who may only read
const modeler = new Modeler({ container: place, additionalModules: [translateModule(words)], moddleExtensions: { spiffworkflow, chengnuo } });
const canvas = modeler.get("canvas");
const registry = modeler.get("elementRegistry");
const selection = modeler.get("selection");
const eventBus = modeler.get("eventBus");
const stack = modeler.get("commandStack", false);
const overlays = modeler.get("overlays");
const translate = modeler.get("translate");
const model = new Model(modeler);
let findings = [];
let beforeTidy = null;
let redrawn = false;

// A line break that an XML file writes as &#13; is one only while it is written so.
const xml = async () => (await modeler.saveXML({ format: true })).xml.replaceAll("\r", "&#13;");
const typeName = (element) => translate(englishName(element));
const panel = new Panel({ place: document.getElementById("panel"), model, vocabulary, editable: canEdit, typeName, findings: (id) => findings.filter((one) => one.element === id) });
const saver = canEdit && new Saver({ url: url("save"), revision: Number(revision), produce: xml, place: document.getElementById("save-state"),
  conflictPlace: document.getElementById("conflict"), name: path.split("/").pop(), viewUrl: url("content") });
if (saver) saver.onrefused = (data) => { if (data.findings) showFindings(data.findings); };

// What kind of element it is, as bpmn-js names it.
function englishName(element) {
  const object = element.businessObject;
  const type = object.$type.replace("bpmn:", "");
  const kind = object.eventDefinitions?.[0]?.$type.replace("bpmn:", "").replace("EventDefinition", "");
  const spaced = type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const name = kind ? `${kind} ${spaced}` : spaced.charAt(0).toUpperCase() + spaced.slice(1);
  const fixed = { "Sub process": "Sub-process", "Event based gateway": "Event-based gateway" }[name] ?? name;
  return object.$type === "bpmn:BoundaryEvent" && object.cancelActivity === false ? `${fixed} (non-interrupting)` : fixed;
}

function rootElement() {
  const root = canvas.getRootElement();
  if (!is(root.businessObject, "Collaboration")) return root;
  return registry.filter((element) => is(element.businessObject, "Participant") && element.parent === root && element.businessObject.processRef)[0] ?? root;
}

const chosen = () => { const [one] = selection.get(); return one ? (one.labelTarget ?? one) : rootElement(); };
const showPanel = () => panel.show(chosen());

function start() {
  canvas.zoom("fit-viewport");
  if (canvas.zoom() > 1) canvas.zoom(1);
  const left = place.querySelector(".djs-palette")?.offsetWidth ? LEFT : 20;
  const box = canvas.viewbox();
  if (canvas.zoom() < READABLE) canvas.viewbox({ x: box.inner.x - left / READABLE, y: box.inner.y - 30, width: box.outer.width / READABLE, height: box.outer.height / READABLE });
  else canvas.scroll({ dx: Math.max(0, left - (box.inner.x - box.x) * canvas.zoom()), dy: 0 });
}

async function load(text) {
  const { warnings } = await modeler.importXML(text).catch(async (error) => {
    // Many tools write no drawing, or one that can't be shown: the server draws it; nothing is saved by looking.
    const { ok, data } = await post(url("tidy"), { content: text });
    if (!ok) throw error;
    redrawn = true;
    return modeler.importXML(data.content);
  });
  keepLooseReferences(modeler, warnings);
  offerDiagrams();
  start();
  showPanel();
  listElements();
}

// A file may hold several diagrams, of which one is shown at a time; folded phases are opened in place.
function offerDiagrams() {
  const choice = document.querySelector("[data-diagrams]");
  const found = model.definitions.diagrams.filter((one) => !is(one.plane?.bpmnElement, "Activity"));
  const title = ({ name, plane }, at) => name || plane?.bpmnElement?.name || `${t("Diagram")} ${at + 1}`;
  choice.replaceChildren(...found.map((one, at) => el("option", { value: one.id }, title(one, at))));
  choice.hidden = found.length < 2;
}
document.querySelector("[data-diagrams]").addEventListener("change", async (event) => {
  await modeler.open(event.target.value);
  start();
  showPanel();
  showFindings(findings);
});

// Findings: beside the shapes, and as a list
function showFindings(found) {
  findings = found;
  overlays.remove({ type: "finding" });
  const worst = new Map();
  for (const one of found) if (registry.get(one.element)) worst.set(one.element, [...(worst.get(one.element) ?? []), one]);
  for (const [id, list] of worst) {
    const badge = el("button", { type: "button", class: `finding-badge ${list[0].severity}`, title: list.map((one) => one.message).join("\n"), "aria-label": list.map((one) => one.message).join(" "), onclick: () => select(id) }, list[0].severity === "info" ? "i" : "!");
    const element = registry.get(id);
    const middle = element.waypoints && element.waypoints[Math.floor((element.waypoints.length - 1) / 2)];
    overlays.add(id, "finding", { position: middle ? { top: 0, left: 0 } : { top: -12, left: -8 }, html: badge });
  }
  const count = (severity) => found.filter((one) => one.severity === severity).length;
  const counted = document.getElementById("findings-count");
  counted.textContent = found.length ? String(found.length) : "";
  counted.className = `badge-count ${count("error") ? "late" : count("warning") ? "soon" : ""}`;
  const list = document.getElementById("findings");
  list.replaceChildren(...(found.length ? found.map((one) => el("li", { class: `finding ${one.severity}` },
    el("span", { class: `chip ${{ error: "late", warning: "soon" }[one.severity] ?? ""}` }, { error: t("Error"), warning: t("Warning"), info: t("Note") }[one.severity]), " ",
    one.element && registry.get(one.element) ? el("button", { type: "button", class: "plain link", onclick: () => select(one.element) }, nameOf(registry.get(one.element))) : model.nameOf(one.element), " ", one.message))
    : [el("li", { class: "muted" }, t("Nothing was found: it can be released."))]));
  listElements();
}

let asked = null;
async function check() {
  asked?.abort();
  asked = new AbortController();
  const state = document.getElementById("check-state");
  state.textContent = t("Checking…");
  try {
    const { ok, data } = await post(url("check"), { content: await xml() }, asked.signal);
    state.textContent = ok ? "" : data.message;
    if (ok) { showFindings(data.findings); showPanel(); }
  } catch (error) {
    if (error.name !== "AbortError") state.textContent = error.message;
  }
}
const checkSoon = later(2500, check);

// The table beside the diagram: what the mouse can reach, the keyboard reaches too.
const nameOf = (element) => (vocabulary.locale === "en" && model.properties(model.subject(element) ?? {}).name_en) || element.businessObject.name || (is(element.businessObject, "Collaboration") ? document.querySelector("h1").firstChild.textContent.trim() : element.id);
function listElements() {
  const wanted = document.getElementById("elements-filter").value.trim().toLowerCase();
  const lanes = (object) => { try { return model.laneOf(object)?.name ?? ""; } catch { return ""; } };
  const elements = registry.filter((element) => !element.labelTarget && element.type !== "label" && is(element.businessObject, "FlowNode", "SequenceFlow", "Lane", "Participant"));
  const order = (element) => (is(element.businessObject, "Participant") ? 0 : is(element.businessObject, "Lane") ? 1 : is(element.businessObject, "SequenceFlow") ? 3 : 2);
  const text = (element) => `${nameOf(element)} ${element.id} ${typeName(element)}`.toLowerCase();
  const shown = elements.filter((element) => text(element).includes(wanted)).sort((one, other) => order(one) - order(other));
  document.getElementById("elements").replaceChildren(...shown.map((element) => {
    const found = findings.filter((one) => one.element === element.id);
    const flow = is(element.businessObject, "SequenceFlow") && `${element.businessObject.sourceRef?.name ?? ""} → ${element.businessObject.targetRef?.name ?? ""}`;
    return el("tr", {}, el("td", {}, el("button", { type: "button", class: "plain link", onclick: () => select(element.id, true) }, flow ? element.businessObject.name || flow : nameOf(element))),
      el("td", { class: "small muted" }, typeName(element)), el("td", { class: "small" }, lanes(element.businessObject)),
      el("td", { class: "small" }, model.properties(model.subject(element)).clauses ?? ""),
      el("td", {}, found.length ? el("span", { class: `chip ${found[0].severity === "error" ? "late" : "soon"}` }, String(found.length)) : ""));
  }));
}

function select(id, toPanel = false) {
  const element = registry.get(id);
  if (!element) return;
  const root = canvas.findRoot(element);
  if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
  selection.select(element);
  canvas.scrollToElement(element, 140);
  if (toPanel) document.querySelector("#panel input, #panel textarea, #panel select")?.focus({ preventScroll: true });
}

// Events of the modeler
eventBus.on("selection.changed", () => { if (document.getElementById("panel").contains(document.activeElement)) document.activeElement.blur(); showPanel(); });
eventBus.on("root.set", () => { if (registry.getAll().length > 1) showPanel(); });
const listSoon = later(300, listElements);
// The palette names its tools for readers only; the mouse gets the same words.
const nameTools = () => place.querySelectorAll(".djs-palette .entry[aria-label]").forEach((entry) => { entry.title = entry.getAttribute("aria-label"); });
eventBus.on("palette.changed", nameTools);
nameTools();
if (stack) eventBus.on("commandStack.changed", ({ trigger }) => {
  document.querySelector("[data-undo]").disabled = !stack.canUndo();
  document.querySelector("[data-redo]").disabled = !stack.canRedo();
  if (trigger === "clear") return; // a fresh import, not a change
  saver?.changed();
  showPanel();
  listSoon();
  checkSoon();
});

// The tools above the canvas
const on = (name, action) => document.querySelector(`[data-${name}]`)?.addEventListener("click", action);
on("undo", () => stack.undo());
on("redo", () => stack.redo());
on("fit", () => { canvas.zoom("fit-viewport"); });
on("closer", () => canvas.zoom(Math.min(canvas.zoom() * 1.25, 4)));
on("farther", () => canvas.zoom(Math.max(canvas.zoom() / 1.25, 0.1)));
on("check", check);
on("svg", async () => download(`${path.split("/").pop().replace(".bpmn", "")}.svg`, (await modeler.saveSVG()).svg, "image/svg+xml"));
on("tidy", async (event) => {
  event.target.disabled = true;
  saver?.tell("saving", t("Laying the diagram out…"));
  const before = await xml();
  const { ok, data } = await post(url("tidy"), { content: before }).catch((error) => ({ ok: false, data: { message: error.message } }));
  event.target.disabled = false;
  if (!ok) { saver?.tell("failed", data.message); return; }
  beforeTidy = before;
  document.querySelector("[data-untidy]").hidden = false;
  await load(data.content);
  saver?.changed();
  checkSoon();
});
on("untidy", async (event) => { event.target.hidden = true; await load(beforeTidy); saver?.changed(); });
document.getElementById("elements-filter").addEventListener("input", listSoon);

try {
  const kept = await (await fetch(url("content"))).text();
  await load(kept);
  if (canEdit) tellLosses(url("lost"), await xml(), redrawn);
  document.getElementById("studio").dataset.ready = "1";
  checkSoon.cancel();
  check();
} catch (error) {
  place.replaceChildren(el("div", { class: "flash error", role: "alert" }, t("The diagram can't be drawn: {reason}", { reason: error.message })));
}
