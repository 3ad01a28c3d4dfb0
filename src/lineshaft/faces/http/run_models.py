"""Runs, results and comparisons as they travel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from lineshaft.core import Change
from lineshaft.faces.desk.comparing import Comparison, KpiPair
from lineshaft.faces.http.models import (
    ROWS_MAX,
    Asked,
    ChangesTold,
    ChangeTold,
    FaultTold,
    KeyPart,
    KpiTold,
    Said,
    Text,
    Told,
    Value,
    Whole,
    changes_told,
    finite,
    kpi_told,
)
from lineshaft.store.jobs import Job
from lineshaft.store.overlay import Cell
from lineshaft.store.records import RunRecord
from lineshaft.store.state import Preview

Status = Literal["queued", "running", "done", "cancelled", "failed"]
Settings = dict[Annotated[str, Field(max_length=80)], Value]


class CellAsked(Asked):
    """One cell that a what-if sees otherwise than the works has it."""

    table: Text
    key: Annotated[list[KeyPart], Field(max_length=8)]
    column: Text
    value: Value

    def cell(self) -> Cell:
        """As the store has it."""
        return Cell(self.table, tuple(self.key), self.column, self.value)


class RunAsked(Asked):
    """A run of an engine on the present tables."""

    params: Settings = Field(
        {}, max_length=100, description="The engine's own; see its description.", examples=[{}]
    )
    limits: Settings = Field(
        {},
        max_length=10,
        description="`time_limit_s`, `work_limit` (same work, same answer), `seed`, `workers`.",
        examples=[{"time_limit_s": 20}],
    )
    overlay: list[CellAsked] = Field(
        [],
        max_length=ROWS_MAX,
        description="What-if: cells that this run sees otherwise. Such a run cannot be accepted.",
        examples=[
            [{"table": "work_order", "key": ["WO-1001"], "column": "due", "value": "2026-04-01T00:00:00Z"}]
        ],
    )


class ChangeAsked(Asked):
    """A row of an output member of the engine that shall have these values."""

    table: Text = Field(examples=["operation_plan"])
    key: Annotated[list[KeyPart], Field(max_length=8, examples=[["WO-1001", 10]])]
    values: Settings = Field(max_length=50, examples=[{"start": "2026-03-02T06:00:00Z"}])

    def change(self) -> Change:
        """As engines take it."""
        return Change(self.table, tuple(self.key), dict(self.values))


class EditAsked(Asked):
    """Changes by hand to the plan in force, or to that of a run."""

    changes: Annotated[list[ChangeAsked], Field(min_length=1, max_length=ROWS_MAX)]
    basis_run: Annotated[str, Field(max_length=20)] | None = Field(
        None, description="The run whose proposal is changed; none: the plan in force."
    )


class ErrorTold(Told):
    """Why a run has no result."""

    kind: str
    en: str
    zh: str
    faults: list[FaultTold]


class Progress(Told):
    """How far a run is."""

    status: Status
    fraction: float = Field(ge=0, le=1)
    en: str
    zh: str


class RunTold(Told):
    """What is known of a run."""

    run: str
    kind: str = Field(
        description="`run`, `edit` (changes by hand), `tables` (tables changed with its help) or `undo` (takes an accept back)."
    )
    engine: str
    engine_version: int
    actor: str
    params: dict[str, Any]
    limits: dict[str, Any]
    overlay: list[dict[str, Any]]
    status: Status
    created: datetime
    started: datetime | None
    ended: datetime | None
    stopped_by: str | None = Field(description="done, work, time or cancel.")
    work: float | None
    result_status: str | None
    result_digest: str | None
    kpis: list[KpiTold]
    error: ErrorTold | None


class RunNow(RunTold):
    """A run with how far it is and whether its proposal was accepted."""

    progress: Progress
    accept: str | None = Field(description="The accept that still holds, if there is one.")


class RunsTold(Told):
    """A page of runs, newest first."""

    runs: list[RunTold]
    found: int


class RunBegun(Told):
    """A run that waits for a worker."""

    run: str
    status: Status


class KpiCompared(Told):
    """One figure of two results."""

    name: str
    unit: str
    first: KpiTold | None
    second: KpiTold | None
    difference: float | None
    better: Literal["first", "second", "same"]


class ComparisonTold(Told):
    """Two results side by side: figures, and rows that differ from the first to the second."""

    kpis: list[KpiCompared]
    tables: dict[str, ChangeTold]


class FigureTold(Told):
    """A figure before and after changes by hand."""

    name: Said
    was: float | None
    value: float | None
    unit: str
    better: str


class EditSaid(Said):
    """Why something cannot be, or what moved and why."""

    code: str


class EditTold(Told):
    """What changes by hand would do; nothing is stored."""

    possible: bool
    said: list[EditSaid]
    kpis: list[FigureTold]
    bars: list[list[Whole]] = Field(description="What of the board differs, as its data has it.")


def run_told(record: RunRecord) -> RunTold:
    """A run for the wire."""
    return RunTold(**_facts(record))


def run_now(record: RunRecord, progress: Progress, accept: str | None) -> RunNow:
    """A run with its progress for the wire."""
    return RunNow(**_facts(record), progress=progress, accept=accept)


def progress_told(record: RunRecord, job: Job | None) -> Progress:
    """How far a run is; one that is finished is done whatever was last said of it."""
    words = job.words if job else None
    fraction = 1.0 if record.ended else (job.fraction if job else 0.0)
    return Progress(
        status=record.status,
        fraction=fraction,
        en=words.en if words else "",
        zh=words.zh if words else "",
    )


def comparison_told(comparison: Comparison, most: int) -> ComparisonTold:
    """A comparison for the wire."""
    tables: ChangesTold = changes_told(Preview(comparison.tables), most)
    return ComparisonTold(kpis=[_pair_told(pair) for pair in comparison.kpis], tables=tables.tables)


def _pair_told(pair: KpiPair) -> KpiCompared:
    return KpiCompared(
        name=pair.name,
        unit=pair.unit,
        first=pair.first and kpi_told(pair.first),
        second=pair.second and kpi_told(pair.second),
        difference=finite(pair.difference),
        better=pair.better,
    )


def _facts(record: RunRecord) -> dict[str, Any]:
    return {
        "run": record.run_id,
        "kind": record.kind,
        "engine": record.engine,
        "engine_version": record.engine_version,
        "actor": record.actor,
        "params": record.params,
        "limits": record.limits,
        "overlay": [vars(cell) for cell in record.overlay],
        "status": record.status,
        "created": record.created,
        "started": record.started,
        "ended": record.ended,
        "stopped_by": record.stopped_by,
        "work": finite(record.work),
        "result_status": record.result_status,
        "result_digest": record.result_digest,
        "kpis": [kpi_told(kpi) for kpi in record.kpis],
        "error": record.error and ErrorTold(**record.error),
    }
