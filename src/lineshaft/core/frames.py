"""The door of every table: text or typed frames in, valid frames and named faults out.

dataframely checks what one schema says; added here once for all tables are foreign keys (`ref` in a column's metadata),
rules across tables, and the turn from a failed rule into table, row key, column, value and words in both languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from lineshaft.core.errors import BadInput, Fault, Words

SOURCE = "@source"
PLAIN = {str: pl.String(), bool: pl.Boolean()}
Frames = dict[str, pl.DataFrame]
CrossRule = Callable[[Frames], Iterable[Fault]]


class Reference(NamedTuple):
    """Columns of a table that together name a row of `target`."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


def check_tables(
    frames: Mapping[str, pl.DataFrame],
    schemas: Mapping[str, type[dy.Schema]],
    rules: Iterable[CrossRule] = (),
) -> tuple[Frames, list[Fault]]:
    """Split frames into valid rows and faults.

    Parameters
    ----------
    frames
        Table name → frame; columns may be text. A text column `@source` names where each row was read from: it is
        copied into the faults and dropped. Columns the schema does not know are dropped.
    schemas
        Table name → schema. References to tables that are not among `schemas` are not checked.
    rules
        Rules across tables: from typed frames to faults.

    Returns
    -------
    tuple
        Valid frames in schema order of columns, sorted by primary key; and every fault found. A row with a fault is
        left out, and so are the rows that refer to it.
    """
    faults: list[Fault] = []
    good: Frames = {}
    sources: dict[str, dict[tuple[Any, ...], str]] = {}
    for name, frame in frames.items():
        typed, found = check_alone(name, frame, schemas[name])
        faults += found
        good[name] = typed
        if SOURCE in typed.columns:
            keys = schemas[name].primary_key()
            sources[name] = {row[:-1]: row[-1] for row in typed.select(*keys, SOURCE).iter_rows()}
    faults += _check_references(good, schemas, frames)
    for rule in rules:
        found = [
            fault if fault.source else _with_source(fault, sources.get(fault.table, {}))
            for fault in rule({name: frame.drop(SOURCE, strict=False) for name, frame in good.items()})
        ]
        faults += found
        _drop_faulty(good, schemas, found)
    if faults:
        faults += _check_references(good, schemas, frames)
    return {name: frame.drop(SOURCE, strict=False) for name, frame in good.items()}, faults


def make_book(
    collection: type[dy.Collection],
    frames: Mapping[str, pl.DataFrame | None],
    table_name: Callable[[type[dy.Schema]], str],
    rules: Iterable[CrossRule] = (),
) -> Any:
    """An engine's input collection from member frames, or every fault in them.

    Members that are missing or None become None where the collection allows it and an error where it does not.

    Raises
    ------
    BadInput
        A member is missing, or any row breaks a rule of its schema, a reference or a rule across tables.
    """
    members = collection.members()
    names = {member: table_name(info.schema) for member, info in members.items()}
    given = {member: frame for member, frame in frames.items() if frame is not None}
    faults = [
        Fault(names[member], (), "", None, "missing_table", Words("the table is missing", "缺少此表"))
        for member, info in members.items()
        if member not in given and not info.is_optional
    ]
    faults += [
        Fault(
            member, (), "", None, "unknown_table", Words("the engine reads no such table", "该功能不读取此表")
        )
        for member in given
        if member not in members
    ]
    schemas = {names[member]: info.schema for member, info in members.items()}
    good, found = check_tables({names[m]: f for m, f in given.items() if m in members}, schemas, rules)
    if faults or found:
        raise BadInput(faults + found)
    return collection.cast({member: good[names[member]].lazy() for member in given})


@cache
def references(schema: type[dy.Schema]) -> tuple[Reference, ...]:
    """The foreign keys that a schema's `ref` metadata declares."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, column in schema.columns().items():
        ref = (column.metadata or {}).get("ref", "")
        if ref:
            place, _, role = ref.partition("@")
            table, _, target = place.partition(".")
            groups.setdefault(f"{table}@{role}", []).append((name, target))
    return tuple(
        Reference(tuple(c for c, _ in pairs), group.partition("@")[0], tuple(t for _, t in pairs))
        for group, pairs in groups.items()
    )


@cache
def key_columns(schema: type[dy.Schema]) -> tuple[str, ...]:
    """The names of a table's primary key."""
    return tuple(schema.primary_key())


