"""Every page of the admin: readable for everybody, in light and dark, on a narrow screen, and quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.urls import URLPattern, URLResolver
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import PATIENCE, Open
from tests.browser.exhibits import Exhibits
from tests.browser.people import session_of
from tests.browser.screen import LIST, heading, upload
from tests.browser.templates import written
from tests.browser.watching import Watch
from tests.sites import Site

PAGES = {
    "home": "/admin/",
    "import": "/admin/import/",
    "preview": "/admin/import/{plain}/",
    "preview, collateral": "/admin/import/{collateral}/",
    "preview, out of date": "/admin/import/{stale}/",
    "preview, nothing live": "/admin/import/{first}/",
    "preview, applied": "/admin/import/{applied}/",
    "preview, held by the guard": "/admin/import/{held}/?retire=1",
    "preview, the older ones stay": "/admin/import/{plain}/?prefer=oldest",
    "preview, moves and updates": "/admin/import/{evening}/?overwrite=1",
    "preview, drift": "/admin/import/{evening}/?merge_updates=1&show=left",
    "runs": "/admin/runs/",
    "run": "/admin/runs/{run}/",
    "run, going on": "/admin/runs/{running}/",
    "run, failed": "/admin/runs/{failed}/",
    "run, refused": "/admin/runs/{refused}/",
    "run, moved": "/admin/runs/{moved}/",
    "run, tearing down": "/admin/runs/{torn}/",
    "run, whose data waits": "/admin/runs/{waiting_run}/",
    "run, undone": "/admin/runs/{undone}/",
    "run, an undo": "/admin/runs/{undo}/",
    "undo": "/admin/runs/{waiting_run}/undo/",
    "undo, all rows": "/admin/runs/{regretted}/undo/?show=all",
    "undo, moves": "/admin/runs/{moved}/undo/",
    "undo, nothing left": "/admin/runs/{undone}/undo/",
    "restore": "/admin/restore/?ids={waiting}",
    "restore, a name is taken": "/admin/restore/?ids={taken}",
    "workspaces": LIST,
    "workspaces, one organization": f"{LIST}?org={{slug}}",
    "workspaces, nothing found": f"{LIST}?q=nobody",
    "add workspace": f"{LIST}add/",
    "workspace": f"{LIST}{{workspace}}/change/",
    "workspace, removed": f"{LIST}{{gone}}/change/",
    "workspace, not released": f"{LIST}{{leaking}}/change/",
    "workspace, its data waits": f"{LIST}{{waiting}}/change/",
    "workspaces, removed": f"{LIST}?org={{waiting_slug}}&status=removed",
    "history": f"{LIST}{{gone}}/history/",
    "history, one version": f"{LIST}{{gone}}/history/{{version}}/",
    "cascade delete": "/admin/cascade-delete/?_selected_action={doomed}",
    "kept data": "/admin/kept-data/",
    "kept data, one organization": "/admin/kept-data/?org={waiting_slug}",
    "kept data, to destroy": "/admin/kept-data/purge/?_selected_action={waiting}",
    "timeline": "/admin/timeline/",
    "timeline, one minute": "/admin/timeline/?{minute}",
    "timeline, nothing there": "/admin/timeline/?day=2001-01-01&at=12:00",
    "timeline, senseless": "/admin/timeline/?at=25:99",
    "events": "/admin/audit/structureevent/",
    "event": "/admin/audit/structureevent/{event}/change/",
    "organizations": "/admin/workspaces/organization/",
    "add organization": "/admin/workspaces/organization/add/",
    "organization": "/admin/workspaces/organization/{organization}/change/",
    "organization, with kept data": "/admin/workspaces/organization/{waiting_in}/change/",
    "API tokens": "/admin/workspaces/apitoken/",
    "API token": "/admin/workspaces/apitoken/{api_token}/change/",
    "add API token": "/admin/workspaces/apitoken/add/",
    "workspace tokens": "/admin/workspaces/workspacetoken/",
    "workspace token": "/admin/workspaces/workspacetoken/{workspace_token}/change/",
    "users": "/admin/auth/user/",
    "add user": "/admin/auth/user/add/",
    "user": "/admin/auth/user/{user}/change/",
    "groups": "/admin/auth/group/",
    "add group": "/admin/auth/group/add/",
    "own password": "/admin/password_change/",
    "own password, changed": "/admin/password_change/done/",
}
MISTAKES = """name: Dev team
workspaces:
  - {name: PM, tier: 9}
  - {name: PM}
  - {role: nameless}
