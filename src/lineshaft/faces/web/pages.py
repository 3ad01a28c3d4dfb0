"""Every page of the workbench; made from the registry and the vocabulary, no line for any one engine."""

from __future__ import annotations

from fastapi import APIRouter

from lineshaft.faces.web import (
    assets,
    pages_board,
    pages_home,
    pages_import,
    pages_object,
    pages_people,
    pages_run,
    pages_table,
)
from lineshaft.faces.web.view import error_page

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
for part in (
    assets,
    pages_home,
    pages_table,
    pages_import,
    pages_object,
    pages_run,
    pages_board,
    pages_people,
):
    router.include_router(part.router)
