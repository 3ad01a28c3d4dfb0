"""What tools answer with: the models behind their output schemas.

Lists are short by themselves: `found` is how many there are, `left_out` how many are not shown, `next` how to get them
and what else may be done now.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Row = dict[str, Any]


class Said(BaseModel):
    """The same sentence in both languages."""

    en: str
    zh: str


class Answer(BaseModel):
    """Every answer says what may be done next."""

    next: str = Field(default="", description="what to call next, for the agent")


class WorksOut(BaseModel):
    """A plant."""

    works: str
    title: str
    may: list[str] = Field(description="what this token may do: read, write, plan, accept, admin")


class WorksList(Answer):
    """The works that may be seen."""

    works: list[WorksOut]


class EngineOut(BaseModel):
    """Something that decides."""

    engine: str
    version: int
    en: str
    zh: str
    ready: bool = Field(description="every required table has rows")
    missing: list[str] = Field(description="required tables without rows")
    in_force: str | None = Field(default=None, description="the run whose plan is in force")
    edits: bool = Field(description="its plans can be changed by the edit tool")


class EngineList(Answer):
    """The installed engines."""

    engines: list[EngineOut]


class TableHead(BaseModel):
    """A table in short; describe(table) tells its columns."""

    table: str
    en: str
    zh: str
    rows: int
    required: bool | None = None


class ParamOut(BaseModel):
    """A parameter of an engine."""

    name: str
    type: str
    default: Any = None
    unit: str = ""
    min: float | None = None
    max: float | None = None
    choices: list[str] = []
    help: tuple[str, str] = ("", "")
    suggest: list[tuple[str, str, str]] = []
    en: str
    zh: str


class EngineDescription(BaseModel):
    """What an engine reads, proposes and can be told."""

    engine: str
    version: int
    en: str
    zh: str
    reads: list[TableHead]
    proposes: list[TableHead]
    params: list[ParamOut]
    limits: list[ParamOut]
    edits: bool
    sources: list[str]


class ColumnOut(BaseModel):
    """A column."""

    name: str
    type: str
    unit: str = ""
    key: bool
    required: bool
    en: str
    zh: str
    refers: str | None = Field(default=None, description="the table whose row it names")
    choices: dict[str, str] = {}


class TableDescription(BaseModel):
    """A table with its columns."""

    table: str
    en: str
    zh: str
    rows: int
    columns: list[ColumnOut]


class RunHead(BaseModel):
    """A run in short."""

    run: str
    engine: str
    status: str
    by: str
    created: str
    what_if: bool


class LateOut(BaseModel):
    """An order that the plan in force ends after its due date."""

    order_id: str
    item_id: str | None = None
    due: str
    end: str
    late_min: float


class OverloadOut(BaseModel):
    """A resource and a week (its Monday) that is nearly full or more."""

    resource_id: str
    week: str
    planned_h: float
    open_h: float


class WorksDescription(BaseModel):
    """A works today."""

    works: str
    title: str
    time_zone: str
    tables: list[TableHead] = Field(description="tables with rows")
    orders_found: int
    late_found: int
    late: list[LateOut]
    overloads_found: int
    overloads: list[OverloadOut]
    faults_found: int
    to_decide: list[RunHead] = Field(description="proposals that could be accepted now")
    running: list[RunHead]


class Description(Answer):
    """One of three, as asked."""

    works: WorksDescription | None = None
    engine: EngineDescription | None = None
    table: TableDescription | None = None


class Rows(Answer):
    """A page of a table; empty cells are left out."""

    table: str
    run: str | None = None
    rows: list[Row]
    found: int = Field(description="rows that match")
    total: int = Field(description="rows in the table")
    offset: int
    left_out: int = Field(description="matching rows after these")


class FaultOut(BaseModel):
    """One thing wrong with one place."""

    table: str
    key: list[str]
    column: str
    value: str | None = None
    rule: str
    en: str
    zh: str
    source: str = ""


class Faults(Answer):
    """Everything wrong with the tables."""

    found: int
    by_table: dict[str, int]
    faults: list[FaultOut]
    left_out: int


class KpiOut(BaseModel):
    """A figure of merit; `bound` is proven: no feasible plan is better."""

    name: str
    value: float
    unit: str
    better: Literal["low", "high"]
    bound: float | None = None
    gap: float | None = Field(default=None, description="relative distance to the bound")


class ReasonOut(BaseModel):
    """Why one row is as it is."""

    table: str
    key: list[str]
    code: str
    facts: dict[str, Any] = Field(description="names ending with _min are minutes")
    en: str
    zh: str


class ErrorOut(BaseModel):
    """Why a run has no result."""

    en: str
    zh: str
    faults: list[FaultOut] = []
    left_out: int = 0


class RunOut(Answer):
    """A run: how far, or what came of it."""

    run: str
    engine: str
    status: Literal["queued", "running", "done", "cancelled", "failed"]
    what_if: bool
    fraction: float = Field(description="0 to 1")
    doing: Said | None = None
    answer: str | None = Field(default=None, description="optimal (proven), feasible, infeasible or unknown")
    stopped_by: str | None = Field(default=None, description="done, work, time or cancel")
    work: float | None = Field(default=None, description="as work_limit it repeats this answer to the byte")
    kpis: list[KpiOut] = []
    reasons_by_code: dict[str, int] = {}
    warnings: list[ReasonOut] = []
    digest: str | None = Field(default=None, description="of tables, parameters, version and seed")
    result_digest: str | None = Field(default=None, description="of every byte of the result")
    error: ErrorOut | None = None


class Explanation(Answer):
    """Reasons in words."""

    run: str
    engine: str
    found: int
    by_code: dict[str, int]
    reasons: list[ReasonOut]
    left_out: int


class KpiPairOut(BaseModel):
    """One figure of two plans."""

    name: str
    unit: str
    first: float | None = None
    second: float | None = None
    difference: float | None = None
    better: Literal["first", "second", "same"]


class Counts(BaseModel):
    """Rows of one table that differ."""

    inserted: int
    changed: int
    removed: int


class Difference(BaseModel):
    """One row that differs; of a changed row only the cells that differ."""

    table: str
    key: list[Any]
    change: Literal["inserted", "changed", "removed"]
    was: Row | None = None
    becomes: Row | None = None


class ComparisonOut(Answer):
    """From the first plan to the second."""

    first: str
    second: str
    engine: str
    kpis: list[KpiPairOut]
    tables: dict[str, Counts]
    rows: list[Difference]
    left_out: int = Field(description="differing rows that are not shown")


class WhatIf(Answer):
    """A plan with changed cells, beside the plan it was asked against."""

    run: RunOut
    against: str
    comparison: ComparisonOut | None = None


class EditOut(Answer):
    """What a plan becomes with the changes, or why it cannot."""

    possible: bool
    said: list[ReasonOut]
    kpis: list[KpiOut]
    comparison: ComparisonOut | None = None
    run: str | None = Field(default=None, description="the proposal, when asked to propose")


class PreviewOut(Answer):
    """What accepting would change."""

    run: str
    engine: str
    by: str
    acceptable: bool
    why_not: Said | None = None
    kpis: list[KpiOut]
    tables: dict[str, Counts]
    rows: list[Difference]
    left_out: int
    confirm: str = Field(description="digest of exactly these changes; accept asks for it")


class Accepted(Answer):
    """A proposal is now the plan."""

    accept: str
    run: str


class UndoneOut(Answer):
    """An accept is taken back, or a proposal to do so is there."""

    accept: str
    proposal: str | None = Field(
        default=None, description="set: nothing has changed yet, this run can be accepted"
    )


class LinkOut(BaseModel):
    """Rows that touch the object."""

    table: str
    columns: list[str]
    role: Literal["to", "from"] = Field(description="to: the object names them; from: they name the object")
    found: int
    rows: list[Row]


class EventOut(BaseModel):
    """An entry of the event log."""

    seq: int
    at: str
    by: str
    action: str
    run: str = ""
    facts: dict[str, Any]


class Trace(Answer):
    """The thread of one object, or the event log."""

    table: str | None = None
    key: list[Any] | None = None
    row: Row | None = None
    links: list[LinkOut] = []
    events: list[EventOut] = []
    left_out: int = 0
