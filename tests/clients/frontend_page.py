"""A chat page as a person sees it: what it says, what can be done on it."""

import json
import os
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from attrs import Factory, frozen
from playwright.sync_api import BrowserContext, Error, Locator, Page, expect

from tests.clients.page_record import PageRecord

SECONDS = 15.0
BUTTON = {
    "v1": "section button[data-copilotkit-in-progress]",
    "v2": "section button[data-slot=button] >> nth=-1",
}
"""What sends a message and, while the chat runs or connects, stops it, in each generation of the interface."""
STOPS = ":is([data-copilotkit-in-progress=true], :has(.lucide-square))"
"""How it looks while it stops. Enter in the box does what the button does."""


@frozen
class FrontendPage:
    """One tab on one release of the frontend."""

    frontend: str
    page: Page
    record: PageRecord

    @property
    def _button(self) -> Locator:
        return self.page.locator(BUTTON[self.frontend[-2:]])

    @property
    def state(self) -> Any:
        """The agent's state, as the frontend knows it."""
        return json.loads(self.page.inner_text("#state"))

    def say(self, text: str) -> None:
        """Type and send, once the chat takes messages: one that is not connected yet drops them without a word."""
        self._wait_until_connected()
        box = self.page.locator("section textarea")
        expect(box).to_be_enabled(timeout=SECONDS * 1000)
        box.fill(text)
        self._button.and_(self.page.locator(f":enabled:not({STOPS})")).wait_for(timeout=SECONDS * 1000)
        box.press("Enter")
        expect(box).to_have_value("", timeout=SECONDS * 1000)

    def _wait_until_connected(self) -> None:
        until = monotonic() + SECONDS
        while True:
            # What an answer makes the page do next, it has done when it has nothing to do.
            self.page.evaluate("() => new Promise(resolve => requestIdleCallback(() => resolve()))")
            if self.record.is_connected():
                return
            assert monotonic() < until, f"The chat was not connected within {SECONDS:g} s."
            self.page.wait_for_timeout(20)

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
        self._button.and_(self.page.locator(STOPS)).click(timeout=SECONDS * 1000)

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

    def story(self) -> str:
        """How the page got where it is, for the report of a test that failed."""
        try:
            shown = self.page.inner_text("body", timeout=1000)
            typed = self.page.locator("section textarea").input_value(timeout=1000)
        except Error as error:
            shown, typed = f"not readable: {error.message}", ""
        return f"{self.frontend} shows:\n{shown}\nin the box: {typed!r}\n{self.record.told()}"


@frozen
class Frontends:
    """Opens pages."""

    context: BrowserContext
    origin: str
    runtime_url: str
    opened: list[FrontendPage] = Factory(list[FrontendPage])

    def open(self, frontend: str, *, thread_id: str | None = None, agent: str = "default") -> FrontendPage:
        """A tab of its own, with nothing remembered."""
        page, record = self.context.new_page(), PageRecord(self.runtime_url)
        record.watch(page)
        query = {"frontend": frontend, "runtimeUrl": self.runtime_url, "agent": agent}
        page.goto(f"{self.origin}/?{urlencode(query | {'threadId': thread_id or str(uuid4())})}")
        page.locator("section textarea").wait_for(timeout=SECONDS * 1000)
        self.opened.append(FrontendPage(frontend, page, record))
        return self.opened[-1]
