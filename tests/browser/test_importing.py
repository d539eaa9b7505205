"""The import page: a file dropped on it is as good as a chosen one."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.people import Office
from tests.browser.screen import heading, section

# A file comes from outside of the page, drops, and says of each event whether the page took it over.
DRAG = """(zone, [name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  return ['dragenter', 'dragover', 'drop'].map((kind) =>
    !zone.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true})));
}"""


def test_a_dropped_file_is_named_and_previewed(page: Page, office: Office) -> None:
    page.goto("/admin/")
    section(page, "Import").click()
    zone = page.get_by_text("Drop a template here", exact=True)
    taken = zone.evaluate(DRAG, ["dropped.yaml", "name: Dev team\nworkspaces: [{name: PM}]"])
    assert taken == [True, True, True], "the browser itself would have opened the file"
    expect(page.get_by_role("status").filter(has_text="dropped.yaml, 1 KB")).to_be_visible()
    page.get_by_role("button", name="Preview merge and reconcile").click()
    expect(heading(page)).to_contain_text("Preview: dropped.yaml into Acme")
