"""The vendored browser files are the ones that their packages published."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "app" / "web" / "static" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
LISTED = {entry["path"]: entry["sha256"] for package in MANIFEST["packages"] for entry in package["files"]}
LISTED[MANIFEST["licences"]["path"]] = MANIFEST["licences"]["sha256"]


def test_every_vendored_file_has_the_hash_of_the_manifest() -> None:
    found = {path: hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() for path in LISTED}
    assert found == LISTED


def test_nothing_lies_beside_what_the_manifest_lists() -> None:
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert present - {"manifest.json"} == set(LISTED)


def test_versions_are_the_pinned_ones_of_the_lock_file() -> None:
    pinned = json.loads((ROOT / "frontend" / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((ROOT / "frontend" / "package-lock.json").read_text("utf-8"))["packages"]
    for package in MANIFEST["packages"]:
        assert package["version"] == pinned[package["name"]]
        assert package["version"] == locked[f"node_modules/{package['name']}"]["version"]


def test_licence_texts_cover_every_package_whose_files_are_shipped() -> None:
    texts = (VENDOR / "LICENCES.txt").read_text("utf-8")
    for package in MANIFEST["packages"]:
        assert f"\n{package['name']} {package['version']} ({package['licence']})\n" in texts


def test_styles_ask_for_no_file_that_is_not_there() -> None:
    for style in VENDOR.rglob("*.css"):
        for address in re.findall(r"url\(['\"]?([^'\")]+)", style.read_text("utf-8")):
            if not address.startswith(("data:", "#")):
                assert (style.parent / re.split(r"[?#]", address)[0]).is_file(), f"{style.name}: {address}"
