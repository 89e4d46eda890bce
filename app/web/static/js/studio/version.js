// Draws a released diagram, to be looked at; the table below it says the same.
const place = document.getElementById("diagram");
const viewer = new window.BpmnJS({ container: place });
try {
  await viewer.importXML(await (await fetch(place.dataset.source)).text());
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() > 1) canvas.zoom(1, "auto");
} catch (error) {
  place.textContent = String(error.message ?? error);
}
