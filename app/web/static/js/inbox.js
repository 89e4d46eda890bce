// The inbox refreshes itself; what the reader has ticked, focused or is typing is kept, and a hidden tab does not ask.
let ticked = new Set();
let focused = "";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "rows") return;
  if (document.hidden || document.querySelector("#rows details[open]")) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "rows") return;
  ticked = new Set([...document.querySelectorAll("#rows input[name=task]:checked")].map((box) => box.value));
  focused = document.activeElement?.closest("#rows") ? document.activeElement.id : "";
});
document.addEventListener("htmx:afterSwap", () => {
  ticked.forEach((id) => { const box = document.getElementById(`pick-${id}`); if (box) box.checked = true; });
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
});

// j and k walk the rows, x ticks one, Enter opens it (the link has the focus).
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...document.querySelectorAll("#rows td.title a")];
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  if (event.key === "j") links[Math.min(at + 1, links.length - 1)]?.focus();
  if (event.key === "k") links[Math.max(at - 1, 0)]?.focus();
  if (event.key === "x" && at >= 0) links[at].closest("tr").querySelector("input[name=task]")?.click();
});
