"""Imports: send a file, see what it would bring with every bad cell, then take all of it or the good rows."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, File, Path, Query, Request, Response, UploadFile
from pydantic import Field

from lineshaft.faces.desk.uploads import Upload, Uploads
from lineshaft.faces.http.asking import ApiRoute, AtDesk, Operation, WorksId
from lineshaft.faces.http.models import (
    Asked,
    ChangesTold,
    FaultTold,
    Told,
    Written,
    changes_told,
    fault_told,
)

router = APIRouter(prefix="/works/{works}/imports", route_class=ApiRoute, tags=["imports"])
PREVIEW_ROWS = 20
FAULTS_TOLD = 1_000
Mode = Literal["upsert", "replace"]
ImportId = Annotated[
    str, Path(description="An upload.", examples=["0123456789abcdef0123456789abcdef"], max_length=64)
]
HowMode = Annotated[
    Mode, Query(description="Insert and change rows by key, or replace whole tables by those of the file.")
]


class RowCounts(Told):
    """Rows of a table in the file."""

    read: int
    good: int
    left_out: int


class ImportTold(Told):
    """What an import would bring. Faults carry the cell they stand in; nothing is written yet."""

    upload: str = Field(description="Kept for a day under this id.")
    name: str
    mode: Mode
    tables: dict[str, RowCounts]
    faults: list[FaultTold]
    faults_found: int
    warnings: list[FaultTold]
    changes: ChangesTold | None = Field(
        description="What taking the good rows would change; none while they cannot be taken."
    )


class TakeAsked(Asked):
    """Take an import as previewed."""

    mode: Mode = "upsert"
    partial: bool = Field(False, description="Take the good rows although others have faults.")


@router.post(
    "",
    status_code=201,
    summary="Send a file and see what it brings / 上传并预览",
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The preview."}}}},
)
def send_import(
    desk: AtDesk,
    works: WorksId,
    request: Request,
    response: Response,
    file: Annotated[
        UploadFile,
        File(
            description="Workbook (.xlsx), .csv or .parquet; CSV and Parquet files are named after a table."
        ),
    ],
    mode: HowMode = "upsert",
) -> ImportTold:
    """Nothing is written; sending the same file again gives the same id."""
    desk.must("write")
    upload = _uploads(request).keep(file.filename or "", file.file, works, desk.who.name)
    response.headers["Location"] = f"/v1/works/{works}/imports/{upload.upload_id}"
    return _preview(desk, request, upload, mode)


@router.get("/{upload}", summary="See again what a file brings / 再次预览")
def read_import(
    desk: AtDesk, works: WorksId, request: Request, upload: ImportId, mode: HowMode = "upsert"
) -> ImportTold:
    """Checked anew against the tables as they are now."""
    desk.must("write")
    return _preview(desk, request, _uploads(request).find(upload, works, desk.who.name), mode)


@router.post("/{upload}/take", summary="Take an import / 导入")
def take_import(
    desk: AtDesk,
    works: WorksId,
    request: Request,
    upload: ImportId,
    named: Operation,
    asked: Annotated[TakeAsked, Body()] = TakeAsked(),  # noqa: B008
) -> Written:
    """All rows; or, with `partial`, the good ones. A file with faults is refused without it."""
    desk.must("write")
    uploads = _uploads(request)
    found = uploads.find(upload, works, desk.who.name)
    done = desk.import_(
        uploads.path(found), asked.mode, partial=asked.partial, source=found.name, request=named
    )
    return Written(seq=done.seq, tables=done.counts)


def _uploads(request: Request) -> Uploads:
    uploads: Uploads = request.app.state.uploads
    return uploads


def _preview(desk: AtDesk, request: Request, upload: Upload, mode: Mode) -> ImportTold:
    found = desk.preview_import(_uploads(request).path(upload), mode)
    takeable = any(map(len, found.frames.values()))
    return ImportTold(
        upload=upload.upload_id,
        name=upload.name,
        mode=mode,
        tables={name: RowCounts(**counts) for name, counts in found.counts.items()},
        faults=[fault_told(fault) for fault in found.faults[:FAULTS_TOLD]],
        faults_found=len(found.faults),
        warnings=[fault_told(warning) for warning in found.warnings[:FAULTS_TOLD]],
        changes=changes_told(desk.preview_write(found.frames, mode), PREVIEW_ROWS) if takeable else None,
    )
