// Draws a diagram before and after, marks what differs and what the lint found; the lists below say the same.
const MARKS = { added: ["after"], removed: ["before"], changed: ["before", "after"] };
const viewers = {};

const lines = [...document.querySelectorAll(".changes li[data-element]")].filter((line) => line.dataset.element);
const findings = [...document.querySelectorAll("[data-finding]")].filter((row) => row.dataset.finding);
const moved = (document.getElementById("differences")?.dataset.moved ?? "").split(" ").filter(Boolean);

function fit(viewer) {
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() > 1) canvas.zoom(1, "auto");
}

function mark(viewer, side) {
  const canvas = viewer.get("canvas"), registry = viewer.get("elementRegistry"), overlays = viewer.get("overlays");
  const changed = new Set(lines.map((line) => line.dataset.element));
  for (const line of lines) {
    if (MARKS[line.dataset.kind]?.includes(side) && registry.get(line.dataset.element)) canvas.addMarker(line.dataset.element, `is-${line.dataset.kind}`);
  }
  moved.filter((id) => registry.get(id) && !changed.has(id)).forEach((id) => canvas.addMarker(id, "is-moved"));
  if (side !== "after") return;
  const badges = new Map();
  for (const row of findings) {
    const known = badges.get(row.dataset.finding) ?? { count: 0, severity: row.dataset.severity };
    badges.set(row.dataset.finding, { count: known.count + 1, severity: known.severity });   // errors come first
  }
  for (const [id, { count, severity }] of badges) {
    if (!registry.get(id) || severity === "info") continue;
    const badge = document.createElement("div");
    badge.className = `mark ${severity}`;
    badge.textContent = `! ${count}`;
    overlays.add(id, { position: { top: -12, right: 12 }, html: badge });
  }
}

function find(id) {
  for (const viewer of Object.values(viewers)) {
    const canvas = viewer.get("canvas"), registry = viewer.get("elementRegistry"), element = registry.get(id);
    registry.filter((one) => canvas.hasMarker(one.id, "is-found")).forEach((one) => canvas.removeMarker(one.id, "is-found"));
    if (!element) continue;
    const plane = canvas.findRoot(element);   // what stands inside a folded phase lies on a plane of its own
    if (plane && plane !== canvas.getRootElement()) canvas.setRootElement(plane);
    if (canvas.zoom() < 0.7) canvas.zoom(0.8);
    canvas.scrollToElement(element, 120);
    canvas.addMarker(id, "is-found");
  }
}

// What the viewer can't show is shown as our own picture; where nothing is drawn at all, that is said.
function showPicture(place) {
  const say = () => { place.textContent = place.dataset.nothing; };
  if (!place.dataset.picture) { say(); return; }
  const picture = document.createElement("img");
  picture.alt = place.getAttribute("aria-label");
  picture.addEventListener("error", say);
  picture.addEventListener("load", () => { place.dataset.ready = "true"; });
  picture.src = place.dataset.picture;
  place.replaceChildren(picture);
}

for (const place of document.querySelectorAll("[data-side]")) {
  try {
    const viewer = new window.BpmnJS({ container: place });
    await viewer.importXML(await (await fetch(place.dataset.source)).text());
    if (!viewer.get("elementRegistry").filter((one) => one.parent).length) throw new Error("nothing drawn");   // a choreography, say
    viewers[place.dataset.side] = viewer;
    mark(viewer, place.dataset.side);
    fit(viewer);
    place.dataset.ready = "true";
  } catch (error) {
    showPicture(place);
  }
}
for (const line of lines) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "find";
  button.append(...line.childNodes);
  line.append(button);
  button.addEventListener("click", () => find(line.dataset.element));
}
const first = lines.find((line) => Object.values(viewers).some((viewer) => viewer.get("elementRegistry").get(line.dataset.element)));
if (first) find(first.dataset.element);
document.querySelector("[data-fit]")?.addEventListener("click", () => Object.values(viewers).forEach(fit));
