"""What tools are asked with: argument types with their words for a language model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from lineshaft.core import Change, Limits
from lineshaft.core.params import describe
from lineshaft.faces.desk.paging import OPERATORS, Filter
from lineshaft.store.overlay import Cell

WAIT_MOST_S = 60.0
ROWS_MOST = 200
CELLS_MOST = 200
AGENT_TIME_LIMIT_S = 30.0

Value = str | int | float | bool | None
WorksId = Annotated[str, Field(description="Which works: an id from list_works.")]
EngineName = Annotated[str, Field(description='Which engine: a name from list_engines, "wing.room".')]
RunId = Annotated[str, Field(description='A run, such as "r12": plan, what_if, edit and describe name runs.')]
MaybeRun = Annotated[str, Field(description='A run, such as "r12"; leave empty for the plan in force.')]
MaybeEngine = Annotated[
    str, Field(description="Only needed when no run is named and several engines have a plan in force.")
]
TableName = Annotated[str, Field(description="A table's name, such as work_order; describe lists them.")]
MaybeTable = Annotated[str, Field(description="Only this table; leave empty for all.")]
Key = Annotated[
    list[str | int],
    Field(description='Values of the key columns in their order, such as ["WO-1043"] or ["WO-1043", 30].'),
]
WaitS = Annotated[
    float,
    Field(
        ge=0,
        le=WAIT_MOST_S,
        description="Seconds to wait for the result before returning; progress is reported meanwhile. "
        "The run goes on afterwards either way.",
    ),
]
Offset = Annotated[int, Field(ge=0, description="Leave out this many first.")]
Limit = Annotated[int, Field(ge=1, le=ROWS_MOST, description="At most this many (fewer when they are long).")]
Params = Annotated[
    dict[str, Value],
    Field(
        description="The engine's parameters by name; describe(engine) lists them with units and defaults."
    ),
]


class Asked(BaseModel):
    """Nothing is ignored silently: an unknown field is a fault."""

    model_config = ConfigDict(extra="forbid")


class Condition(Asked):
    """One condition on one column."""

    column: str
    operator: str = Field(
        default="eq",
        description="has: contains; empty and filled take no value",
        json_schema_extra={"enum": list(OPERATORS)},
    )
    value: str | int | float | bool = Field(
        default="", description="times in ISO 8601 with offset, such as 2026-03-02T08:00:00+08:00"
    )

    def filter(self) -> Filter:
        """As the desk takes it."""
        value = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        return Filter(self.column, self.operator, value)


class CellAsked(Asked):
    """One cell that a what-if sees otherwise than the works has it."""

    table: str = Field(description="an input table of the engine")
    key: Key
    column: str = Field(description="not a key column")
    value: Value = Field(description="in the column's unit; times in ISO 8601 with offset")

    def cell(self) -> Cell:
        """As the store takes it."""
        return Cell(self.table, tuple(self.key), self.column, self.value)


class ChangeAsked(Asked):
    """One row of a plan that shall have these values; other columns stay."""

    table: str = Field(description="an output table of the engine, such as operation_plan")
    key: Key
    values: dict[str, Value] = Field(
        description='column → value, such as {"start": "2026-03-02T08:00:00+08:00", "locked": true}'
    )

    def change(self, member: str) -> Change:
        """As the engine takes it, under its own name for the table."""
        return Change(member, tuple(self.key), self.values)


Cells = Annotated[
    list[CellAsked],
    Field(
        max_length=CELLS_MOST, description="Cells seen otherwise for this run; the tables stay as they are."
    ),
]
Changes = Annotated[
    list[ChangeAsked],
    Field(min_length=1, max_length=CELLS_MOST, description="All changes together, made to the basis."),
]


def _limit(parameter: dict[str, Any]) -> tuple[Any, Any]:
    unit = f" [{parameter['unit']}]" if parameter["unit"] else ""
    told = Field(default=None, ge=parameter["min"], le=parameter["max"], description=parameter["en"] + unit)
    return parameter["type"] | None, told


LimitsAsked: Any = create_model(  # type: ignore[call-overload]
    "LimitsAsked",
    __base__=Asked,
    __doc__="When a run stops. The same seed, workers and work_limit give the same answer to the byte.",
    **{parameter["name"]: _limit(parameter) for parameter in describe(Limits)},
)
MaybeLimits = Annotated[
    LimitsAsked | None,
    Field(description=f"Without time_limit_s and work_limit a run stops after {AGENT_TIME_LIMIT_S:g} s."),
]


def limits_of(asked: Any) -> dict[str, Any]:
    """Limits as asked for, with an end."""
    return with_an_end(asked.model_dump(exclude_none=True) if asked else {})


def with_an_end(limits: Mapping[str, Any]) -> dict[str, Any]:
    """An agent's run always ends."""
    ends = limits.get("time_limit_s") is not None or limits.get("work_limit") is not None
    return dict(limits) if ends else {**limits, "time_limit_s": AGENT_TIME_LIMIT_S}
