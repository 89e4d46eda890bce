// Shows and hides the fields of a form while it is filled in: the server, which knows the rules, says which.
for (const area of document.querySelectorAll("[data-fields-url]")) watch(area);

function watch(area) {
  const form = area.closest("form");
  let timer, running;
  area.querySelectorAll("[data-conditional]").forEach((part) => show(part, !part.hasAttribute("data-off")));
  area.addEventListener("change", () => {
    area.setAttribute("aria-busy", "true");   // until the fields are those that the answers call for
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });

  async function ask() {
    running?.abort();
    const mine = running = new AbortController();
    try {
      const answer = await fetch(area.dataset.fieldsUrl, {
        method: "POST", body: answers(form), signal: mine.signal, headers: { Accept: "application/json" } });
      if (answer.ok) apply(area, await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") area.querySelectorAll("[data-conditional]").forEach((part) => show(part, true));
    }
    if (mine === running) area.removeAttribute("aria-busy");
  }
}

// What is typed, without the files: they don't decide anything and may be large.
function answers(form) {
  const data = new FormData();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
  return data;
}

function apply(area, { hidden, required }) {
  for (const part of area.querySelectorAll("[data-key]")) {
    if (part.parentElement.closest("[data-key]")) continue;   // a field inside a list's row
    if (part.hasAttribute("data-conditional")) show(part, !hidden.includes(part.dataset.key));
    const needed = required.includes(part.dataset.key);
    const mark = part.querySelector("[data-required]");
    if (mark) mark.hidden = !needed;
  }
  for (const group of area.querySelectorAll("fieldset.field-group[data-conditional]")) {
    const parts = [...group.querySelectorAll("[data-key]")];
    show(group, parts.some((part) => !part.hidden));
  }
}

// Inputs that are out of sight stay as they are: the server ignores them, and they come back when they are needed again.
function show(part, visible) { part.hidden = !visible; }
