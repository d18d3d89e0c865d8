"""Run pages in a browser: what the unmodified client logs appears by itself, and what is shown."""

import re
import time
from collections.abc import Callable, Iterator

import mlflow
import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.make.browser import Visitor, a_visitor
from tests.make.installation import Installation, an_installation
from tests.make.journey import EMAIL, PASSWORD, Member, an_owner

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SOON = 2.0  # seconds from the client's call until a person can read the value


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    return an_owner(installation)


@pytest.fixture(scope="module")
def client(owner: Member) -> Iterator[mlflow.MlflowClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", owner.token)
        yield mlflow.MlflowClient(owner.installation.url)


@pytest.fixture(scope="module")
def visitor(owner: Member) -> Iterator[Visitor]:
    with a_visitor() as made:
        page = made.page
        page.goto(f"{owner.installation.url}/sign-in")
        page.get_by_role("textbox", name="E-mail").fill(EMAIL)
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/home")
        yield made


def _live(page: Page) -> None:
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def _soonest(act: Callable[[int], object], shown: Callable[[int], Locator]) -> float:
    """Do something three times; give the shortest wait until it was shown, in seconds.

    The machine may be busy with other tests; what a page needs is the shortest wait.
    """
    waits = []
    for attempt in range(3):
        act(attempt)
        began = time.monotonic()
        expect(shown(attempt)).to_be_visible()
        waits.append(time.monotonic() - began)
    return min(waits)


def test_what_is_logged_appears_in_open_pages(
    installation: Installation, client: mlflow.MlflowClient, visitor: Visitor
) -> None:
    page = visitor.page
    run = client.create_run("0", run_name="first").info.run_id
    for step in range(3):
        client.log_metric(run, "loss", 1 / (step + 1), step=step)
    page.goto(f"{installation.url}/w/team/runs/{run}")
    _live(page)
    waited = _soonest(
        lambda n: client.log_metric(run, "loss", 0.5 + n / 8, step=10 + n),
        lambda n: page.get_by_role("row", name=re.compile(f"loss {0.5 + n / 8:g} {10 + n}")),
    )
    assert waited < SOON
    expect(page.get_by_text(re.compile("to 0.75 at step 12"))).to_have_count(1)  # the curve too

    page.goto(f"{installation.url}/w/team/experiments/0")
    row = page.get_by_role("row", name=re.compile("first"))
    expect(row).to_be_visible()
    _live(page)
    waited = _soonest(
        lambda n: client.create_run("0", run_name=f"later-{n}"),
        lambda n: page.get_by_role("row", name=re.compile(f"later-{n}")),
    )
    assert waited < SOON
    client.set_terminated(run)
    expect(row.get_by_text("Finished")).to_be_visible()


HOSTILE = """<h1 id=said>nothing</h1><script>
const got = [];
try { got.push("cookie " + document.cookie) } catch (e) { got.push("no cookie") }
try { localStorage.length; got.push("storage") } catch (e) { got.push("no storage") }
try { parent.document.title; got.push("parent") } catch (e) { got.push("no parent") }
const api = new URL("/api/v1/me", "APP").href;
fetch(api, { credentials: "include" }).then(() => got.push("called"), () => got.push("no call"))
  .then(() => new Promise(done => {
    const image = new Image();
    image.onload = () => done(got.push("image"));
    image.onerror = () => done(got.push("no image"));
    image.src = "APP/favicon.svg";
  })).then(() => { said.textContent = got.join(", ") });
</script>"""


def test_a_hostile_page_gets_nothing(
    installation: Installation, client: mlflow.MlflowClient, visitor: Visitor
) -> None:
    page, calls = visitor.page, list[Request]()
    run = client.create_run("0", run_name="files").info.run_id
    client.log_text(run, HOSTILE.replace("APP", installation.url), "report.html")
    client.log_text(run, "n,word\n1,one\n2,two\n", "rows.csv")

    def hear(request: Request) -> None:
        calls.append(request)

    page.on("request", hear)
    page.goto(f"{installation.url}/w/team/runs/{run}?artifact=report.html")
    frame = page.frame_locator("iframe")
    nothing = "no cookie, no storage, no parent, no call, no image"
    expect(frame.locator("#said")).to_have_text(nothing)
    shown = page.locator("iframe").get_attribute("src") or ""
    assert shown.startswith(f"http://127.0.0.1:{installation.port}/content/")
    sent = next(request for request in calls if "/content/" in request.url)
    assert "cookie" not in {name.lower() for name in sent.all_headers()}
    page.goto(shown)  # in a tab of its own it is as powerless
    expect(page.locator("#said")).to_have_text("no cookie, no storage, parent, no call, no image")

    page.goto(f"{installation.url}/w/team/runs/{run}?artifact=rows.csv")
    expect(page.get_by_role("cell", name="two")).to_be_visible()
    visitor.complaints[:] = [c for c in visitor.complaints if "Content Security Policy" not in c]


def test_a_page_goes_on_after_the_server_was_killed(
    installation: Installation, client: mlflow.MlflowClient, visitor: Visitor
) -> None:
    page = visitor.page
    run = client.create_run("0", run_name="survivor").info.run_id
    client.log_metric(run, "loss", 0.9, step=0)
    page.goto(f"{installation.url}/w/team/runs/{run}")
    _live(page)
    installation.kill()
    expect(page.get_by_text("Connecting", exact=True)).to_be_visible()
    installation.start()
    for step in range(1, 4):
        client.log_metric(run, "loss", 0.25, step=step)
    expect(page.get_by_role("row", name=re.compile("loss 0.25 3"))).to_be_visible()
    client.set_terminated(run)
    expect(page.get_by_text("Finished").first).to_be_visible()
