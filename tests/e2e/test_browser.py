"""The main job in a real browser, on a fresh account, with every click counted."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.make.browser import NARROW, Visitor, a_visitor
from tests.make.installation import ROOT, Installation, an_installation
from tests.make.journey import EMAIL, PASSWORD, Member

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
# `make e2e` renews the README's picture; other runs leave the tree as it is.
SCREENSHOT = ROOT / os.environ.get("MODELYARD_TEST_SCREENSHOT", "reports/deployment.png")
MOST_CLICKS, MOST_SECONDS = 10, 300
LONG = 120_000  # ms; steps that train, build or deploy


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with an_installation(tmp_path) as made:
        yield made


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with a_visitor() as made:
        yield made


def _become_owner(visitor: Visitor, installation: Installation) -> None:
    page = visitor.page
    page.goto(installation.setup_link())
    for label, value in (
        ("Your name", "Ada"),
        ("E-mail", EMAIL),
        ("Password", PASSWORD),
        ("Organisation", "Example"),
        ("Workspace", "Team"),
    ):
        page.get_by_role("textbox", name=label).fill(value)
    visitor.click(page.get_by_role("button", name="Create owner"))
    page.wait_for_url(re.compile("/home"))


def _button(page: Page, name: str | re.Pattern[str]):  # type: ignore[no-untyped-def]
    return page.get_by_role("button", name=name)


def _secret(page: Page, prefix: str) -> str:
    """Read a token or key from the dialog that shows it this once."""
    shown = page.get_by_role("dialog").get_by_text(re.compile(prefix)).first
    found = re.search(rf"{prefix}\w+", shown.inner_text())
    assert found is not None
    return found.group()


def test_own_model_from_first_click_to_rollback(
    visitor: Visitor, installation: Installation
) -> None:
    began = time.monotonic()
    page = visitor.page
    _become_owner(visitor, installation)

    visitor.click(page.get_by_role("link", name="Create API token"))
    visitor.click(_button(page, "Create token").first)
    page.get_by_role("textbox", name="Name").fill("laptop")
    visitor.click(page.get_by_role("dialog").get_by_role("button", name="Create token"))
    member = Member(installation, _secret(page, "mlp_"))
    member.run_example("quickstart.py")

    page.goto(f"{installation.url}/w/team/models")
    visitor.click(_button(page, "Quick deploy"))
    visitor.click(_button(page, "Deploy to staging"))
    visitor.click(_button(page, "Create endpoint key"))  # there as soon as it is live
    key = _secret(page, "myk_")
    deployment = member.get("/deployments")["items"][0]
    replay = ("replay.py", "--url", deployment["url"], "--key", key)
    member.run_example(*replay)

    drift = f"{installation.url}/w/team/deployments/{deployment['id']}?tab=drift"
    page.goto(drift)
    expect(page.get_by_text(re.compile("None of 31 columns moved"))).to_be_visible()
    member.run_example(*replay, "--drift")
    expect(page.get_by_text(re.compile("columns have moved"))).to_be_visible()
    expect(page.get_by_text("mean area").first).to_be_visible()
    visitor.screenshot(SCREENSHOT)
    assert not visitor.scrolls_sideways()

    member.run_example("quickstart.py", "--C", "0.01")
    page.reload()
    visitor.click(_button(page, "Deploy version 2"))
    back = _button(page, "Roll back to v1")
    back.wait_for(timeout=LONG)
    visitor.click(back)
    visitor.click(page.get_by_role("dialog").get_by_role("button", name="Roll back"))
    live = member.until_live(deployment["id"], version=1)
    assert live["latest_revision"]["number"] == 3

    page.goto(f"{installation.url}/w/team/settings/audit")
    for action in ("deployment.create", "deployments.roll_back", "traffic.create_key"):
        expect(page.get_by_text(action).first).to_be_visible()

    print(f"{len(visitor.clicks)} clicks, {time.monotonic() - began:.0f} s: {visitor.clicks}")
    assert len(visitor.clicks) <= MOST_CLICKS, visitor.clicks
    assert time.monotonic() - began <= MOST_SECONDS
    assert visitor.complaints == []


def test_sample_project_does_it_all_and_leaves_nothing(
    visitor: Visitor, installation: Installation
) -> None:
    page = visitor.page
    _become_owner(visitor, installation)

    visitor.click(_button(page, "Load sample project"))
    replay = _button(page, "Replay with drift")
    replay.wait_for(timeout=3 * LONG)
    expect(page.get_by_text(re.compile("None of 31 columns moved")).first).to_be_visible()
    visitor.click(replay)
    moved = page.get_by_text(re.compile("columns have moved")).first
    expect(moved).to_be_visible(timeout=LONG)
    page.reload()
    for size in ((1440, 900), NARROW):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert not visitor.scrolls_sideways()
    page.set_viewport_size({"width": 1440, "height": 900})

    visitor.click(_button(page, "Remove sample"))
    visitor.click(page.get_by_role("dialog").get_by_role("button", name="Remove sample"))
    _button(page, "Load sample project").wait_for(timeout=LONG)

    for place in ("Experiments", "Models", "Deployments", "Monitoring"):
        page.goto(f"{installation.url}/w/team/{place.lower()}")
        expect(page.get_by_role("heading", name=place, level=1)).to_be_visible()
        expect(page.get_by_text(re.compile("breast.cancer"))).to_have_count(0)
    left = [
        file
        for folder in ("artifacts/cas", "models", "monitoring")
        for file in (installation.folder / "data" / folder).rglob("*")
        if file.is_file()
    ]
    assert left == []
    assert visitor.complaints == []
