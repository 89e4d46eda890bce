// Draws the tried process and marks its tokens; the lists beside it say the same.
const place = document.getElementById("trial");

if (place && window.BpmnJS) {
  const viewer = new window.BpmnJS({ container: place });
  const canvas = viewer.get("canvas"), registry = viewer.get("elementRegistry");
  const ids = (name) => place.dataset[name].split(" ").filter((id) => id && registry.get(id));
  try {
    await viewer.importXML(await (await fetch(place.dataset.source)).text());
    ids("done").forEach((id) => canvas.addMarker(id, "is-done"));
    const active = ids("active");
    active.forEach((id) => canvas.addMarker(id, "is-active"));
    const folded = (id) => ["bpmn:SubProcess", "bpmn:CallActivity"].includes(registry.get(id).type);
    active.sort((one, other) => folded(one) - folded(other));
    const plane = active.length && canvas.findRoot(registry.get(active[0]));
    if (plane && plane !== canvas.getRootElement()) canvas.setRootElement(plane);
    canvas.zoom("fit-viewport", "auto");
    if (canvas.zoom() > 1) canvas.zoom(1, "auto");
    if (active.length && canvas.zoom() < 0.55) { canvas.zoom(0.75); canvas.scrollToElement(active[0], 120); }
  } catch (error) {
    place.textContent = String(error.message ?? error);
  }
}
