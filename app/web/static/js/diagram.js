// Draws the instance's diagram and marks where it stands; the table beside it says the same.
const place = document.getElementById("diagram");
const REFRESH = 30000;

if (place && window.BpmnJS) {
  const viewer = new window.BpmnJS({ container: place });
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  const fit = () => { canvas.zoom("fit-viewport", "auto"); if (canvas.zoom() > 1) canvas.zoom(1, "auto"); };

  let links = new Map();
  const trail = [];                                   // where one came from, when called processes are opened in place

  async function mark() {
    const { steps } = await (await fetch(place.dataset.places, { headers: { Accept: "application/json" } })).json();
    overlays.clear();
    links = new Map(steps.filter((step) => step.open).map((step) => [step.id, step.open]));
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
      if (links.has(step.id)) overlays.add(step.id, { position: { bottom: 12, right: 22 }, html: opener(links.get(step.id)) });
    }
    return steps;
  }

  function opener(address) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "open-call";
    button.textContent = "⤵";
    button.title = button.ariaLabel = place.dataset.openLabel ?? "";
    button.addEventListener("click", () => open(address));
    return button;
  }

  // A called process takes the place of its caller, with the table beside it; the button leads back out.
  async function open(address, back = false) {
    const answer = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
    const other = answer.getElementById("diagram");
    if (!other) { location.assign(address); return; }
    if (!back) trail.push(place.dataset.page);
    place.dataset.page = address;
    Object.assign(place.dataset, { source: other.dataset.source, places: other.dataset.places });
    place.setAttribute("aria-label", other.getAttribute("aria-label"));
    document.querySelector(".steps-list")?.replaceWith(answer.querySelector(".steps-list"));
    document.querySelectorAll("[data-shown]").forEach((name) => { name.textContent = answer.querySelector("[data-shown]").textContent; });
    document.querySelectorAll("[data-back]").forEach((button) => { button.hidden = !trail.length; });
    await draw();
  }

  async function draw() {
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
  }

  try {
    await draw();
    viewer.get("eventBus").on("element.dblclick", ({ element }) => { if (links.has(element.id)) open(links.get(element.id)); });
    document.querySelectorAll("[data-back]").forEach((button) => button.addEventListener("click", () => { if (trail.length) open(trail.pop(), true); }));
    setInterval(() => { if (!document.hidden) mark().catch(() => {}); }, REFRESH);
  } catch (error) {
    place.classList.remove("only-js");
    place.textContent = String(error.message ?? error);
  }
  document.querySelectorAll("[data-fit]").forEach((button) => button.addEventListener("click", fit));
}
