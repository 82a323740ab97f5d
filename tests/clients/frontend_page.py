"""A chat page as a person sees it: what it says, what can be done on it."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from attrs import frozen
from playwright.sync_api import BrowserContext, Page, expect

SECONDS = 15.0
BUTTONS = {
    "v1": "section button[data-copilotkit-in-progress=true]",
    "v2": "section button[data-slot=button] >> nth=-1",
}
"""What stops a run, in each generation of the interface."""


@frozen
class FrontendPage:
    """One tab on one release of the frontend."""

    frontend: str
    page: Page

    @property
    def state(self) -> Any:
        """The agent's state, as the frontend knows it."""
        return json.loads(self.page.inner_text("#state"))

    def say(self, text: str) -> None:
        """Type and send. A chat that is not connected yet takes no message."""
        box = self.page.locator("section textarea")
        expect(box).to_be_enabled(timeout=SECONDS * 1000)
        box.fill(text)
        box.press("Enter")

    def shows(self, text: str) -> None:
        """Wait until the chat shows a text."""
        expect(self.page.locator("section").get_by_text(text).last).to_be_visible(timeout=SECONDS * 1000)

    def does_not_show(self, text: str) -> None:
        """Wait until the chat does not show a text."""
        expect(self.page.locator("section").get_by_text(text)).to_have_count(0, timeout=SECONDS * 1000)

    def has_color(self, color: str) -> None:
        """Wait until the page's own tool has set a colour."""
        expect(self.page.locator("#color")).to_have_text(color, timeout=SECONDS * 1000)

    def has_state(self, **values: Any) -> None:
        """Wait until the agent's state has these values."""
        self.page.wait_for_function(
            "wanted => { const state = JSON.parse(document.querySelector('#state').innerText) ?? {};"
            " return Object.entries(wanted).every(([k, v]) => JSON.stringify(state[k]) === JSON.stringify(v)) }",
            arg=values,
            timeout=SECONDS * 1000,
        )

    def stop(self) -> None:
        """Press the stop button."""
        self.page.click(BUTTONS[self.frontend[-2:]], timeout=SECONDS * 1000)

    def approve(self) -> None:
        """Answer the agent's question."""
        self.page.locator("#approve").click(timeout=SECONDS * 1000)

    def open_thread(self, name: str) -> None:
        """Switch to another thread."""
        self.page.click(f"#open-{name}")

    def text(self) -> str:
        """All that the chat shows."""
        return self.page.inner_text("section")

    def errors(self) -> list[str]:
        """What went wrong in the page without anyone catching it."""
        found: list[str] = self.page.evaluate("window.pageErrors ?? []")
        return found

    def picture(self, name: str) -> None:
        """Keep a screenshot, where AGUI_TEST_SCREENSHOTS names a folder."""
        folder = os.environ.get("AGUI_TEST_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{self.frontend}-{name}.png")


@frozen
class Frontends:
    """Opens pages."""

    context: BrowserContext
    origin: str
    runtime_url: str

    def open(self, frontend: str, *, thread_id: str | None = None, agent: str = "default") -> FrontendPage:
        """A tab of its own, with nothing remembered."""
        page = self.context.new_page()
        query = {"frontend": frontend, "runtimeUrl": self.runtime_url, "agent": agent}
        page.goto(f"{self.origin}/?{urlencode(query | {'threadId': thread_id or str(uuid4())})}")
        page.locator("section textarea").wait_for(timeout=SECONDS * 1000)
        return FrontendPage(frontend, page)
