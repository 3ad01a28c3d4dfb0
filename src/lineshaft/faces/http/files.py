"""Tables as files to take away: Excel, CSV, Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import dataframely as dy
import polars as pl
from fastapi import Query, Response

from lineshaft.store.folder import write_folder
from lineshaft.store.workbook import write_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
Kind = Annotated[Literal["xlsx", "csv", "parquet"], Query(description="Kind of file.")]
_binary = {"schema": {"type": "string", "format": "binary"}}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {kind.partition(";")[0]: _binary for kind in KINDS.values()},
        "headers": {"Content-Disposition": {"schema": {"type": "string"}, "description": "Its name."}},
    }
}


def table_file(
    name: str, frame: pl.DataFrame, schema: type[dy.Schema], kind: str, language: str, time_zone: str
) -> Response:
    """One table as a file that an import reads back without loss."""
    if kind == "xlsx":
        return workbook_file(name, {name: frame}, {name: schema}, language, time_zone)
    with tempfile.TemporaryDirectory() as folder:
        write_folder({name: frame}, Path(folder), kind, {name: schema})
        content = (Path(folder) / f"{name}.{kind}").read_bytes()
    return file_response(content, f"{name}.{kind}", KINDS[kind])


def workbook_file(
    name: str,
    frames: Mapping[str, pl.DataFrame],
    schemas: Mapping[str, type[dy.Schema]],
    language: str,
    time_zone: str,
) -> Response:
    """Tables as one workbook."""
    content = as_workbook_file(
        lambda path: write_workbook(frames, path, language, schemas=schemas, time_zone=time_zone)
    )
    return file_response(content, f"{name}.xlsx", XLSX)


def as_workbook_file(write: Callable[[Path], None]) -> bytes:
    """What `write` writes to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.xlsx"
        write(path)
        return path.read_bytes()


def file_response(content: bytes, name: str, media_type: str) -> Response:
    """A download under this name."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})
