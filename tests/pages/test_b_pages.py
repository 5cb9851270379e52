"""Every page: without a violation of axe's rules, without anything clipped, light and dark, wide and
narrow, with and without a script."""

import re

import pytest
from conftest import NARROW, WIDE, call, need, operator, shot, violations
from playwright.sync_api import expect

PAGES = ["/", "/activity", "/agents", "/agents/bot", "/agents/bot/suspend", "/agents/bot/edit", "/new/agent", "/approvals", "/tools", "/policies", "/new/policy", "/people", "/log", "/settings"]


@pytest.fixture(scope="module")
def paths():
    operator("POST", "/api/v1/agents", json={"name": "odd", "owner": "<script>alert(1)</script>", "purpose": "x\u202egnp.exe " + "long " * 60})
    call(f"a card {need('CARD')} and text", user="<b>")
    record = operator("GET", "/api/v1/records?q=kind:llm.call&limit=1")["records"][0]["record"]["id"]
    approvals = operator("GET", "/api/v1/approvals")["approvals"]
    policies = operator("GET", "/api/v1/policies")["versions"]
    found = PAGES + [f"/activity/{record}", "/agents/odd"]
    found += [f"/approvals/{one['record']}" for one in approvals[:1]]
    found += [f"/policies/{one['number']}" for one in policies[:1]]
    return [path for path in found if path != "/agents/bot/edit"]


def name_of(path):
    return re.sub(r"act_[0-9a-f-]+", "one", path).strip("/").replace("/", "-") or "overview"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_pages_can_be_used_by_everybody(person, paths, scheme, size):
    ann = person(viewport=size, color_scheme=scheme)
    wrong = {}
    for path in paths:
        page = ann.open(path)
        found = violations(page)
        width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if width[0] > width[1]:
            found.append(("clipped", f"{width[0]} is wider than {width[1]}", []))
        if found:
            wrong[path] = found
        shot(page, f"{name_of(path)}-{scheme}-{'wide' if size is WIDE else 'narrow'}")
    assert wrong == {}
    ann.quiet()


def test_pages_work_without_a_script(person):
    ann = person(java_script_enabled=False)
    page = ann.open("/agents?sort=-name")
    page.get_by_role("searchbox", name="Filter").fill("odd")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="odd").click()
    page.get_by_role("link", name="Hand over").click()
    page.get_by_label("New owner").fill("bob")
    page.get_by_role("button", name="Hand over odd").click()
    expect(page.get_by_text("Its new owner answers for it")).to_be_visible()
    expect(page.locator("main")).to_contain_text("UTC")


def test_the_keyboard_reaches_everything(person):
    ann = person(viewport=NARROW)
    page = ann.open("/agents")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_role("link", name="Menu").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("link", name="Settings").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_times_are_the_readers_and_utc_is_at_hand(person):
    ann = person(timezone_id="Asia/Tokyo")
    page = ann.open("/agents/bot")
    time = page.locator("main time").first
    exact = time.get_attribute("datetime")
    assert exact.endswith("Z") and "UTC" not in time.inner_text()
    page.get_by_role("button", name="Show times in UTC").click()
    expect(time).to_have_text(exact[:19].replace("T", " ") + " UTC")


def test_a_stylesheet_a_script_and_a_page_are_small(person):
    ann = person()
    sizes = []
    ann.page.on("response", lambda answer: sizes.append(len(answer.body())) if answer.request.resource_type in ("document", "stylesheet", "script", "image") else None)
    ann.open("/agents")
    ann.page.wait_for_load_state("networkidle")
    assert sum(sizes) < 60_000, sizes
