// Draws a process with its figures: colours and one number an element; the number leads to the cases behind it.
const place = document.getElementById("picture");

if (place && window.BpmnJS) {
  const viewer = new window.BpmnJS({ container: place });
  const [canvas, overlays, registry] = ["canvas", "overlays", "elementRegistry"].map((name) => viewer.get(name));
  const marks = JSON.parse(place.dataset.marks);
  const buttons = [...document.querySelectorAll("[data-layer]")];
  const fit = () => { canvas.zoom("fit-viewport", "auto"); if (canvas.zoom() > 1) canvas.zoom(1, "auto"); };

  function show(layer) {
    overlays.clear();
    for (const mark of marks) {
      if (!registry.get(mark.id)) continue;
      if (mark.heat) canvas.addMarker(mark.id, `heat-${mark.heat}`);
      if (!mark[layer]) continue;
      const href = layer === "now" ? mark.href : mark.passed;
      const badge = document.createElement(href ? "a" : "span");
      if (href) badge.href = href;
      badge.className = `mark link ${mark.heat === "late" && layer !== "finished" ? "late" : ""}`;
      badge.textContent = mark[layer];
      badge.title = mark.title;
      overlays.add(mark.id, { position: { top: -11, left: -8 }, html: badge });   // boundary timers sit lower right
    }
    buttons.forEach((button) => {
      const chosen = button.dataset.layer === layer;
      button.setAttribute("aria-pressed", String(chosen));
      button.classList.toggle("btn-primary", chosen);
      button.classList.toggle("btn-outline", !chosen);
    });
    const kept = document.querySelector("input[name=layer]");
    if (kept) kept.value = layer;
  }

  try {
    await viewer.importXML(await (await fetch(place.dataset.source)).text());
    fit();
    const busy = marks.filter((mark) => mark.now && registry.get(mark.id));
    if (canvas.zoom() < 0.45) { canvas.zoom(0.6); canvas.scrollToElement((busy[0] ?? marks[0])?.id, 160); }
    show(buttons.find((button) => button.getAttribute("aria-pressed") === "true")?.dataset.layer ?? "now");
    buttons.forEach((button) => button.addEventListener("click", () => show(button.dataset.layer)));
    document.querySelector("[data-fit]")?.addEventListener("click", fit);
  } catch (error) {
    place.textContent = String(error.message ?? error);
  }
}
