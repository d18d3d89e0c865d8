"""Serves the built web application: hashed assets for ever, `index.html` for every page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

_FRAMES = "http://127.0.0.1:* http://localhost:*"  # this machine's other name, see `content_url`
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the component kit writes its style variables inline
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self' {frames}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
    )
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_API = (
    "api/",
    "ajax-api/",
    "v1/",
    "gateway/",
    "get-artifact",
    "graphql",
    "model-versions/",
    "content/",
    "oauth/",
    ".well-known/",
)


def install(app: FastAPI, folder: Path, content_url: str = "") -> None:
    """Mount the web application, last of all routes; it may frame pages of `content_url`."""
    headers = {"Content-Security-Policy": _POLICY.format(frames=content_url or _FRAMES), **_HEADERS}
    if (folder / "assets").is_dir():
        app.mount("/assets", _Immutable(directory=folder / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:  # noqa: ARG001
        if path.startswith(_API):
            raise HTTPException(404)
        file = (folder / path).resolve()
        if path and file.is_file() and file.is_relative_to(folder.resolve()):
            return FileResponse(file, headers=headers)
        index = folder / "index.html"
        if not index.is_file():
            return HTMLResponse(
                "<!doctype html><title>Modelyard</title><p>The web application is not built. "
                "Run <code>make run</code>, which builds it.</p>",
                503,
            )
        return FileResponse(index, headers=headers)


class _Immutable(StaticFiles):
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
