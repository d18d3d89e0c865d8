"""The main pages against WCAG 2.2 A and AA, with axe-core: wide, narrow, light, dark."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.make.browser import NARROW, WIDE, a_visitor
from tests.make.installation import ROOT, Installation, an_installation, wait_for
from tests.make.journey import EMAIL, PASSWORD, Member, an_owner

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PLACES = (
    "home",
    "experiments",
    "models",
    "deployments",
    "monitoring",
    "dashboards",
    "alerts",
    "alert-rules",
    "alert-rules/new",
)
SETTINGS = ("general", "members", "tokens", "channels", "status", "audit")
REALISED = re.compile("^Quality, realised")
TABS = (
    "overview",
    "drift",
    "predictions",
    "api",
    "keys",
    "logs",
    "discussion",
    "history",
    "settings",
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with an_installation(folder, MODELYARD_ALERT_SECONDS="0.5") as made:
        yield made


@pytest.fixture(scope="module")
def pages(installation: Installation) -> list[str]:
    """Every main page with something on it: a run, a model, a deployment that drifts."""
    owner = an_owner(installation)
    owner.run_example("quickstart.py")
    deployment = owner.deploy("breast-cancer")
    key = owner.a_key(deployment["id"])
    owner.run_example("replay.py", "--url", deployment["url"], "--key", key, "--drift")
    wait_for(lambda: owner.get("/alerts")["items"], 60, lambda: str(owner.get("/alert-rules")))
    return [f"{installation.url}/w/team/{path}" for path in _paths(owner, deployment["id"])]


def _paths(owner: Member, deployment: str) -> list[str]:
    model = owner.model("breast-cancer")["id"]
    version = owner.get(f"/models/{model}/versions/1")
    run = owner.get(f"/runs/{version['run_id']}")
    board = _a_dashboard(owner, deployment)
    return [
        *PLACES,
        f"alerts/{owner.get('/alerts')['items'][0]['id']}",
        f"dashboards/{board}?window=1h",
        *(f"settings/{part}" for part in SETTINGS),
        f"experiments/{run['experiment_id']}",
        f"runs/{run['id']}",
        "imports",
        f"models/{model}",
        f"models/{model}/v/1",
        f"models?deploy={model}",
        *(f"deployments/{deployment}?tab={tab}" for tab in TABS),
    ]


def _a_dashboard(owner: Member, deployment: str) -> str:
    signals = ("traffic", "drift", "accuracy")
    panels = [{"id": s, "signal": s, "deployment_ids": [deployment]} for s in signals]
    name = f"Board of {len(owner.get('/dashboards'))}"
    made = owner.http.post("/dashboards", json={"name": name, "panels": panels})
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    return found


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_role("textbox", name="E-mail").fill(EMAIL)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")


def _violations(page: Page, rules: list[str]) -> list[str]:
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", rules)
    return [
        f"{page.url}: {one['id']} ({one['impact']}) at {one['nodes'][0]['target']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_no_page_has_a_serious_violation_or_scrolls_sideways(
    installation: Installation, pages: list[str]
) -> None:
    found: list[str] = []
    with a_visitor() as visitor:
        page = visitor.page
        _sign_in(page, installation.url)
        for address in pages:
            page.goto(address)
            page.get_by_role("heading", level=1).wait_for()
            page.wait_for_load_state("networkidle")
            page.evaluate(AXE.read_text())
            for width, height in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_timeout(200)  # what is drawn by size is drawn again
                found += [f"{width} px: {one}" for one in _violations(page, RULES)]
                if visitor.scrolls_sideways():
                    found.append(f"{width} px: {address} scrolls sideways")
            page.emulate_media(color_scheme="dark")
            page.locator("html[data-mantine-color-scheme=dark]").wait_for()
            page.wait_for_timeout(200)  # colours move for up to 160 ms
            found += _violations(page, ["color-contrast"])
            page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
            found += _violations(page, ["color-contrast"])
            page.emulate_media(color_scheme="light")
        assert visitor.complaints == []
    assert found == []


def test_a_panel_is_dragged_and_stays_where_it_was_dropped(
    installation: Installation, pages: list[str]
) -> None:
    address = next(one for one in pages if "/dashboards/" in one)
    with a_visitor() as visitor:
        page = visitor.page
        _sign_in(page, installation.url)
        page.goto(address)
        titles = page.get_by_role("heading", level=2)
        expect(titles).to_have_text([re.compile("^Requests"), re.compile("^Drift"), REALISED])
        handle = page.get_by_role("button", name=re.compile("Move Quality")).bounding_box()
        first = page.get_by_role("region", name=re.compile("^Requests")).bounding_box()
        assert handle is not None
        assert first is not None
        page.mouse.move(handle["x"] + 5, handle["y"] + 5)
        page.mouse.down()
        page.mouse.move(first["x"] + 60, first["y"] + 60, steps=6)
        with page.expect_response(lambda answer: answer.request.method == "PUT") as saved:
            page.mouse.up()
        assert saved.value.ok
        page.reload()
        expect(titles).to_have_text([REALISED, re.compile("^Requests"), re.compile("^Drift")])
        keys = page.get_by_role("button", name=re.compile("Move Quality"))
        keys.press("ArrowRight")
        expect(keys).to_be_focused()
        keys.press("ArrowLeft")
        expect(titles).to_have_text([REALISED, re.compile("^Requests"), re.compile("^Drift")])
