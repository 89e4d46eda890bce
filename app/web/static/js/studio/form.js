// The form editor's help in the browser: saves itself, shows the preview, judges FEEL, picks clauses.
import { el, later, learn, postForm, t } from "./base.js";
import { choose, showVerdict } from "./fields.js";
import { Saver } from "./saver.js";

const form = document.getElementById("form-editor");
const { base, path } = form.dataset;
const preview = document.getElementById("preview");
const vocabulary = await (await fetch(`${base}/vocabulary/${path}`)).json();
learn(vocabulary.texts);
const state = document.getElementById("save-state");

async function show() {
  const answer = await fetch(preview.dataset.url);
  if (!answer.ok) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  parsed.querySelectorAll("[id]").forEach((one) => { one.id = `preview-${one.id}`; });
  parsed.querySelectorAll("label[for]").forEach((one) => { one.htmlFor = `preview-${one.htmlFor}`; });
  preview.replaceChildren(...parsed.body.childNodes);
}

if (state) {
  const saver = new Saver({ url: form.action, revision: Number(form.elements.revision.value), place: state, conflictPlace: document.getElementById("conflict"), name: path.split("/").pop(), viewUrl: `${base}/content/${path}`,
    produce: async () => JSON.stringify(Object.fromEntries(new FormData(form)), null, 1),
    send: (_text, revision) => postForm(form, { revision, _action: "save" }) });
  saver.onsaved = () => { form.elements.revision.value = saver.revision; markErrors({}); show(); };
  saver.onrefused = (data) => markErrors(data.errors ?? {});
  form.addEventListener("input", (event) => { if (event.target.name && !event.target.name.startsWith("_type.")) saver.changed(); });
  form.addEventListener("change", (event) => {
    if (!event.target.dataset.reload) return;
    form.elements._open.value = event.target.dataset.reload; // another type has other properties
    form.requestSubmit();
  });
  form.addEventListener("change", (event) => { if (event.target.name && !event.target.name.startsWith("_type.")) saver.changed(); });
  // A button that adds, moves or removes sends everything; what is unsaved goes along.
  form.addEventListener("submit", () => { saver.soon.cancel(); saver.dirty = false; });
}

function markErrors(errors) {
  form.querySelectorAll(".is-invalid[data-refused]").forEach((one) => { one.classList.remove("is-invalid"); delete one.dataset.refused; });
  for (const name of Object.keys(errors)) {
    const input = form.elements[name];
    if (input) { input.classList.add("is-invalid"); input.dataset.refused = "1"; }
  }
}

form.querySelectorAll("[data-feel]").forEach((input) => {
  const verdict = input.nextElementSibling;
  const judge = later(350, () => showVerdict(input, verdict, input.dataset.feel));
  input.addEventListener("input", judge);
  input.closest("details")?.addEventListener("toggle", () => { if (input.value) judge(); }, { once: true });
});

const options = vocabulary.clauses.map((one) => ({ value: one.id, label: one.id, detail: [one.document, one.section].join(" · "), search: `${one.id} ${one.document} ${one.section} ${one.text}`.toLowerCase() }));
form.querySelectorAll("[data-clauses]").forEach((input) => {
  if (input.matches(":disabled")) return;
  input.after(el("button", { type: "button", class: "btn btn-sm btn-outline mt-1", onclick: () => choose({ title: t("Clauses of the policy"), values: input.value.split(/\s+/).filter(Boolean), options,
    change: (values) => { input.value = values.join(" "); input.dispatchEvent(new Event("change", { bubbles: true })); } }) }, t("Choose…")));
});

show();
document.getElementById("studio").dataset.ready = "1";
