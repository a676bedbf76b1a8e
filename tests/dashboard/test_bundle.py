"""The committed bundle is that of the committed sources and keeps to the page's policy."""

import hashlib
import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SOURCES = CHECKOUT / "dashboard"
BUNDLE = CHECKOUT / "usage_pipeline" / "api" / "static"
# As in dashboard/build/recordSources.ts.
BUILT_FROM = (
    "build", "index.html", "package-lock.json", "package.json", "public", "src", "tsconfig.json",
    "vite.config.ts",
)  # fmt: skip
MOST_BYTES = 600_000


def _source_files() -> dict[str, Path]:
    found = [path for name in BUILT_FROM for path in [SOURCES / name, *(SOURCES / name).rglob("*")]]
    return {path.relative_to(SOURCES).as_posix(): path for path in found if path.is_file()}


def _texts() -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(BUNDLE.rglob("*"))
        if path.suffix in {".html", ".js", ".css", ".svg"}
    }


def test_the_committed_bundle_was_built_from_the_committed_sources() -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
        for name, path in sorted(_source_files().items())
    ]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    recorded = (BUNDLE / "sources.sha256").read_text(encoding="utf-8").strip()
    assert digest == recorded, "build the bundle again: cd dashboard && npm ci && npm run build"


def test_the_page_names_only_files_that_are_there_and_nothing_elsewhere() -> None:
    page = (BUNDLE / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) >= 3
    for address in named:
        # The server puts the base path of the day in the place of the dot.
        assert address.startswith("./"), address
        assert (BUNDLE / address).is_file(), address


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (BUNDLE / "index.html").read_text(encoding="utf-8")
    assert "<style" not in page
    assert all(not body.strip() for body in re.findall(r"<script[^>]*>(.*?)</script>", page, re.S))


def test_the_scripts_evaluate_no_text_and_the_styles_load_nothing_from_elsewhere() -> None:
    for name, text in _texts().items():
        if name.endswith(".js"):
            assert not re.search(r"\beval\(|new Function\(", text), name
        if name.endswith(".css"):
            assert not re.search(r"url\(|@import", text), name


def test_the_bundle_stays_modest() -> None:
    assert sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file()) < MOST_BYTES


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text(encoding="utf-8")
