"""The dashboard's files at `/`. The bundle is built elsewhere; without it there is a hint.

Behind a proxy all of it lies below the base path, which the page's own links have to begin with.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.convertors import Convertor, register_url_convertor

from usage_pipeline.api.errors import ProblemError


class _Page(Convertor[str]):
    """Every path that is none of the API's, so that a wrong method there stays a 405."""

    regex = r"(?!(?:.*/)?api/v1/|api/|health$|ready$|metrics$|docs|openapi\.json$).*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("page", _Page())
router = APIRouter(include_in_schema=False)

BUNDLE: Final = Path(__file__).parent / "static"
_HINT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Workflow usage</title></head>
<body><h1>Workflow usage</h1>
<p>The dashboard is not in this installation. The API is: see <a href="./docs">/docs</a>.</p>
</body></html>
"""
# Names of built files change with their content.
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}


@router.get("/{path:page}")
async def dashboard(request: Request, path: str) -> Response:
    """A file of the dashboard; its page for every other path, which it routes itself."""
    file = _file(path)
    if file is not None:
        return FileResponse(file, headers=_FOR_EVER if path.startswith("assets/") else _ASK_AGAIN)
    page = BUNDLE / "index.html"
    if "." in path.rsplit("/", 1)[-1]:
        raise ProblemError(404, "There is no such file.")
    text = page.read_text("utf-8") if page.is_file() else _HINT
    # Pages have addresses of any depth, so that relative links would lead elsewhere.
    base = request.scope.get("root_path", "")
    return HTMLResponse(text.replace('="./', f'="{base}/'), headers=_ASK_AGAIN)


def _file(path: str) -> Path | None:
    if not path or "\0" in path:
        return None
    try:
        file = (BUNDLE / path).resolve()
        return file if file.is_relative_to(BUNDLE.resolve()) and file.is_file() else None
    except OSError:
        # Longer than any file's name can be.
        return None
