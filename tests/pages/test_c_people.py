"""People in a browser: both factors, by an app and by a passkey; a role for some minutes; an access review."""

import re

import pytest
from conftest import NARROW, PASSWORD, WIDE, operator, shot
from playwright.sync_api import expect



@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_has_an_app_logs_in_with_both_factors(somebody, scheme):
    ann = somebody(f"ann-{scheme}@example.com", "auditor", color_scheme=scheme, viewport=NARROW if scheme == "dark" else WIDE)
    ann.enrol()
    page = ann.page
    page.goto("/account")
    ann.check("account")
    page.get_by_role("button", name="Log out").first.click()
    ann.check("login")
    shot(page, f"login-{scheme}")
    page.get_by_label("Name").fill(ann.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    ann.check("second")
    page.get_by_label(re.compile("Code of your")).fill(ann.code())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("/verify")
    ann.check("verify")
    page.goto("/account/access")
    ann.check("account-access")
    shot(page, f"account-access-{scheme}")


def test_who_has_a_passkey_needs_nothing_else(somebody):
    pat = somebody("pat@example.com", "auditor")
    devtools = pat.context.new_cdp_session(pat.page)
    devtools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    pat.welcome()
    page = pat.page
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_text("Keep these recovery codes")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("/account")
    page.get_by_role("button", name="Log out").first.click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_role_is_asked_for_and_given_for_some_minutes(somebody):
    kim = somebody("kim@example.com", "employee").enrol()
    lee = somebody("lee@example.com", "security_officer").enrol()
    page = kim.page
    page.goto("/access")
    expect(page.get_by_text("none of your roles allows this")).to_be_visible()
    kim.check("problem")
    page.goto("/account/access")
    page.get_by_label("Role").first.select_option("auditor")
    page.get_by_label("For how many minutes").first.fill("15")
    page.get_by_label("Why").first.fill("an auditor is on the phone")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Your request waits")).to_be_visible()
    officer = lee.page
    officer.goto("/access")
    lee.check("access")
    officer.get_by_role("link", name="kim@example.com").click()
    lee.check("access-one")
    shot(officer, "access-one")
    officer.get_by_role("button", name="Approve").click()
    expect(officer.get_by_text("The role counts from now on")).to_be_visible()
    page.goto("/access")
    expect(page.get_by_role("heading", name="Time-limited access")).to_be_visible()
    officer.get_by_role("button", name="End it now").click()
    expect(officer.get_by_text("It has ended")).to_be_visible()
    page.goto("/access")
    expect(page.get_by_text("none of your roles allows this")).to_be_visible()


def test_an_access_review_is_run_from_the_keyboard(somebody):
    mia = somebody("mia@example.com", "security_officer", viewport=NARROW).enrol()
    page = mia.page
    page.goto("/reviews")
    mia.check("reviews")
    page.get_by_role("button", name="Begin a review").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The review has begun")).to_be_visible()
    mia.check("review")
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], width
    shot(page, "review-narrow")
    boxes = page.get_by_role("checkbox")
    assert boxes.count() > 1
    for box in boxes.all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_label("Why", exact=True).fill("looked at each")
    page.get_by_role("button", name="Keep").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is decided, and done")).to_be_visible()
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_text("The review is closed")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename.startswith("access-review-")
    review = operator("GET", "/api/v1/reviews")["reviews"][0]
    assert review["counts"]["kept"] > 1 and review["hash"], review
