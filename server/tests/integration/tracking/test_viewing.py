"""HTML and SVG that users logged are shown where they can do nothing."""

import time
from urllib.parse import urlsplit

import pytest

from modelyard_server.tracking import viewing

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
HTML = b"<script>document.title = 'ran'</script>"


@pytest.fixture
def run(workspace):
    http = workspace.client("developer")
    made = http.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
    info = made["run"]["info"]
    folder = info["artifact_uri"].removeprefix("mlflow-artifacts:").strip("/")
    for name, content in (("page.html", HTML), ("a.svg", b"<svg/>"), ("t.csv", b"a,b\n1,x\n")):
        assert http.put(f"{PROXY}/{folder}/{name}", content=content).is_success
    return info["run_id"]


def view(http, run, path="page.html", **headers):
    return http.get(f"/api/v1/runs/{run}/artifacts/view", params={"path": path}, headers=headers)


def test_content_is_shown_without_any_cookie_and_locked_in(platform, workspace, run):
    url = urlsplit(view(workspace.client("viewer"), run, host="localhost:8080").json()["url"])
    assert url.netloc == "127.0.0.1:8080"  # another site than the page's
    stranger = workspace.platform.a_workspace().client("viewer")  # the address is the permission
    shown = stranger.get(url.path, headers={"Authorization": "", "Cookie": "modelyard_session=x"})
    assert shown.content == HTML
    policy = shown.headers["content-security-policy"]
    assert "sandbox allow-scripts;" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy  # nothing but default-src: no network at all
    assert "frame-ancestors http://localhost:8080" in policy
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in shown.headers


def test_svg_has_its_type_and_other_files_no_such_address(workspace, run):
    http = workspace.client("viewer")
    shown = http.get(urlsplit(view(http, run, "a.svg").json()["url"]).path)
    assert shown.headers["content-type"] == "image/svg+xml"
    assert view(http, run, "t.csv").json()["code"] == "tracking.no_preview"
    assert view(http, run, "gone.html").status_code == 404


def test_an_address_is_good_for_minutes_and_cannot_be_made(platform, workspace, run):
    http = workspace.client("viewer")
    token = view(http, run).json()["url"].rpartition("/")[2]
    key = platform.app.state.root_key.derive("views")
    good = viewing.opened(key, token)
    assert good.expires_at <= time.time() + viewing.LIFETIME_SECONDS
    old = viewing.Viewed(good.workspace_id, good.sha256, good.media_type, "http://a", 1)
    for wrong in (viewing.sealed(key, old), viewing.sealed(b"other", good), token[:-4], "x"):
        answer = http.get(f"/content/{wrong}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "tracking.view_expired"


@pytest.mark.parametrize(
    ("page", "configured", "shown"),
    [
        ("http://localhost:8080", "", "http://127.0.0.1:8080"),
        ("http://127.0.0.1", "", "http://localhost"),
        ("http://yard.example:80", "", "http://yard.example:80"),
        ("https://localhost", "", "https://localhost"),
        ("https://yard.example", "https://usercontent.example/", "https://usercontent.example"),
    ],
)
def test_content_comes_from_another_site_where_there_is_one(page, configured, shown):
    assert viewing.origin_for(page, configured) == shown


def test_a_table_is_read_in_pages(workspace, run):
    http = workspace.client("viewer")
    table = f"/api/v1/runs/{run}/artifacts/table"
    page = http.get(table, params={"path": "t.csv", "limit": 1}).json()
    assert page["columns"][0] == {"name": "a", "type": "integer", "is_number": True}
    assert page["rows"] == [["1", "x"]]
    assert http.get(table, params={"path": "page.html"}).json()["code"] == "tracking.no_preview"
    assert http.get(table, params={"path": "gone.csv"}).status_code == 404
