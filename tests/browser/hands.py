"""Input devices. A `Hand` is the interface for pressing, typing and choosing; `Mouse` clicks, `Keyboard` uses only Tab,
Space and Enter, so each test can run with both."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import FilePayload, Locator, Page, expect

FURTHEST = 200  # presses of Tab before giving up

# An outline or a shadow around the element, or around what it stands in: a file field, a box within its label.
IS_RINGED = """element => {
  const ring = getComputedStyle(element);
  return (ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) > 0) || ring.boxShadow !== 'none';
}"""

IN_ITS_GROUP = "element => document.activeElement.type === 'radio' && document.activeElement.name === element.name"


class Hand(Protocol):
    def press(self, target: Locator) -> None:
        """A button, a link or the head of a fold."""

    def skip(self, link: Locator) -> None:
        """A link that only a keyboard finds."""

    def tick(self, target: Locator) -> None: ...

    def choose(self, target: Locator) -> None:
        """One of a group of round buttons."""

    def write(self, target: Locator, text: str) -> None: ...

    def choose_file(self, target: Locator, file: FilePayload) -> None: ...


class Mouse:
    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, target: Locator) -> None:
        target.click()

    def skip(self, link: Locator) -> None:
        expect(link).not_to_be_in_viewport()

    def tick(self, target: Locator) -> None:
        target.check()

    def choose(self, target: Locator) -> None:
        target.check()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def choose_file(self, target: Locator, file: FilePayload) -> None:
        with self._page.expect_file_chooser() as chooser:
            target.click()
        chooser.value.set_files(file)


class Keyboard:
    """Uses the keyboard only, and fails if the focus is not visible."""

    def __init__(self, page: Page) -> None:
        self._page = page
        # Chromium hands over its file dialogs from now on. Asked just before a key is pressed, it may be late.
        page.on("filechooser", lambda _: None)

    def press(self, target: Locator) -> None:
        self._reach(target)
        self._page.keyboard.press("Enter")

    def skip(self, link: Locator) -> None:
        self.press(link)

    def tick(self, target: Locator) -> None:
        self._reach(target)
        self._page.keyboard.press("Space")
        expect(target).to_be_checked()

    def choose(self, target: Locator) -> None:
        """Tab leads to the one of the group that is chosen, the arrows from there to all others."""
        for _ in range(FURTHEST):
            if target.evaluate(IN_ITS_GROUP):
                break
            self._page.keyboard.press("Tab")
        for _ in range(FURTHEST):
            if target.is_checked():
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"neither Tab nor arrows lead to {target}")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        self._page.keyboard.type(text)

    def choose_file(self, target: Locator, file: FilePayload) -> None:
        self._reach(target)
        with self._page.expect_file_chooser() as chooser:
            self._page.keyboard.press("Enter")
        chooser.value.set_files(file)

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(FURTHEST):
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate(IS_RINGED), f"nothing shows that {target} has the focus"
                expect(target).to_be_in_viewport()
                return
            self._page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {target}")
