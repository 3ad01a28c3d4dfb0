"""What the works knows of a run, as a plain value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lineshaft.core import Change, Fault, Kpi, Missing, Words
from lineshaft.store.overlay import Cell
from lineshaft.store.system import RUN


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run.

    `kind` is "run", "edit" for `changes` by hand to the plan in force (or of `basis_run`), "tables" for whole tables that
    people have changed with the engine's help, or "undo" for a proposal that takes an accept back. `status` is "queued", "running", "done",
    "cancelled" (before a first answer) or "failed" (then `error` says why). `inputs` maps each input table to its
    digest, `basis` also the tables that accepting replaces. `result_status`, `kpis`, `work` and `stopped_by` are the result's own.
    """

    run_id: str
    kind: str
    engine: str
    engine_version: int
    lineshaft_version: str
    actor: str
    params: dict[str, Any]
    limits: dict[str, Any]
    overlay: tuple[Cell, ...]
    inputs: dict[str, str]
    basis: dict[str, str]
    input_digest: str
    status: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    stopped_by: str | None
    work: float | None
    result_status: str | None
    kpis: tuple[Kpi, ...]
    result_blob: str | None
    result_digest: str | None
    error: dict[str, Any] | None
    changes: tuple[Change, ...] = ()
    basis_run: str | None = None

    @property
    def is_plan(self) -> bool:
        """Whether its result is the engine's, and not tables as they stand."""
        return self.kind in ("run", "edit")


def find(connection: sa.Connection, run: str) -> RunRecord:
    """A run by its id.

    Raises
    ------
    Missing
        No such run.
    """
    row = connection.execute(sa.select(RUN).where(RUN.c.no == number(run, "r"))).one_or_none()
    if row is None:
        raise Missing(f"There is no run {run}.", f"没有运行 {run}。")
    return _record(row)


def every(connection: sa.Connection) -> list[RunRecord]:
    """All runs, oldest first."""
    return [_record(row) for row in connection.execute(sa.select(RUN).order_by(RUN.c.no))]


def insert(connection: sa.Connection, row: dict[str, Any], created: str) -> int:
    """Give a run the next number."""
    no: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(RUN.c.no), 0) + 1)).scalar_one()
    connection.execute(RUN.insert(), {**row, "no": no, "created": created})
    return no


def run_id(no: int) -> str:
    """1 → "r1"."""
    return f"r{no}"


def number(text: str, letter: str) -> int:
    """ "r1" → 1; what is no id finds nothing."""
    digits = text.removeprefix(letter)
    return int(digits) if digits.isdigit() else 0


def fault_of(row: dict[str, Any]) -> Fault:
    """A fault as `Fault.as_dict` wrote it."""
    words = Words(row["en"], row["zh"])
    return Fault(
        row["table"], tuple(row["key"]), row["column"], row["value"], row["rule"], words, row["source"]
    )


def _record(row: sa.Row[Any]) -> RunRecord:
    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    params = json.loads(row.params)
    asked = params if row.kind == "edit" else {"params": params, "changes": (), "basis_run": None}
    return RunRecord(
        run_id=run_id(row.no),
        kind=row.kind,
        engine=row.engine,
        engine_version=row.engine_version,
        lineshaft_version=row.lineshaft_version,
        actor=row.actor,
        params=asked["params"],
        limits=json.loads(row.limits),
        overlay=tuple(Cell(**{**cell, "key": tuple(cell["key"])}) for cell in json.loads(row.overlay)),
        inputs=json.loads(row.inputs),
        basis=json.loads(row.basis),
        input_digest=row.input_digest,
        status=row.status,
        created=datetime.fromisoformat(row.created),
        started=moment(row.started),
        ended=moment(row.ended),
        stopped_by=row.stopped_by,
        work=row.work,
        result_status=row.result_status,
        kpis=tuple(Kpi(**kpi) for kpi in json.loads(row.kpis or "[]")),
        result_blob=row.result_blob,
        result_digest=row.result_digest,
        error=json.loads(row.error) if row.error else None,
        changes=tuple(Change(**{**change, "key": tuple(change["key"])}) for change in asked["changes"]),
        basis_run=asked["basis_run"],
    )
