"""What was inferred from a log, from how much, and how sure it is, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Finding:
    """One thing read from a log."""

    table: str
    key: tuple[Any, ...]
    code: str
    facts: Mapping[str, Any]
    sure: Literal["sure", "likely", "guess"]


def findings(*_: Any) -> tuple[Finding, ...]:
    """To come."""
    return ()
