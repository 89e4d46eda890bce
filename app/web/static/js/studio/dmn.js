// The decision-table editor: dmn-js, its own words in Chinese, the proof's gaps and overlaps beside the rules.
import { el, later, learn, post, t } from "./base.js";
import { translateModule } from "./bpmn_zh.js";
import { zh } from "./dmn_zh.js";
import { pickField, showVerdict, textField } from "./fields.js";
import { chengnuoRules } from "./moddle.js";
import { Saver } from "./saver.js";

const place = document.getElementById("canvas");
const { base, path, revision } = place.dataset; // who may only read gets a plain table instead of this page
const url = (verb) => `${base}/${verb}/${path}`;
const vocabulary = await (await fetch(url("vocabulary"))).json();
learn(vocabulary.texts);
const words = vocabulary.locale === "zh" ? zh : {};
const modules = [translateModule(words)];
const modeler = new window.DmnJS({ container: place, common: { additionalModules: modules }, decisionTable: { additionalModules: modules }, drd: { additionalModules: modules }, literalExpression: { additionalModules: modules },
  moddleExtensions: { chengnuo: chengnuoRules } });
const xml = async () => (await modeler.saveXML({ format: true })).xml;
const saver = new Saver({ url: url("save"), revision: Number(revision), produce: xml, place: document.getElementById("save-state"), conflictPlace: document.getElementById("conflict"), name: path.split("/").pop(), viewUrl: url("content") });
saver.onrefused = (data) => { if (data.findings) showFindings(data.findings); };
let findings = [];
let rule = null;

// Findings: at the rules they speak of, and as a list
const table = () => modeler.getActiveViewer()?.getDecision?.()?.decisionLogic ?? modeler.getActiveView()?.element?.decisionLogic;
const rowOf = (id) => place.querySelector(`td[data-row-id="${CSS.escape(id)}"]`)?.closest("tr");
const nameOf = (id) => { const at = (table()?.rule ?? []).findIndex((one) => one.id === id); return at < 0 ? id : t("Rule {n}", { n: at + 1 }); };

function mark() {
  place.querySelectorAll("tr.has-finding").forEach((row) => { row.classList.remove("has-finding", "late", "soon"); row.removeAttribute("title"); });
  for (const one of findings) {
    const row = one.element && rowOf(one.element);
    if (row) { row.classList.add("has-finding", one.severity === "error" ? "late" : "soon"); row.title = one.message; }
  }
}

function showFindings(found) {
  findings = found;
  document.getElementById("findings-count").textContent = found.length || "";
  // people count rules, they don't know their ids
  const plain = (text) => (table()?.rule ?? []).reduce((said, one, at) => said.replaceAll(one.id, t("Rule {n}", { n: at + 1 })), text);
  document.getElementById("findings").replaceChildren(...(found.length ? found.map((one) => el("li", { class: `finding ${one.severity}` },
    el("span", { class: `chip ${{ error: "late", warning: "soon" }[one.severity] ?? ""}` }, { error: t("Error"), warning: t("Warning"), info: t("Note") }[one.severity]), " ",
    one.element && rowOf(one.element) && el("button", { type: "button", class: "plain link", onclick: () => { rowOf(one.element).scrollIntoView({ block: "center", behavior: "smooth" }); choose(one.element); } }, nameOf(one.element)), " ", plain(one.message)))
    : [el("li", { class: "fine" }, t("Every input has one answer: no gaps, no overlaps."))]));
  mark();
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
    if (ok) showFindings(data.findings);
  } catch (error) {
    if (error.name !== "AbortError") state.textContent = error.message;
  }
}
const checkSoon = later(900, check);

// The chosen rule: its cells judged one by one, and the clauses that it stands on
function choose(id) {
  rule = (table()?.rule ?? []).find((one) => one.id === id) ?? null;
  showRule();
}

