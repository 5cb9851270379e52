"""Every page of the console was looked at by axe: a page that is added shows up here. It is the last test."""

import pathlib
import re

from conftest import SEEN

GOLDEN = "crates/console/src/tests/snapshots/console__tests__authorisation__every_endpoint_refuses_whom_it_should.snap"
# What is no page of ours: files, streams, and ways to elsewhere.
NO_PAGES = {
    "/assets/{file}", "/activity/stream", "/activity/{record}/record.json", "/activity/{record}/proof.json",
    "/login/sso", "/login/sso/callback",
}
OTHERS = ("/api/", "/ledger/", "/scim/", "/healthz", "/readyz", "/metrics")


def pages():
    golden = (pathlib.Path(__file__).parents[2] / GOLDEN).read_text()
    paths = re.findall(r"^get (/[^:]*):", golden, re.MULTILINE)
    return [path for path in paths if not path.startswith(OTHERS) and path not in NO_PAGES]


def test_axe_has_seen_every_page():
    assert len(pages()) > 20
    unseen = []
    for path in pages():
        form = re.compile("/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/")))
        if not any(form.fullmatch(seen) for seen in SEEN):
            unseen.append(path)
    assert unseen == [], "open these in a test of pages, and look at them with `violations`"
