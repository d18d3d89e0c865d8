"""Debian's Chromium, driven by Playwright, with every click counted."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect, sync_playwright

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = (1440, 900), (390, 844)
PATIENCE_MS = 60_000  # other tests share the machine; what is there is found at once

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Visitor:
    """A person at a browser: clicks are counted, complaints of the page are kept."""

    page: Page
    clicks: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def click(self, target: Locator) -> None:
        target.wait_for(timeout=PATIENCE_MS)
        self.clicks.append(target.inner_text(timeout=PATIENCE_MS).strip() or str(target))
        target.click(timeout=PATIENCE_MS)

    def screenshot(self, file: Path, *, width: int = WIDE[0], height: int = WIDE[1]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=str(file))
        self.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    def scrolls_sideways(self) -> bool:
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        )

    def _hear(self, message: ConsoleMessage) -> None:
        expected = "Failed to load resource"  # a 4xx answer that the page handles and shows
        if message.type == "error" and expected not in message.text:
            self.complaints.append(message.text)


@contextmanager
def a_visitor(*, dark: bool = False) -> Iterator[Visitor]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable is not None, "Chromium is not installed; run scripts/system-deps test."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        page = browser.new_page(
            viewport={"width": WIDE[0], "height": WIDE[1]},
            color_scheme="dark" if dark else "light",
        )
        page.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(page)
        page.on("console", visitor._hear)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        try:
            yield visitor
        finally:
            browser.close()
