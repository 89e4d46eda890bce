"""Pictures of BPMN files: every plane as a PNG, drawn by the vendored bpmn-js in headless Chromium.

    .venv/bin/python tools/render_bpmn.py processes/complaint/complaint.bpmn -o /tmp/pictures [--scale 1.5]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

VENDOR = Path(__file__).resolve().parents[1] / "app" / "web" / "static" / "vendor" / "bpmn-js"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
PAGE = """<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#fff}
#canvas{width:1600px;height:1000px}</style><div id="canvas"></div>"""
PICTURE = """<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#fff}
#picture{display:inline-block;padding:8px}</style><div id="picture">%s</div>"""
OPEN = """async xml => {
  window.viewer = new BpmnJS({container: '#canvas'});
  const {warnings} = await viewer.importXML(xml);
  const canvas = viewer.get('canvas');
  return {roots: canvas.getRootElements().map(root => root.id), warnings: warnings.map(w => w.message)};
}"""
DRAW = """async root => {
  const canvas = viewer.get('canvas');
  canvas.setRootElement(canvas.findRoot(root));
  const {svg} = await viewer.saveSVG();
  return svg.slice(svg.indexOf('<svg'));
}"""


def render(page: Page, file: Path, folder: Path) -> list[Path]:
    """Return the pictures of `file`'s planes, written into `folder`."""
    page.set_content(PAGE)
    page.add_script_tag(path=VENDOR / "bpmn-navigated-viewer.production.min.js")
    opened = page.evaluate(OPEN, file.read_text("utf-8"))
    for warning in opened["warnings"]:
        print(f"{file.name}: {warning}")
    drawings = {root: page.evaluate(DRAW, root) for root in opened["roots"]}
    pictures = []
    for number, (root, drawing) in enumerate(drawings.items()):
        name = file.stem if number == 0 else f"{file.stem}.{root.removesuffix('_plane')}"
        pictures.append(folder / f"{name}.png")
        page.set_content(PICTURE % drawing)
        page.locator("#picture").screenshot(path=pictures[-1])
    return pictures


def main() -> None:
    """Render the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path())
    parser.add_argument("--scale", type=float, default=1.0)
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(device_scale_factor=chosen.scale)
        for file in chosen.files:
            for picture in render(page, file, chosen.output):
                print(picture)
        browser.close()


if __name__ == "__main__":
    main()