function showRule() {
  const panel = document.getElementById("rule-panel");
  if (!rule) return;
  const at = (table().rule ?? []).indexOf(rule);
  if (at < 0) { rule = null; return; }
  const extension = rule.extensionElements?.values?.find((one) => one.$type === "chengnuo:Rule");
  const clauses = (extension?.clauses ?? "").split(/\s+/).filter(Boolean);
  const cells = [...(rule.inputEntry ?? []).map((cell, index) => [table().input[index]?.label ?? "", cell.text, "unary"]), ...(rule.outputEntry ?? []).map((cell, index) => [table().output[index]?.label ?? table().output[index]?.name, cell.text, "any"])];
  const options = vocabulary.clauses.map((one) => ({ value: one.id, label: one.id, short: one.id, detail: [one.document, one.section].join(" · "), search: `${one.id} ${one.document} ${one.section} ${one.text}`.toLowerCase() }));
  panel.replaceChildren(el("h2", {}, t("Rule {n}", { n: at + 1 })),
    findings.filter((one) => one.element === rule.id).map((one) => el("div", { class: `finding ${one.severity}` }, one.message)),
    pickField({ name: "clauses", label: t("Clauses"), title: t("Clauses of the policy"), values: clauses, options, change: (values) => setRule({ clauses: values.join(" ") }) }),
    textField({ name: "description", label: t("Remark"), value: rule.description ?? "", change: (text) => update(rule, { description: text || undefined }) }),
    el("details", { class: "names" }, el("summary", {}, t("Every cell of the rule")), el("dl", { class: "said cells" }, cells.map(([label, text, kind]) => {
      const verdict = el("span", { class: "verdict" });
      const shown = el("code", {}, text?.text || "-");
      showVerdict(Object.assign(shown, { value: text?.text ?? "" }), verdict, kind);
      return [el("dt", {}, label), el("dd", {}, shown, " ", verdict)];
    }))));
}

// Changes of ours go through the table's own command stack, so that undo takes them back.
function update(element, properties) { modeler.getActiveViewer().get("modeling").updateProperties(element, properties); }
function setRule(attributes) {
  const moddle = modeler.getActiveViewer().get("moddle", false) ?? modeler._moddle;
  const old = rule.extensionElements?.values ?? [];
  const before = old.find((one) => one.$type === "chengnuo:Rule");
  const made = moddle.create("chengnuo:Rule", { assumption: before?.assumption, cells: before?.cells, ...attributes });
  const holder = moddle.create("dmn:ExtensionElements", { values: [...old.filter((one) => one !== before), made] });
  made.$parent = holder;
  holder.$parent = rule;
  update(rule, { extensionElements: holder });
}

function wire() {
  const viewer = modeler.getActiveViewer();
  if (!viewer || viewer.wired) return;
  viewer.wired = true;
  viewer.get("eventBus").on(["commandStack.changed", "elements.changed"], ({ trigger }) => {
    const stack = viewer.get("commandStack", false);
    const set = (name, on) => { const button = document.querySelector(`[data-${name}]`); if (button) button.disabled = !on; };
    set("undo", stack?.canUndo());
    set("redo", stack?.canRedo());
    if (trigger === "clear" || !stack?.canUndo() && !stack?.canRedo()) return;
    saver.changed();
    checkSoon();
    if (!document.getElementById("rule-panel").contains(document.activeElement)) showRule();
  });
}
document.querySelector("[data-undo]")?.addEventListener("click", () => modeler.getActiveViewer().get("commandStack").undo());
document.querySelector("[data-redo]")?.addEventListener("click", () => modeler.getActiveViewer().get("commandStack").redo());
place.addEventListener("focusin", (event) => { const id = event.target.closest("[data-row-id]")?.dataset.rowId; if (id) choose(id); });
place.addEventListener("click", (event) => { const id = event.target.closest("[data-row-id]")?.dataset.rowId; if (id) choose(id); });
new MutationObserver(later(120, mark)).observe(place, { childList: true, subtree: true });
modeler.on("views.changed", wire);

async function load(text) {
  const { warnings } = await modeler.importXML(text);
  const tableView = modeler.getViews().find((view) => view.type === "decisionTable") ?? modeler.getViews()[0];
  if (tableView) await modeler.open(tableView);
  wire();
  return warnings;
}

try {
  await load(await (await fetch(url("content"))).text());
  document.getElementById("studio").dataset.ready = "1";
  check();
} catch (error) {
  place.replaceChildren(el("div", { class: "flash error", role: "alert" }, t("The table can't be shown: {reason}", { reason: error.message })));
}