"""
# Without a copy of the imported stylesheets, which the content security policy refuses; no rule of weight asks for it.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
CONTEXT = {"exclude": [[".selector"], [".datetime"]]}  # widgets of Django's own, in its own forms
# An animation that is cancelled, because its element is replaced, has ended too.
SETTLED = "() => Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => true)"
WIDE: ViewportSize = {"width": 1280, "height": 720}
NARROW: ViewportSize = {"width": 420, "height": 900}

# What sticks out of the window and stands in no box that scrolls by itself.
STICKING_OUT = """() => {
  const scrolls = (element) => element && (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX)
    && element !== document.body && element !== document.documentElement || scrolls(element.parentElement));
  if (document.scrollingElement.scrollWidth <= innerWidth) return [];
  return [...document.body.querySelectorAll('*')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element.parentElement))
    .map((element) => element.outerHTML.slice(0, 160));
}"""


@pytest.fixture(scope="package")
def exhibits(site: Site) -> Exhibits:
    return Exhibits(site)


@pytest.fixture(scope="package")
def window(browser: Browser, browser_context_args: dict[str, Any], exhibits: Exhibits, site: Site) -> Iterator[Page]:
    """One of dora's, for all pages that are only looked at."""
    context = browser.new_context(**browser_context_args)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "sessionid", "value": session_of(site, exhibits.dora), "url": site.url}])
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(window: Page, watch: Watch, exhibits: Exhibits) -> Iterator[Open]:
    """Open an address of the table, with every permission."""
    watch.follow(window.context)

    def go(address: str, *, viewport: ViewportSize = WIDE) -> Page:
        window.set_viewport_size(viewport)
        window.goto(address.format(**exhibits.ids))
        expect(heading(window)).to_be_visible()
        return window

    yield go
    watch.leave(window.context)
    window.goto("about:blank")  # a page that asks by itself would be the next test's


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_and_a_narrow_screen_needs_no_scrolling_sideways(visit: Open, name: str) -> None:
    page = visit(PAGES[name])
    examine(page)
    page.set_viewport_size(NARROW)  # no script asks for the width: nothing needs to load again
    outside = page.evaluate(STICKING_OUT)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= NARROW["width"], "\n".join(outside)


@pytest.mark.parametrize("section", ["runs", "import"])
def test_axe_finds_nothing_serious_where_nothing_is(visit: Open, watch: Watch, section: str) -> None:
    watch.expects(404)
    examine(visit(f"/admin/{section}/00000000-0000-0000-0000-000000000000/"))


def test_axe_finds_nothing_serious_in_a_list_of_mistakes(visit: Open, watch: Watch) -> None:
    watch.expects(400)
    page = visit("/admin/")
    upload(page, written(MISTAKES))
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_count(3)
    examine(page)


@pytest.mark.parametrize("options", [{}, {"viewport": NARROW}], ids=["wide", "narrow"])
def test_axe_finds_nothing_serious_where_a_token_is_shown(visit: Open, watch: Watch, options: dict) -> None:
    page = visit(PAGES["add API token"], **options)
    page.get_by_label("Name").fill("pipeline")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_label("The token")).to_contain_text("org_")
    examine(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), page.evaluate(STICKING_OUT)


def test_axe_finds_nothing_serious_at_the_login(open_window: Open) -> None:
    page = open_window()
    page.goto("/admin/")
    expect(page.get_by_label("Username")).to_be_visible()
    examine(page)


def examine(page: Page) -> None:
    """Everything in light; in dark the same page has nothing new but its colours."""
    loaded = Axe(axe_script="")  # half a mebibyte that the page has by then
    colours = {"runOnly": ["color-contrast", "link-in-text-block"]}
    for theme, axe, rules in (("light", Axe(), {}), ("dark", loaded, colours)):
        page.emulate_media(color_scheme=theme)
        page.evaluate(SETTLED)
        violations = axe.run(page, context=CONTEXT, options=OPTIONS | rules).response["violations"]
        found = [each for each in violations if each["impact"] in {"serious", "critical"}]
        assert not found, "\n".join(told(each, theme) for each in found)


def told(violation: dict, theme: str) -> str:
    places = [f"  {node['html']}\n    {node['failureSummary']}" for node in violation["nodes"][:5]]
    return "\n".join([f"{theme}: {violation['help']} ({violation['impact']}, {violation['helpUrl']})", *places])


@pytest.mark.parametrize("width", [1290, 1120])
def test_the_list_never_runs_into_its_filter(visit: Open, width: int) -> None:
    page = visit(f"{LIST}?org={{slug}}&status=all", viewport={"width": width, "height": 900})
    expect(page.get_by_role("row").filter(has_text="was under PM")).not_to_have_count(0)
    table = page.get_by_role("table").bounding_box()
    beside = page.get_by_role("navigation", name="Filter").bounding_box()
    assert table
    assert beside
    assert table["x"] + table["width"] <= beside["x"] or table["y"] + table["height"] <= beside["y"]


def test_every_page_without_an_argument_is_in_the_table(visit: Open) -> None:
    page, missing = visit("/admin/"), []
    for address in sorted(set(addresses(admin.site.urls[0], "/admin/")) - set(PAGES.values())):
        answer = page.request.get(address, max_redirects=0)
        if answer.status == 200 and "text/html" in answer.headers["content-type"]:
            missing.append(address)
    assert not missing, f"Add {missing} to PAGES above, so that they are looked at."


def addresses(patterns: list[URLPattern | URLResolver], above: str) -> Iterator[str]:
    for pattern in patterns:
        address = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        elif not re.search(r"[<^(]", address):
            yield address


def test_the_description_of_the_api_works_too(visit: Open) -> None:
    page = visit("/docs/")
    expect(page.get_by_text("/org/import").first).to_be_visible()
