"""Scripts, styles and pictures of the pages: one digest names them all, so that a browser keeps them for good."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request, Response

from lineshaft.core import Missing

ROOT = Path(str(files("lineshaft.faces.web").joinpath("static")))
FOR_GOOD = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
WORTH_PACKING = (".js", ".css", ".svg")

router = APIRouter(include_in_schema=False)


@cache
def digest() -> str:
    """A short name for the present content of every static file."""
    total = hashlib.sha256()
    for path in sorted(path for path in ROOT.rglob("*") if path.is_file()):
        total.update(path.relative_to(ROOT).as_posix().encode() + b"=" + path.read_bytes() + b";")
    return total.hexdigest()[:16]


def address(name: str) -> str:
    """The address of a static file."""
    return f"/static/{digest()}/{name}"


@cache
def _known() -> frozenset[str]:
    return frozenset(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())


@cache
def _packed(name: str) -> bytes:
    return gzip.compress((ROOT / name).read_bytes(), 9)


@router.get("/static/{version}/{name:path}")
def static(request: Request, version: str, name: str) -> Response:
    """A static file; kept for good under the present digest, asked for again under any other."""
    if name not in _known():
        raise Missing(f"There is no file {name}.", f"没有文件 {name}。")
    suffix = Path(name).suffix
    headers = {
        "Cache-Control": FOR_GOOD if version == digest() else "no-cache",
        "Vary": "Accept-Encoding",
    }
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if suffix in WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(name), media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
    return Response((ROOT / name).read_bytes(), media_type=kind, headers=headers)
