"""What an engine returns: a proposal that says how good it is, how good it could be, and why it is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

Tables = TypeVar("Tables")
Status = Literal["optimal", "feasible", "infeasible", "unknown"]
StoppedBy = Literal["done", "work", "time", "cancel"]


@dataclass(frozen=True)
class Kpi:
    """A figure of merit with its unit, direction and what is proven about it.

    `bound` is proven: no feasible answer is better. `gap` is the relative distance between value and bound.
    """

    name: str
    value: float
    unit: str
    better: Literal["low", "high"]
    bound: float | None = None

    @property
    def gap(self) -> float | None:
        """|value − bound| / max(|bound|, |value|, tiny); None without a bound."""
        if self.bound is None:
            return None
        return abs(self.value - self.bound) / max(abs(self.bound), abs(self.value), 1e-9)

    @property
    def status(self) -> Literal["optimal", "feasible", "no bound"]:
        """What is known about this figure alone."""
        if self.bound is None:
            return "no bound"
        return "optimal" if abs(self.value - self.bound) <= 1e-6 * max(1.0, abs(self.bound)) else "feasible"


@dataclass(frozen=True)
class Reason:
    """Why one row is as it is: a code and facts; the words are made from them in either language.

    `table` is a member of the engine's inputs or outputs and `key` the primary key of one of its rows.
    """

    table: str
    key: tuple[Any, ...]
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What a person changes by hand in a proposal: the row of output member `table` with primary key `key` shall have `values`."""

    table: str
    key: tuple[Any, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Result(Generic[Tables]):
    """A proposal.

    Parameters
    ----------
    tables
        The engine's output collection.
    kpis
        In the order a person would read them.
    status
        Of the whole answer; "optimal" only when the objective's bound is met.
    reasons, warnings
        Typed, so that pages can filter them; warnings use the same form (table may be "").
    work
        Steps done, of the engine's own kind; as a `work_limit` it reproduces this answer.
    stopped_by
        "done" (nothing left to do), "work", "time" or "cancel".
    engine, version, digest
        Stamped by `lineshaft.core.solve.solve`: who decided, and the digest of tables, parameters, version and seed.
    """

    tables: Tables
    kpis: tuple[Kpi, ...] = ()
    status: Status = "feasible"
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    work: float = 0
    stopped_by: StoppedBy = "done"
    engine: str = ""
    version: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Checked:
    """What an independent checker found: violations in words, and every KPI recomputed."""

    violations: tuple[str, ...]
    kpis: Mapping[str, float]
