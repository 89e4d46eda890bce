// Draws the process that carries a clause out, with the clause's elements lit; again for each clause that htmx brings in.
const drawn = new WeakSet();

async function draw(place) {
  if (drawn.has(place) || !window.BpmnJS) return;
  drawn.add(place);
  const viewer = new window.BpmnJS({ container: place });
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const lit = place.dataset.lit.trim().split(/\s+/).filter(Boolean);
  const fit = () => { canvas.zoom("fit-viewport", "auto"); if (canvas.zoom() > 1) canvas.zoom(1, "auto"); };
  try {
    await viewer.importXML(await (await fetch(place.dataset.source)).text());
    const shapes = lit.map((id) => registry.get(id)).filter(Boolean);
    shapes.forEach((shape) => canvas.addMarker(shape.id, "is-lit"));
    // What lies inside a phase stands on a plane of its own: open the plane with the most lit elements.
    const planes = new Map();
    shapes.forEach((shape) => { const root = canvas.findRoot(shape); planes.set(root, (planes.get(root) ?? 0) + 1); });
    const best = [...planes].sort((one, other) => other[1] - one[1])[0];
    if (best && best[0] && best[0] !== canvas.getRootElement()) canvas.setRootElement(best[0]);
    fit();
    // A wide diagram is unreadable as a whole: show what is lit, or begin at the first of it, at a size that can be read.
    const here = shapes.filter((shape) => canvas.findRoot(shape) === canvas.getRootElement());
    if (here.length && canvas.zoom() < 0.55) {
      const left = Math.min(...here.map((shape) => shape.x)) - 120, top = Math.min(...here.map((shape) => shape.y)) - 90;
      const width = Math.max(...here.map((shape) => shape.x + shape.width)) + 120 - left;
      const height = Math.max(...here.map((shape) => shape.y + shape.height)) + 90 - top;
      const scale = Math.min(place.clientWidth / width, place.clientHeight / height);
      const wide = Math.max(width, place.clientWidth), high = Math.max(height, place.clientHeight * Math.max(1, wide / place.clientWidth));
      if (scale >= 0.5) canvas.viewbox({ x: left - (wide - width) / 2, y: top - (high - height) / 2, width: wide, height: high });
      else { canvas.zoom(0.75); canvas.scrollToElement(here[0].id, 120); }
    }
    place.dataset.ready = String(shapes.length);
  } catch (error) {
    place.textContent = String(error.message ?? error);
  }
  place.parentElement.querySelector("[data-fit]")?.addEventListener("click", fit);
}

const drawAll = () => document.querySelectorAll("[data-clause-diagram]").forEach(draw);

// The clause that is shown is marked in the list, and the list stays where it was read.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "clause") return;
  const key = new URL(event.detail.xhr.responseURL || location.href).pathname.split("/").pop();
  document.querySelectorAll("#clauses a[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
  document.getElementById(`c-${decodeURIComponent(key)}`)?.querySelector("a").setAttribute("aria-current", "true");
  drawAll();
  if (window.matchMedia("(max-width: 60rem)").matches) event.detail.target.scrollIntoView();
});
const current = document.querySelector("#clauses a[aria-current]");
if (current) { const list = document.getElementById("clauses"); list.scrollTop = current.offsetTop - list.offsetTop - 60; }
drawAll();
