"""Addresses of pages. A key with several parts is written `part/part`; "~1" stands for "/" and "~0" for "~" in a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode


def key_text(key: Sequence[Any]) -> str:
    """A primary key as one text: ("WO/1", 10) → "WO~11/10"."""
    return "/".join(part_text(part).replace("~", "~0").replace("/", "~1") for part in key)


def key_parts(text: str) -> tuple[str, ...]:
    """The parts of a primary key, as text."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/"))


def part_text(part: Any) -> str:
    """One part of a key as text that reads back as its type."""
    return str(part.isoformat()) if hasattr(part, "isoformat") else str(part)


def home(works: str) -> str:
    """The home page of a works."""
    return f"/w/{works}/"


def table(works: str, name: str, **query: str) -> str:
    """The page of a table."""
    return with_query(f"/w/{works}/tables/{name}", query)


def object_(works: str, table_name: str, key: Sequence[Any]) -> str:
    """The page of one row."""
    return f"/w/{works}/objects/{table_name}/{quote(key_text(key), safe='/~')}"


def cell(works: str, table_name: str, keys: Sequence[str], key: Sequence[Any], column: str = "") -> str:
    """The page of a table, at one row, with one cell marked."""
    query = {f"f_{name}": f"={part_text(part)}" for name, part in zip(keys, key)}
    return with_query(f"/w/{works}/tables/{table_name}", query | ({"cell": column} if column else {}))


def run(works: str, run_id: str, part: str = "") -> str:
    """The page of a run."""
    return f"/w/{works}/runs/{run_id}" + (f"/{part}" if part else "")


def engine(works: str, name: str) -> str:
    """The page on which an engine is asked."""
    return f"/w/{works}/engines/{name}"


def with_query(path: str, query: Mapping[str, str]) -> str:
    """A path with its question; empty values are left out."""
    said = urlencode({name: value for name, value in query.items() if value != ""})
    return f"{path}?{said}" if said else path
