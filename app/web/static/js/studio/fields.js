// The inputs of the panel: each says what it is, shows its mistake, and commits when it is left.
import { el, later, post, t } from "./base.js";

let count = 0;
const nextId = () => `p-${(count += 1)}`;

function field(label, control, help, extra) {
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, extra, help && el("div", { class: "form-text" }, help));
}

// One line, or several with `rows`; `list` proposes values.
export function textField({ name, label, value = "", help, rows, list, pattern, disabled, change }) {
  const id = nextId();
  const attributes = { id, name, value, disabled, class: "form-control form-control-sm", spellcheck: "false", autocomplete: "off",
    onchange: (event) => {
      const text = event.target.value.trim();
      if (pattern && text && !pattern.test(text)) { event.target.classList.add("is-invalid"); return; }
      event.target.classList.remove("is-invalid");
      change(text);
    } };
  const control = rows ? el("textarea", { ...attributes, rows }) : el("input", { ...attributes, type: "text", list: list && `${id}-l` });
  const options = list && el("datalist", { id: `${id}-l` }, list.map(([option, text]) => el("option", { value: option }, text ?? "")));
  return field(label, control, help, options);
}

export function selectField({ name, label, value = "", options, empty, help, disabled, change, link }) {
  const id = nextId();
  const known = options.some(([option]) => option === value);
  const control = el("select", { id, name, disabled, class: "form-select form-select-sm", onchange: (event) => change(event.target.value) },
    empty !== undefined && el("option", { value: "" }, empty),
    !known && value !== "" && el("option", { value, selected: true }, t("{value} (unknown)", { value })),
    options.map(([option, text]) => el("option", { value: option, selected: option === value }, text)));
  return field(label, control, help, link);
}

export function checkField({ name, label, value, help, disabled, change }) {
  const id = nextId();
  return el("div", { class: "field" },
    el("label", { class: "form-check", for: id }, el("input", { id, name, type: "checkbox", class: "form-check-input", checked: value, disabled, onchange: (event) => change(event.target.checked) }), " ", label),
    help && el("div", { class: "form-text" }, help));
}

// FEEL: judged by the server a moment after each key, with the place of the mistake.
export function feelField({ name, label, value = "", kind, help, rows = 2, required, disabled, variables, change }) {
  const id = nextId();
  const verdict = el("div", { class: "verdict", id: `${id}-v`, "aria-live": "polite" });
  const control = el("textarea", { id, name, rows, value, disabled, class: "form-control form-control-sm feel", spellcheck: "false", autocomplete: "off",
    "aria-describedby": `${id}-v`, onchange: (event) => change(event.target.value.trim()) });
  const judge = later(350, () => showVerdict(control, verdict, kind, required));
  control.addEventListener("input", judge);
  if (value) showVerdict(control, verdict, kind, required);
  const names = variables?.length && el("details", { class: "names" }, el("summary", {}, t("Variables")),
    el("div", { class: "chips" }, variables.map((one) => el("button", { type: "button", class: "chip", disabled, onclick: () => insert(control, one) }, one))));
  return field(required ? `${label} ${t("(required)")}` : label, control, help, [verdict, names]);
}

export async function showVerdict(control, verdict, kind, required = false) {
  const text = control.value.trim();
  if (!text) {
    verdict.className = required ? "verdict wrong" : "verdict";
    verdict.textContent = required ? t("This is needed.") : "";
    return;
  }
  const { ok, data } = await post("/studio/expression", { text, kind }).catch(() => ({ ok: false, data: { message: t("The server can't be reached.") } }));
  if (control.value.trim() !== text) return; // typed on meanwhile
  const good = ok && data.ok;
  control.classList.toggle("is-invalid", !good);
  control.toggleAttribute("aria-invalid", !good);
  verdict.className = good ? "verdict fine" : "verdict wrong";
  verdict.replaceChildren(good ? (data.type === "any" ? t("The expression can be read") : t("Gives: {type}", { type: t(data.type) })) : data.message);
  if (!good && Number.isInteger(data.position)) verdict.append(pointer(text, data.position));
}

// The expression around the mistake, with the mistake marked.
function pointer(text, position) {
  const from = Math.max(0, position - 24);
  return el("code", { class: "pointer" }, from ? "…" : "", text.slice(from, position), el("mark", {}, text.slice(position, position + 1) || "␣"), text.slice(position + 1, position + 16));
}

function insert(control, name) {
  control.setRangeText(name, control.selectionStart, control.selectionEnd, "end");
  control.focus();
  control.dispatchEvent(new Event("input", { bubbles: true }));
}

