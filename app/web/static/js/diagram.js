// Draws the instance's diagram and marks where it stands; the table beside it says the same.
const place = document.getElementById("diagram");
const REFRESH = 30000;

if (place && window.BpmnJS) {
  const viewer = new window.BpmnJS({ container: place });
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  const fit = () => { canvas.zoom("fit-viewport", "auto"); if (canvas.zoom() > 1) canvas.zoom(1, "auto"); };

  async function mark() {
    const { steps } = await (await fetch(place.dataset.places, { headers: { Accept: "application/json" } })).json();
    overlays.clear();
    for (const step of steps) {
      const shape = registry.get(step.id);
      if (!shape) continue;
      ["done", "active", "late", "failed"].forEach((state) => canvas.removeMarker(step.id, `is-${state}`));
      if (step.state !== "open") canvas.addMarker(step.id, `is-${step.state}`);
      const text = step.label || (step.times > 1 ? `×${step.times}` : "");
      if (text) {
        const badge = document.createElement("div");
        badge.className = `mark ${step.state === "done" ? "count" : step.state}`;
        badge.textContent = text;
        overlays.add(step.id, { position: { top: -10, left: -6 }, html: badge });   // boundary timers sit lower right
      }
    }
    return steps;
  }

  try {
    await viewer.importXML(await (await fetch(place.dataset.source)).text());
    const steps = await mark();
    const standing = steps.filter((step) => ["active", "late", "failed"].includes(step.state) && registry.get(step.id));
    // What stands inside a phase lies on a plane of its own: open that plane.
    const folded = (step) => ["bpmn:SubProcess", "bpmn:CallActivity"].includes(registry.get(step.id).type);
    standing.sort((one, other) => folded(one) - folded(other));
    const plane = standing.length && canvas.findRoot(registry.get(standing[0].id));
    if (plane && plane !== canvas.getRootElement()) canvas.setRootElement(plane);
    fit();
    // A wide diagram is unreadable as a whole: begin where it stands, at a size that can be read.
    if (standing.length && canvas.zoom() < 0.55) { canvas.zoom(0.75); canvas.scrollToElement(standing[0].id, 120); }
    const links = new Map(steps.filter((step) => step.open).map((step) => [step.id, step.open]));
    viewer.get("eventBus").on("element.dblclick", ({ element }) => { if (links.has(element.id)) location.assign(links.get(element.id)); });
    setInterval(() => { if (!document.hidden) mark().catch(() => {}); }, REFRESH);
  } catch (error) {
    place.classList.remove("only-js");
    place.textContent = String(error.message ?? error);
  }
  document.querySelector("[data-fit]")?.addEventListener("click", fit);
}
