"""Column makers: each gives a dataframely column its English and Chinese label, unit, reference and ISA-95 term."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dataframely as dy

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2099, 12, 31, tzinfo=UTC)
YEAR_S = 366 * 86_400


def about(zh: str, unit: str = "", ref: str = "", isa95: str = "") -> dict[str, Any]:
    """Metadata of a column; `ref` is "table.column" or "table.column@role" where one table is named twice."""
    return {
        name: value for name, value in (("zh", zh), ("unit", unit), ("ref", ref), ("isa95", isa95)) if value
    }


def ident(
    en: str, zh: str, *, key: bool = False, ref: str = "", isa95: str = "", optional: bool = False
) -> dy.String:
    """An identifier: 1 to 80 characters, no space at either end."""
    return dy.String(
        primary_key=key,
        nullable=optional,
        regex=r"^\S(.{0,78}\S)?$",
        description=en,
        metadata=about(zh, ref=ref, isa95=isa95),
    )


def words(en: str, zh: str, *, optional: bool = True) -> dy.String:
    """A name or remark, up to 200 characters."""
    return dy.String(nullable=optional, max_length=200, description=en, metadata=about(zh))


def moment(en: str, zh: str, *, key: bool = False, optional: bool = False, isa95: str = "") -> dy.Datetime:
    """A point in time, stored as UTC; screens show the works' own time zone."""
    return dy.Datetime(
        primary_key=key,
        nullable=optional,
        min=EARLIEST,
        max=LATEST,
        time_zone="UTC",
        time_unit="us",
        description=en,
        metadata=about(zh, unit="UTC", isa95=isa95),
    )


def whole(
    en: str,
    zh: str,
    unit: str,
    *,
    min: int = 0,
    max: int = 1_000_000,
    key: bool = False,
    optional: bool = False,
    ref: str = "",
    isa95: str = "",
) -> dy.Int64:
    """A whole number with a unit: pieces, seconds, minutes, fen."""
    return dy.Int64(
        primary_key=key,
        nullable=optional,
        min=min,
        max=max,
        description=en,
        metadata=about(zh, unit=unit, ref=ref, isa95=isa95),
    )


def seconds(en: str, zh: str, *, min: int = 0, max: int = YEAR_S, optional: bool = False) -> dy.Int64:
    """A duration in whole seconds, at most a year."""
    return whole(en, zh, "s", min=min, max=max, optional=optional)


def real(
    en: str, zh: str, unit: str, *, min: float = 0.0, max: float = 1e9, optional: bool = False
) -> dy.Float64:
    """A continuous quantity with a unit."""
    return dy.Float64(nullable=optional, min=min, max=max, description=en, metadata=about(zh, unit=unit))


def choice(en: str, zh: str, among: dict[str, str], *, key: bool = False, optional: bool = False) -> dy.Enum:
    """One of a few named values; `among` maps each value to its Chinese label."""
    return dy.Enum(
        list(among),
        primary_key=key,
        nullable=optional,
        description=en,
        metadata=about(zh) | {"choices_zh": among},
    )