// Several of a long list, found by words: clauses, milestones, activities.
export function pickField({ name, label, values, options, help, disabled, change, title }) {
  const known = new Map(options.map((one) => [one.value, one]));
  const chip = (value) => el("span", { class: `chip brand${known.has(value) ? "" : " unknown"}`, title: known.get(value)?.detail ?? t("{value} (unknown)", { value }) },
    known.get(value)?.short ?? value,
    !disabled && el("button", { type: "button", class: "plain", "aria-label": t("Remove {value}", { value }), onclick: () => change(values.filter((one) => one !== value)) }, "×"));
  const button = el("button", { id: nextId(), name, type: "button", class: "btn btn-sm btn-outline", disabled, onclick: () => choose({ title: title ?? label, values, options, change }) }, t("Choose…"));
  return el("div", { class: "field" }, el("div", { class: "label" }, label), el("div", { class: "chips" }, values.map(chip), button),
    values.length > 0 && values.length < 6 && options.some((one) => one.detail) && el("details", { class: "names" }, el("summary", {}, t("What they say")),
      el("dl", { class: "said" }, values.map((value) => [el("dt", {}, value), el("dd", {}, known.get(value)?.detail ?? t("not in the register"))]))),
    help && el("div", { class: "form-text" }, help));
}

export function choose({ title, values, options, change }) {
  const chosen = new Set(values);
  const list = el("ul", { class: "choices-list", role: "group", "aria-label": title });
  const count_ = el("span", { class: "muted small" });
  const show = (words) => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = options.filter((one) => wanted.every((word) => one.search.includes(word)));
    found.sort((one, other) => chosen.has(other.value) - chosen.has(one.value));
    list.replaceChildren(...found.slice(0, 200).map((one) => el("li", {}, el("label", {},
      el("input", { type: "checkbox", class: "form-check-input", checked: chosen.has(one.value), onchange: (event) => (event.target.checked ? chosen.add(one.value) : chosen.delete(one.value)) }),
      el("span", {}, el("strong", {}, one.label), one.detail && el("span", { class: "detail" }, one.detail))))));
    count_.textContent = t("{found} of {total}", { found: Math.min(found.length, 200), total: options.length });
  };
  const search = el("input", { type: "search", class: "form-control", placeholder: t("Search by number or words"), "aria-label": t("Search by number or words"), oninput: (event) => show(event.target.value) });
  const dialog = el("dialog", { class: "chooser", "aria-label": title },
    el("form", { method: "dialog" }, el("div", { class: "head" }, el("h2", {}, title), count_), search, list,
      el("div", { class: "row-tools" }, el("button", { class: "btn btn-primary", value: "ok" }, t("Take these")), el("button", { class: "btn btn-outline", value: "" }, t("Cancel")))));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "ok") change([...options.map((one) => one.value).filter((value) => chosen.has(value)), ...values.filter((value) => chosen.has(value) && !options.some((one) => one.value === value))]);
  });
  show("");
  document.body.append(dialog);
  dialog.showModal();
  search.focus();
}

// Rows of inputs that can be added and removed: parameters, inputs and outputs, further properties.
export function rowsField({ label, rows, columns, add, disabled, change, help }) {
  let shown = rows;
  const isEmpty = (row) => columns.every((column) => !row[column.name]);
  const commit = (next) => { shown = next; change(next.filter((row) => !isEmpty(row))); };
  const place = el("div", { class: "rows-of" });
  const cell = (row, at, column) => {
    const verdict = column.kind && el("div", { class: "verdict" });
    const control = el(column.kind ? "textarea" : "input", { rows: column.kind ? 1 : null, type: column.kind ? null : "text", value: row[column.name] ?? "", disabled,
      class: `form-control form-control-sm${column.kind ? " feel" : ""}`, name: `${add}-${column.name}-${at}`, placeholder: column.label, "aria-label": `${column.label} ${at + 1}`, spellcheck: "false",
      onchange: (event) => commit(shown.map((one, index) => (index === at ? { ...one, [column.name]: event.target.value.trim() } : one))) });
    if (column.kind) {
      control.addEventListener("input", later(350, () => showVerdict(control, verdict, column.kind)));
      if (row[column.name]) showVerdict(control, verdict, column.kind);
    }
    return el("div", {}, control, verdict);
  };
  const draw = () => place.replaceChildren(...shown.map((row, at) => el("div", { class: "row-of" }, columns.map((column) => cell(row, at, column)),
    !disabled && el("button", { type: "button", class: "btn btn-sm btn-outline", "aria-label": t("Remove row {n}", { n: at + 1 }), onclick: () => { commit(shown.filter((_row, index) => index !== at)); draw(); } }, "×"))));
  draw();
  return el("div", { class: "field" }, el("div", { class: "label" }, label), place,
    !disabled && el("button", { type: "button", class: "btn btn-sm btn-outline", onclick: () => { shown = [...shown, {}]; draw(); place.lastElementChild.querySelector("input,textarea").focus(); } }, add),
    help && el("div", { class: "form-text" }, help));
}
