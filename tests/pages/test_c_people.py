"""People in a browser: both factors, by an app and by a passkey; a role for some minutes; an access review."""

import re

import pytest
from conftest import NARROW, PASSWORD, WIDE, call, need, operator, shot
from playwright.sync_api import expect
from provider import provider

LOOKS = pytest.mark.parametrize("look", [("light", WIDE), ("dark", NARROW)], ids=["light-wide", "dark-narrow"])


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


@LOOKS
def test_an_account_is_connected_with_the_log_in_of_the_organisation(somebody, look):
    scheme, size = look
    una = somebody(f"una-{scheme}@example.com", "auditor", color_scheme=scheme, viewport=size).enrol()
    page = una.page
    page.goto("/account/sso")
    expect(page.get_by_text("nothing waits to be connected")).to_be_visible()
    una.check("nothing to connect")
    page.goto("/account")
    with provider(need("SSO_ISSUER"), f"una.{scheme}@example.org"):
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_role("heading", name="Connect your account")).to_be_visible()
        expect(page.get_by_text(f"una.{scheme}@example.org").first).to_be_visible()
        una.check("connect")
        shot(page, f"connect-{scheme}")
        page.get_by_role("button", name="Connect the two").click()
    expect(page.get_by_role("button", name="Disconnect")).to_be_visible()
    una.check("connected")
    shot(page, f"connected-{scheme}")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("button", name="Disconnect")).to_have_count(0)


@LOOKS
def test_what_is_seldom_opened_can_be_used_by_everybody(somebody, look):
    scheme, size = look
    leo = somebody(f"leo-{scheme}@example.com", "security_officer", color_scheme=scheme, viewport=size).enrol()
    page = leo.page
    call("what nobody keeps")
    record = operator("GET", "/api/v1/records?q=kind:llm.call&limit=1")["records"][0]["record"]["id"]
    tools = operator("GET", "/api/v1/tools")["tools"]
    paths = ["/account/app", "/account/password", f"/people/{leo.name}", "/agents", f"/tools/{tools[0]['server']}/{tools[0]['name']}"]
    # Nothing was kept of this record and nobody is named in it: what these pages then say.
    paths += [f"/activity/{record}/payload/request", f"/activity/{record}/person"]
    for path in paths:
        page.goto(path)
        leo.check(path)
        shot(page, f"seldom{re.sub('act_[0-9a-f-]+', 'one', path).replace('/', '-')}-{scheme}")


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
