// What every page does in the browser: says that JavaScript runs, sends the CSRF token with htmx, asks before what can't be undone.
document.documentElement.classList.add("js");
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = token; });

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  // One click is one command; pressing Back shows the button again.
  if (event.submitter && event.target.method === "post") setTimeout(() => { event.submitter.disabled = true; }, 0);
});
window.addEventListener("pageshow", () => document.querySelectorAll("button:disabled[name], form[method=post] button:disabled")
  .forEach((button) => { if (!button.hasAttribute("data-off")) button.disabled = false; }));

// An open menu closes with Escape and with a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.drop[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.drop[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});

// "select all" boxes, and selects that submit their form at once.
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (all) document.querySelectorAll(all.dataset.checkAll).forEach((box) => { box.checked = all.checked; });
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// A session that has ended answers a poll with the sign-in page: go there instead of showing it inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/sign-in")) return;
  event.detail.shouldSwap = false;
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
});

// A page that comes back with something wrong begins at the first field that is.
if (!location.hash && document.activeElement === document.body) document.querySelector("[aria-invalid=true]")?.focus();
