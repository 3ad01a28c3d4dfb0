"""Engines: what they read, propose and can be told; their Excel templates."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from lineshaft.faces.desk.describing import describe_engine
from lineshaft.faces.http.asking import ApiRoute, AtDesk, EngineName, Language
from lineshaft.faces.http.files import XLSX, as_workbook_file, file_response
from lineshaft.faces.http.models import TableTold, Told
from lineshaft.store.workbook import write_example, write_template
from lineshaft.tables import table_name

router = APIRouter(prefix="/works/{works}/engines", route_class=ApiRoute, tags=["engines"])


class EngineTold(Told):
    """An engine by name."""

    name: str
    version: int
    en: str
    zh: str
    views: list[str] = Field(description="Islands that show its results.")
    editable: bool = Field(description="True when its answers can be changed by hand.")


class MemberTold(TableTold):
    """A table that an engine reads or proposes, under the engine's own name for it."""

    member: str
    required: bool


class ParamTold(Told):
    """A parameter with its unit, bounds and choices."""

    name: str
    type: str
    default: Any
    en: str
    zh: str
    unit: str
    min: float | None
    max: float | None
    choices: list[str]
    help: tuple[str, str] = Field(description="How to fill it in: English, Chinese.")
    suggest: list[tuple[str, str, str]] = Field(description="Usual values: value, English, Chinese.")


class EngineDescribed(Told):
    """All that can be said of an engine without running it."""

    name: str
    version: int
    en: str
    zh: str
    inputs: list[MemberTold]
    outputs: list[MemberTold]
    params: list[ParamTold]
    views: list[str]
    sources: list[str]


Example = Annotated[bool, Query(description="With the engine's example rows.")]


@router.get("", summary="List the engines / 功能列表")
def list_engines(desk: AtDesk) -> list[EngineTold]:
    """Every engine that is installed."""
    return [
        EngineTold(
            name=engine.name,
            version=engine.version,
            en=engine.title[0],
            zh=engine.title[1],
            views=list(engine.views),
            editable=bool(engine.edit),
        )
        for engine in desk.engines()
    ]


@router.get("/{engine}", summary="Describe an engine / 功能说明")
def read_engine(desk: AtDesk, engine: EngineName) -> EngineDescribed:
    """The tables it reads and proposes, its parameters, and where its method comes from."""
    return EngineDescribed(**describe_engine(desk.works.engine(engine)))


@router.get(
    "/{engine}/template",
    summary="Excel template / 下载 Excel 模板",
    response_class=Response,
    responses={
        200: {
            "description": "A workbook.",
            "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def template(
    desk: AtDesk, engine: EngineName, language: Language = "zh", example: Example = False
) -> Response:
    """A workbook with a sheet for each table the engine reads, with units and drop-downs; or with example rows."""
    manifest = desk.works.engine(engine)
    members = manifest.load("inputs").members()
    rows = (manifest.load("example")() if example and manifest.example else {}).items()
    frames = {table_name(members[member].schema): frame for member, frame in rows if frame is not None}
    content = as_workbook_file(
        lambda path: (
            write_example(manifest, frames, path, language)
            if frames
            else write_template(manifest, path, language, desk.works.time_zone)
        )
    )
    return file_response(content, f"{engine}.xlsx", XLSX)
