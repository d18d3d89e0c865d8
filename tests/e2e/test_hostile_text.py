"""What people write is shown as text and Markdown and never runs, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.make.browser import Visitor, a_visitor
from tests.make.installation import Installation, an_installation
from tests.make.journey import EMAIL, PASSWORD, Member, an_owner

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ELSEWHERE = "http://127.0.0.1:9/"
PAYLOADS = [
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "<svg/onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>",
    '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
    "<details open ontoggle=window.hacked=1>x</details>",
    "<body onload=window.hacked=1>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>",
    '<a href="javascript:window.hacked=1">html link</a>',
    "[md link](javascript:window.hacked=1)",
    "[md link](JaVaScRiPt:window.hacked=1)",
    "[md link](&#106;avascript:window.hacked=1)",
    "[md link](java\tscript:window.hacked=1)",
    "[md link](data:text/html,<script>opener.hacked=1</script>)",
    "[md link](vbscript:msgbox)",
    "[ref][x]\n\n[x]: javascript:window.hacked=1",
    "<javascript:window.hacked=1>",
    '![alt" onerror="window.hacked=1](x)',
    f"![tracked]({ELSEWHERE}pixel.png)",
    f"<link rel=stylesheet href={ELSEWHERE}x.css><style>@import '{ELSEWHERE}y.css'</style>",
    "`<script>window.hacked=1</script>`",
    "```html\n<img src=x onerror=window.hacked=1>\n```",
    "|<img src=x onerror=window.hacked=1>|b|\n|-|-|\n|[x](javascript:window.hacked=1)|y|",
    "@ada<script>window.hacked=1</script>",
    "</textarea></script><script>window.hacked=1</script>",
    "<!--><img src=x onerror=window.hacked=1>-->",
    "<form action=javascript:window.hacked=1><button>go</button></form>",
    "\u202e<scr\u0000ipt>window.hacked=1</script>".replace("\u0000", ""),
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    return an_owner(installation)


@pytest.fixture
def visitor(installation: Installation, owner: Member) -> Iterator[Visitor]:
    with a_visitor() as made:
        page = made.page
        page.goto(f"{installation.url}/sign-in")
        page.get_by_role("textbox", name="E-mail").fill(EMAIL)
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/home")
        yield made


def _a_run(owner: Member) -> str:
    address = f"{owner.installation.url}/api/2.0/mlflow/runs/create"
    made = owner.http.post(address, json={"experiment_id": "0", "start_time": 1})
    return str(made.json()["run"]["info"]["run_id"])


def _dangers(page: Page) -> list[str]:
    """Name what in the page's text could run: elements, attributes and addresses."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("main *")].flatMap(element => [
            ...(["SCRIPT","IFRAME","OBJECT","EMBED","STYLE","LINK","IMG","BASE","META","MATH"]
                .includes(element.tagName) ? [element.outerHTML] : []),
            ...[...element.attributes]
                .filter(a => a.name.startsWith("on") || a.name === "srcdoc" || a.name === "action"
                    || (["href", "src", "xlink:href", "formaction"].includes(a.name)
                        && /^\\s*(javascript|data|vbscript):/i.test(a.value)))
                .map(a => `${element.tagName} ${a.name}=${a.value}`),
        ])"""
    )
    return found


def test_no_comment_runs_anything(visitor: Visitor, owner: Member) -> None:
    run, page = _a_run(owner), visitor.page
    for payload in PAYLOADS:
        body = {"resource_type": "run", "resource_id": run, "body": payload}
        owner.post("/comments", body)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialog.dismiss())

    page.goto(f"{owner.installation.url}/w/team/runs/{run}")
    expect(page.get_by_role("article")).to_have_count(len(PAYLOADS))
    for link in page.get_by_text(re.compile("^(md|html) link$")).all():
        link.click(no_wait_after=True)
    page.wait_for_load_state("networkidle")

    assert _dangers(page) == []
    assert page.evaluate("window.hacked") is None
    assert [url for url in asked if not url.startswith(owner.installation.url)] == []


def test_a_comment_is_written_mentions_and_is_answered(visitor: Visitor, owner: Member) -> None:
    run, page = _a_run(owner), visitor.page
    page.goto(f"{owner.installation.url}/w/team/runs/{run}")
    field = page.get_by_role("textbox", name="New comment")
    field.click()
    page.keyboard.type("Is this **good** @ad")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    thread = page.get_by_role("article")
    expect(thread.get_by_text("good")).to_be_visible()
    expect(thread.get_by_text("@Ada")).to_be_visible()
    thread.get_by_role("button", name="Reply").click()
    page.get_by_role("textbox", name="Reply").fill("Yes")
    page.keyboard.press("Control+Enter")
    expect(thread.get_by_text("Yes")).to_be_visible()
    thread.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("1 thread resolved; nothing is open.")).to_be_visible()
    page.goto(f"{owner.installation.url}/w/team/inbox?tab=activity")
    expect(page.get_by_text("resolved a thread on run").first).to_be_visible()
    assert visitor.complaints == []
