// Keeps a half-filled form as a draft on the server, a few seconds after something has changed; without it the button does.
const form = document.getElementById("task-form");
const note = document.getElementById("draft-note");
const WAIT = 4000;
let timer = 0;
let sending = false;

async function keep() {
  if (!form || sending || form.dataset.done) return;
  sending = true;
  const body = new FormData(form);
  for (const input of form.querySelectorAll("input[type=file]")) body.delete(input.name);
  try {
    const answer = await fetch(form.dataset.draft, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    note.textContent = `${form.dataset.saved} ${(await answer.json()).at}`;
  } catch { note.textContent = form.dataset.unsaved; }
  sending = false;
}

form?.addEventListener("input", (event) => {
  if (event.target.type === "file") return;
  clearTimeout(timer);
  timer = setTimeout(keep, WAIT);
});
form?.addEventListener("submit", () => { form.dataset.done = "1"; clearTimeout(timer); });
// The first field with an error is where the reader wants to be.
document.querySelector("#task-form [aria-invalid=true]")?.focus();
