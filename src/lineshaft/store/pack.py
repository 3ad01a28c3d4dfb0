"""A result as one file: a zip with `result.json` and a Parquet file for each table."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core import Kpi, Reason, Result
from lineshaft.core.digest import canonical

EPOCH = (1980, 1, 1, 0, 0, 0)
FIELDS = ("status", "kpis", "reasons", "warnings", "work", "stopped_by", "engine", "version", "digest")


def pack(result: Result[Any]) -> bytes:
    """The same result gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        said = canonical({name: getattr(result, name) for name in FIELDS})
        archive.writestr(_entry("result.json"), said)
        for member, frame in sorted(result.tables.to_dict().items()):
            archive.writestr(_entry(f"{member}.parquet"), parquet(pl.DataFrame(frame.collect())))
    return out.getvalue()


def unpack(content: bytes, outputs: type[dy.Collection]) -> Result[Any]:
    """The result again; facts and keys come back as JSON holds them (times as text)."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        said = json.loads(archive.read("result.json"))
        frames = read_frames(archive)
    return Result(
        tables=outputs.cast({member: frame.lazy() for member, frame in frames.items()}),
        kpis=tuple(Kpi(**kpi) for kpi in said["kpis"]),
        status=said["status"],
        reasons=tuple(_reason(row) for row in said["reasons"]),
        warnings=tuple(_reason(row) for row in said["warnings"]),
        work=said["work"],
        stopped_by=said["stopped_by"],
        engine=said["engine"],
        version=said["version"],
        digest=said["digest"],
    )


def unpack_frames(content: bytes) -> dict[str, pl.DataFrame]:
    """Only the tables, by member."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return read_frames(archive)


def read_frames(archive: zipfile.ZipFile) -> dict[str, pl.DataFrame]:
    """Member → frame."""
    names = [name for name in archive.namelist() if name.endswith(".parquet")]
    return {name.removesuffix(".parquet"): pl.read_parquet(io.BytesIO(archive.read(name))) for name in names}


def pack_frames(frames: dict[str, pl.DataFrame]) -> bytes:
    """Tables without a result around them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, frame in sorted(frames.items()):
            archive.writestr(_entry(f"{member}.parquet"), parquet(frame))
    return out.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, EPOCH)


def _reason(row: dict[str, Any]) -> Reason:
    return Reason(row["table"], tuple(row["key"]), row["code"], row["facts"])
