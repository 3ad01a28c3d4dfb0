"""Digests: the same content gives the same bytes, whatever the order of rows, the machine or the library version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core.frames import sort_by_key
from lineshaft.core.result import Result


def frame_bytes(frame: pl.DataFrame, schema: type[dy.Schema]) -> bytes:
    """A frame as canonical bytes: columns in schema order, rows by primary key, exact values."""
    columns = list(schema.columns())
    head = json.dumps([[name, str(frame.schema[name])] for name in columns]).encode()
    text = sort_by_key(frame.select(columns), schema).with_columns(
        pl.col(pl.Datetime).dt.epoch("us"), pl.col(pl.Enum, pl.Categorical).cast(pl.String)
    )
    return head + b"\n" + text.write_csv(null_value="\\N", quote_style="non_numeric").encode()


def frame_digest(frame: pl.DataFrame, schema: type[dy.Schema]) -> str:
    """SHA-256 of `frame_bytes`, in hex."""
    return hashlib.sha256(frame_bytes(frame, schema)).hexdigest()


def book_digest(book: dy.Collection, *more: Any) -> str:
    """SHA-256 over the members of a collection and anything else that decides the answer."""
    total = hashlib.sha256()
    for member, schema in sorted(book.member_schemas().items()):
        frame = getattr(book, member)
        part = "none" if frame is None or frame.is_empty() else frame_digest(frame, schema)
        total.update(f"{member}={part};".encode())
    total.update(canonical(more))
    return total.hexdigest()


def digest_of(*what: Any) -> str:
    """SHA-256 of the canonical form of anything that has one."""
    return hashlib.sha256(canonical(what)).hexdigest()


def result_bytes(result: Result[Any]) -> bytes:
    """Everything a result says, without the time it took: the bytes a replay must reproduce."""
    tables = result.tables
    parts = [
        frame_bytes(getattr(tables, member), schema)
        for member, schema in sorted(tables.member_schemas().items())
        if getattr(tables, member) is not None
    ]
    said = {
        name: getattr(result, name)
        for name in ("engine", "version", "digest", "status", "kpis", "reasons", "warnings", "work")
    }
    return b"\n".join([*parts, canonical(said)])


def canonical(value: Any) -> bytes:
    """JSON with sorted keys; dates in ISO form; dataclasses as objects."""
    return json.dumps(
        value, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"no canonical form for {type(value).__name__}")
