"""One thing found in the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Where it is, what it is with its facts, the orders it keeps from being planned and resources it makes useless."""

    table: str
    key: tuple[Any, ...]
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    orders: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
