"""Changed cells, new and removed rows of one table: read as typed, checked, shown as what would change, and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pydantic import BaseModel, Field

from lineshaft.core import BadInput, Missing, Words
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.desk.thread import find_row
from lineshaft.faces.web.grid import columns_of, read_text, texts
from lineshaft.faces.web.words import Speech
from lineshaft.store.cells import BadCell
from lineshaft.store.state import Mode, Preview

ROWS_MOST = 10_000
Text = dict[str, str]


class ChangedRow(BaseModel):
    """Cells of one row: how they were shown when the change was made, and as they shall be."""

    key: list[str] = Field(max_length=20)
    was: Text
    values: Text


class Edit(BaseModel):
    """Everything changed on a table's page; nothing is written unless `save`."""

    changed: list[ChangedRow] = Field(default=[], max_length=ROWS_MOST)
    added: list[Text] = Field(default=[], max_length=ROWS_MOST)
    removed: list[list[str]] = Field(default=[], max_length=ROWS_MOST)
    save: bool = False


@dataclass
class Draft:
    """The rows of an edit; `faults` are (row as the page names it, column, words), `names` maps keys to such rows."""

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    mode: Mode = "upsert"
    faults: list[tuple[str, str, Words]] = field(default_factory=list)
    names: dict[tuple[str, ...], str] = field(default_factory=dict)


def draft(desk: Desk, table: str, edit: Edit, speech: Speech) -> Draft:
    """Read an edit: every cell that cannot be taken, and every row that changed meanwhile, is a fault."""
    schema = desk.works.catalog.schemas[table]
    frame = desk.frames(table)[table]
    out = Draft()
    rows = []
    for number, change in enumerate(edit.changed):
        row = _present(desk, table, tuple(change.key), frame, out, f"c{number}")
        if row is not None:
            _refuse_stale(row, change, frame, schema, speech, out, f"c{number}")
            rows.append(row | _values(change.values, schema, speech, out, f"c{number}"))
            out.names[_key(rows[-1], schema)] = f"c{number}"
    for number, values in enumerate(edit.added):
        blank = dict.fromkeys(schema.column_names())
        rows.append(blank | _values(values, schema, speech, out, f"a{number}"))
        out.names[_key(rows[-1], schema)] = f"a{number}"
    gone = [
        row
        for number, key in enumerate(edit.removed)
        if (row := _present(desk, table, tuple(key), frame, out, f"r{number}")) is not None
    ]
    fresh = pl.DataFrame(rows, schema=frame.schema, orient="row")
    if gone:
        keys = schema.primary_key()
        lost = pl.DataFrame(gone, schema=frame.schema, orient="row").select(keys)
        out.mode = "replace"
        fresh = pl.concat([frame.join(lost, on=keys, how="anti").join(fresh, on=keys, how="anti"), fresh])
    out.frames = {table: fresh}
    return out


def check(desk: Desk, made: Draft) -> Preview | None:
    """What the edit would change; none when it has faults, which are then noted in the draft."""
    if made.faults:
        return None
    try:
        return desk.preview_write(made.frames, made.mode)
    except BadInput as error:
        for fault in error.faults:
            row = made.names.get(tuple(map(str, fault.key)), "")
            words = fault.words if row else Words(fault.say("en"), fault.say("zh"))
            made.faults.append((row, fault.column, words))
        return None


def _present(
    desk: Desk, table: str, key: tuple[str, ...], frame: pl.DataFrame, out: Draft, name: str
) -> dict[str, Any] | None:
    try:
        return find_row(table, key, frame, desk.works.catalog.schemas)
    except Missing:
        words = Words("somebody removed this row meanwhile", "该行已被他人删除")
        out.faults.append((name, "", words))
        return None


def _refuse_stale(
    row: dict[str, Any],
    change: ChangedRow,
    frame: pl.DataFrame,
    schema: Any,
    speech: Speech,
    out: Draft,
    name: str,
) -> None:
    columns = [column for column in columns_of(schema) if column.name in change.was]
    shown = texts(pl.DataFrame([row], schema=frame.schema, orient="row"), columns, speech)[0]
    for column, now in zip(columns, shown):
        if now != change.was[column.name]:
            words = Words(
                f"somebody changed it to {now or 'nothing'} meanwhile", f"已被他人改为“{now or '空'}”"
            )
            out.faults.append((name, column.name, words))


def _values(values: Text, schema: Any, speech: Speech, out: Draft, name: str) -> dict[str, Any]:
    rules, read = schema.columns(), {}
    for column, text in values.items():
        if column not in rules:
            continue
        try:
            read[column] = read_text(text, rules[column], speech.zone)
        except BadCell as bad:
            out.faults.append((name, column, bad.words))
    return read


def _key(row: dict[str, Any], schema: Any) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in schema.primary_key())