def sort_by_key(frame: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    """Rows in the order of the primary key."""
    keys = key_columns(schema)
    return frame.sort(keys) if keys else frame


def read_values(
    table: str, schema: type[dy.Schema], values: Mapping[str, Any], key: tuple[Any, ...]
) -> tuple[dict[str, Any], list[Fault]]:
    """Some cells of one row as the types of their columns, and a fault for each that cannot be read."""
    read: dict[str, Any] = {}
    faults, columns = [], schema.columns()
    for name, value in values.items():
        if value is None or PLAIN.get(type(value)) == columns[name].dtype:
            read[name] = value
            continue
        cell = pl.Series([value])
        typed = cast_column(cell, columns[name].dtype)
        read[name] = typed[0]
        if value is not None and typed[0] is None:
            row = {**dict(zip(schema.primary_key(), key)), name: value}
            faults.append(_cell_fault(table, schema, row, name, "dtype"))
    return read, faults


def check_alone(name: str, frame: pl.DataFrame, schema: type[dy.Schema]) -> tuple[pl.DataFrame, list[Fault]]:
    """Types, bounds, keys and row rules of one table; references are not looked at."""
    columns = schema.columns()
    missing = [
        column for column, rule in columns.items() if column not in frame.columns and not rule.nullable
    ]
    if missing:
        words = Words("the column is missing", "缺少此列")
        return _empty(schema, frame), [
            Fault(name, (), column, None, "missing_column", words) for column in missing
        ]
    extra = [SOURCE] if SOURCE in frame.columns else []
    present = frame.with_columns(
        pl.lit(None).alias(column) for column in columns if column not in frame.columns
    ).select(*columns, *extra)
    typed = present.with_columns(
        cast_column(present[column], rule.dtype).alias(column) for column, rule in columns.items()
    )
    mistyped = {
        column: present[column].is_not_null() & typed[column].is_null()
        for column, rule in columns.items()
        if present[column].dtype not in (rule.dtype, pl.Null)
    }
    faults = [
        _cell_fault(name, schema, present.row(i, named=True), column, "dtype")
        for column, wrong in mistyped.items()
        for i in wrong.arg_true()
    ]
    if not (extra or faults) and is_valid(typed, schema):
        return sort_by_key(typed, schema), faults
    readable = ~pl.any_horizontal(*mistyped.values()) if mistyped else pl.lit(True)
    accepted, failure = schema.filter(typed.filter(readable).drop(SOURCE, strict=False))
    valid = pl.DataFrame(accepted)
    if len(failure) or extra:
        details = failure.details()
        sourced = _rejoin_source(typed.filter(readable), details, schema, bool(extra))
        faults += [fault for row in sourced for fault in _row_faults(name, schema, row)]
    if extra:
        keys = schema.primary_key()
        valid = valid.join(
            typed.select(*keys, SOURCE).unique(keys, keep="first"), on=keys, how="left", nulls_equal=True
        )
    return sort_by_key(valid, schema), faults


def is_valid(frame: pl.DataFrame, schema: type[dy.Schema]) -> bool:
    """Whether a frame has just the columns of a schema and no row of it breaks a rule."""
    types = [(name, column.dtype) for name, column in schema.columns().items()]
    return [*frame.schema.items()] == types and bool(frame.select(flawless(schema)).item())


@cache
def flawless(schema: type[dy.Schema]) -> pl.Expr:
    """That no row breaks a rule, as one expression: dataframely builds its rules anew at every call, which takes longer."""
    rules = schema._validation_rules(with_cast=False).values()
    return pl.all_horizontal(rule.expr.fill_null(True).all() for rule in rules)


def _rejoin_source(
    typed: pl.DataFrame, details: pl.DataFrame, schema: type[dy.Schema], has_source: bool
) -> list[dict[str, Any]]:
    """Failed rows as dictionaries, each with the place it came from (rows are matched by their full content)."""
    if not has_source or details.is_empty():
        return list(details.iter_rows(named=True))
    names = list(schema.columns())
    numbered = typed.with_columns(_n=pl.int_range(pl.len()).over(names))
    return list(
        details.with_columns(_n=pl.int_range(pl.len()).over(names))
        .join(numbered.select(*names, "_n", SOURCE), on=[*names, "_n"], how="left", nulls_equal=True)
        .drop("_n")
        .iter_rows(named=True)
    )


def _row_faults(name: str, schema: type[dy.Schema], row: dict[str, Any]) -> list[Fault]:
    columns = schema.columns()
    faults = []
    for rule, verdict in row.items():
        if verdict != "invalid" or rule in columns or rule == SOURCE:
            continue
        column, bar, code = rule.rpartition("|")
        if bar:
            faults.append(_cell_fault(name, schema, row, column, code))
        else:
            faults.append(_rule_fault(name, schema, row, rule))
    return faults


def _cell_fault(name: str, schema: type[dy.Schema], row: Mapping[str, Any], column: str, code: str) -> Fault:
    rule = schema.columns()[column]
    value = row[column]
    unit = (rule.metadata or {}).get("unit", "")
    unit = "" if unit in ("", "1") else f" {unit}"
    words = {
        "dtype": lambda: _dtype_words(rule, value),
        "nullability": lambda: Words("must be given", "必须填写"),
        "min": lambda: _compare_words(value, "≥", rule.min, unit),  # type: ignore[attr-defined]
        "max": lambda: _compare_words(value, "≤", rule.max, unit),  # type: ignore[attr-defined]
        "max_length": lambda: Words(
            f"has {len(value)} characters, at most {rule.max_length}",  # type: ignore[attr-defined]
            f"有 {len(value)} 个字符,最多 {rule.max_length} 个",  # type: ignore[attr-defined]
        ),
        "regex": lambda: Words(
            f"is {value!r}: 1 to 80 characters, no space at either end",
            f"为 {value!r}:须为 1-80 个字符,首尾无空格",
        ),
    }
    say: Callable[[], Words] = words.get(
        code, lambda: Words(f"is {value!r} and breaks the rule {code}", f"为 {value!r},违反规则 {code}")
    )
    return Fault(name, _key(schema, row), column, value, code, say(), row.get(SOURCE) or "")


def _rule_fault(name: str, schema: type[dy.Schema], row: Mapping[str, Any], rule: str) -> Fault:
    if rule == "primary_key":
        words = Words("the key is there more than once", "主键重复")
    else:
        words = Words(
            *getattr(schema, "rule_words", {}).get(rule, (rule.replace("_", " "), f"违反规则 {rule}"))
        )
    return Fault(name, _key(schema, row), "", None, rule, words, row.get(SOURCE) or "")


def _dtype_words(rule: dy.Column, value: Any) -> Words:
    if isinstance(rule, dy.Enum):
        among = ", ".join(rule.categories)
        return Words(f"is {value!r}, must be one of: {among}", f"为 {value!r},须为以下之一:{among}")
    kinds = {
        "Int64": ("a whole number", "整数"),
        "UInt16": ("a whole number", "整数"),
        "Float64": ("a number", "数字"),
        "Boolean": ("true or false", "是或否"),
        "Datetime": ("a time such as 2026-01-05T08:00:00Z", "时间(如 2026-01-05T08:00:00Z)"),
        "Date": ("a date such as 2026-01-05", "日期(如 2026-01-05)"),
    }
    en, zh = kinds.get(str(rule.dtype).partition("(")[0], (str(rule.dtype), str(rule.dtype)))
    return Words(f"is {value!r}, must be {en}", f"为 {value!r},须为{zh}")


def _compare_words(value: Any, sign: str, limit: Any, unit: str) -> Words:
    return Words(
        f"is {value}{unit}, must be {sign} {limit}{unit}", f"为 {value}{unit},须 {sign} {limit}{unit}"
    )


def _check_references(
    good: Frames, schemas: Mapping[str, type[dy.Schema]], read: Mapping[str, pl.DataFrame]
) -> list[Fault]:
    """Drop rows that name a row that is not there, again and again until nothing more falls."""
    faults: list[Fault] = []
    while True:
        found = [
            fault
            for name in good
            for reference in references(schemas[name])
            if reference.target in schemas
            for fault in _broken(name, good, schemas, reference, read)
        ]
        if not found:
            return faults
        faults += found
        _drop_faulty(good, schemas, found)


def _broken(
    name: str,
    good: Frames,
    schemas: Mapping[str, type[dy.Schema]],
    reference: Reference,
    read: Mapping[str, pl.DataFrame],
) -> list[Fault]:
    columns, target, target_columns = reference
    named = good[name].drop_nulls(columns)
    if target in good:
        there = good[target].select(target_columns).unique()
        lost = named.join(there, left_on=columns, right_on=target_columns, how="anti")
    else:
        lost = named
    faulty = _keys_read(read, schemas, reference) if len(lost) else set()
    faults = []
    for row in lost.iter_rows(named=True):
        value = tuple(row[column] for column in columns)
        text = " ".join(map(str, value))
        if value in faulty:
            code = "ref_faulty"
            words = Words(
                f"names {text} in {target}, which has a fault itself", f"引用的 {target} {text} 本身有错误"
            )
        else:
            code = "ref"
            words = Words(f"names {text}, which is not in {target}", f"引用的 {text} 在 {target} 中不存在")
        shown = value[0] if len(value) == 1 else text
        faults.append(
            Fault(name, _key(schemas[name], row), columns[-1], shown, code, words, row.get(SOURCE) or "")
        )
    return faults


def _keys_read(
    read: Mapping[str, pl.DataFrame], schemas: Mapping[str, type[dy.Schema]], reference: Reference
) -> set[tuple[Any, ...]]:
    """The keys that stood in the input, good or not."""
    source = read.get(reference.target)
    if source is None or not set(reference.target_columns) <= set(source.columns):
        return set()
    types = schemas[reference.target].columns()
    return set(
        zip(*(cast_column(source[column], types[column].dtype) for column in reference.target_columns))
    )


def _drop_faulty(good: Frames, schemas: Mapping[str, type[dy.Schema]], faults: list[Fault]) -> None:
    for name in {fault.table for fault in faults} & set(good):
        keys = schemas[name].primary_key()
        bad = {fault.key for fault in faults if fault.table == name and len(fault.key) == len(keys)}
        if bad:
            keep = [row not in bad for row in good[name].select(keys).iter_rows()]
            good[name] = good[name].filter(pl.Series(keep, dtype=pl.Boolean))


def _with_source(fault: Fault, places: Mapping[tuple[Any, ...], str]) -> Fault:
    return Fault(
        fault.table, fault.key, fault.column, fault.value, fault.rule, fault.words, places.get(fault.key, "")
    )


def _key(schema: type[dy.Schema], row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in schema.primary_key())


def _empty(schema: type[dy.Schema], frame: pl.DataFrame) -> pl.DataFrame:
    empty = pl.DataFrame(schema.create_empty())
    return empty.with_columns(pl.lit("").alias(SOURCE)) if SOURCE in frame.columns else empty


def cast_column(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A column as another type; what cannot be read becomes null, which the caller has to report."""
    if series.dtype == dtype:
        return series
    if series.dtype == pl.String:
        return _read_text(series, dtype)
    if series.dtype.is_float() and dtype.is_integer():
        whole = series.cast(dtype, strict=False)
        return whole.set(whole.cast(series.dtype) != series, None)
    if (
        isinstance(series.dtype, pl.Datetime)
        and isinstance(dtype, pl.Datetime)
        and series.dtype.time_zone is None
    ):
        return series.dt.replace_time_zone("UTC").cast(dtype)
    try:
        return series.cast(dtype, strict=False)
    except pl.exceptions.InvalidOperationError:
        return pl.Series(series.name, [None] * len(series), dtype=dtype)


def _read_text(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Datetime):
        read = series.str.to_datetime("%+", strict=False, time_zone="UTC", time_unit="us")
        return read.cast(dtype)
    if dtype == pl.Date:
        return series.str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Boolean:
        lowered = series.str.to_lowercase()
        return lowered.replace_strict(
            {"true": True, "false": False, "1": True, "0": False, "是": True, "否": False},
            default=None,
            return_dtype=pl.Boolean,
        )
    if dtype.is_float():
        number = series.cast(dtype, strict=False)
        return number.set(~number.is_finite(), None)
    return series.cast(dtype, strict=False)
