// Puts phrases and answers into the form, and says gently what might be said better while it is typed.
const form = document.getElementById("task-form");
const typed = "textarea, input[type=text]";
let last = null;

form?.addEventListener("focusin", (event) => { if (event.target.matches(typed)) last = event.target; });
document.querySelectorAll(".needs-js").forEach((part) => { part.hidden = false; });

function target(key) {
  const seen = (input) => input && !input.closest("[hidden]") && !input.disabled;
  const named = key && form.querySelector(`[data-key="${key}"] :is(${typed})`);
  if (seen(named)) return named;
  return seen(last) ? last : [...form.querySelectorAll("textarea")].find(seen);
}

function insert(text, key) {
  const input = form && target(key);
  if (!input) return;
  const before = input.value.slice(0, input.selectionStart);
  const glue = input.matches("textarea") && before && !before.endsWith("\n") ? "\n" : "";
  input.setRangeText(glue + text, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.scrollIntoView({ block: "center" });
  input.focus();
}

// What a given answer fills in: its text where the answer goes, and the fields that say that there is one.
function give({ fields, answer }) {
  for (const [key, value] of Object.entries(fields)) {
    if (key === answer) continue;
    const input = form.querySelector(`[data-key="${key}"] input[type=text], [data-key="${key}"] input[value="${value}"]`);
    if (!input) continue;
    if (input.type === "radio" || input.type === "checkbox") input.checked = true; else input.value = value;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const place = form.querySelector(`[data-key="${answer}"]`);
  if (place) place.hidden = false;   // the server, asked by the change above, says the same in a moment
  insert(fields[answer], answer);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) insert(document.getElementById(button.dataset.insert).textContent, button.dataset.field);
});

document.addEventListener("submit", async (event) => {
  const use = event.target.closest("form[data-use]");
  if (!use || !form) return;
  event.preventDefault();
  const answer = await fetch(use.action, { method: "POST", body: new FormData(use), headers: { Accept: "application/json" } });
  if (answer.ok) give(await answer.json());
  const button = use.querySelector("button");
  setTimeout(() => { button.disabled = false; }, 50);
});

let timer, running;
form?.addEventListener("input", (event) => {
  if (!event.target.matches(typed)) return;
  clearTimeout(timer);
  timer = setTimeout(remark, 900);
});

async function remark() {
  running?.abort();
  running = new AbortController();
  const data = new FormData();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
  let remarks = [];
  try {
    const answer = await fetch(form.dataset.wording, { method: "POST", body: data, signal: running.signal, headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    ({ remarks } = await answer.json());
  } catch { return; }
  const said = new Map();
  for (const one of remarks) said.set(one.field, [...(said.get(one.field) ?? []), one.text]);
  form.querySelectorAll(".remark").forEach((note) => { if (!said.has(note.dataset.of)) note.remove(); });
  for (const [key, texts] of said) {
    const field = form.querySelector(`[data-key="${key}"]`);
    if (!field) continue;
    let note = field.querySelector(".remark");
    if (!note) {
      note = document.createElement("div");
      note.className = "remark";
      note.dataset.of = key;
      note.setAttribute("role", "status");
      field.append(note);
    }
    if (note.textContent !== texts.join(" ")) note.textContent = texts.join(" ");
  }
}
document.getElementById("remarks")?.focus();
