"""An engine appears everywhere without face code: command line, workbook, works."""

from __future__ import annotations

import json

import pytest

from lineshaft.core.solve import table_name
from lineshaft.store.importing import read_tables
from lineshaft.store.workbook import engine_schemas, write_example, write_workbook


def by_table(engine):
    """The example's frames by table."""
    schemas = engine.load("inputs").member_schemas()
    return {table_name(schemas[member]): frame for member, frame in engine.load("example")().items()}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_workbook_round_trip_is_the_identity(engine, language, tmp_path):
    schemas = {table_name(schema): schema for schema in engine.load("inputs").member_schemas().values()}
    frames = by_table(engine)
    write_workbook(frames, tmp_path / "one.xlsx", language, schemas=schemas)
    back = read_tables(tmp_path / "one.xlsx", schemas)
    for name, frame in frames.items():
        keys = schemas[name].primary_key()
        wanted = frame.select(schemas[name].column_names()).cast(dict(back[name].schema)).sort(keys)
        assert back[name].equals(wanted, null_equal=True), name
    write_workbook(back, tmp_path / "two.xlsx", language, schemas=schemas)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_the_command_line_knows_every_engine(engine, lineshaft):
    listed = json.loads(lineshaft("engines", "--json").out)
    assert engine.name in json.dumps(listed)
    described = lineshaft("describe", engine.name)
    assert described.code == 0, described.err
    for schema in engine.load("inputs").member_schemas().values():
        assert schema.title[0] in described.out or table_name(schema) in described.out
    told = json.loads(lineshaft("describe", engine.name, "--json").out)
    assert set(engine.title) <= set(flat(told))
    options = lineshaft("run", engine.name, "--help")
    assert options.code == 0, options.err
    assert "--work-limit" in options.out


def test_a_process_of_its_own_finds_the_toy(lineshaft_process):
    done = lineshaft_process("engines")
    assert done.code == 0, done.err
    assert "toy.cutting" in done.out
    assert "make.schedule" in done.out


def flat(value):
    """Every text in a JSON value."""
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif not isinstance(value, int | float | bool | None):
        for part in value:
            yield from flat(part)


def test_the_command_line_writes_its_template(engine, lineshaft, tmp_path):
    done = lineshaft("template", engine.name, tmp_path / "template.xlsx")
    assert done.code == 0, done.err
    empty = read_tables(tmp_path / "template.xlsx", engine_schemas(engine))
    assert all(frame.is_empty() for frame in empty.values())


def test_the_command_line_runs_accepts_and_undoes_it(engine, lineshaft, tmp_path):
    write_example(engine, by_table(engine), tmp_path / "example.xlsx")
    works = tmp_path / "works"
    for arguments in (("init", works), ("import", works, tmp_path / "example.xlsx")):
        done = lineshaft(*arguments)
        assert done.code == 0, done.err + done.out
    done = lineshaft("run", engine.name, works, "--work-limit", "4", "--seed", "3", "--json")
    assert done.code == 0, done.err + done.out
    answer = json.loads(done.out)
    assert {"engine", "version", "status", "digest", "kpis", "reasons", "warnings"} <= set(answer)
    assert answer["engine"] == engine.name
    for kpi in answer["kpis"]:
        assert {"name", "value", "unit", "bound", "gap"} <= set(kpi)
    run_id = answer["run"]
    again = lineshaft("replay", run_id, "--works", works)
    assert again.code == 0, again.err + again.out
    for arguments in (("preview", works, run_id), ("accept", works, run_id), ("undo", works)):
        done = lineshaft(*arguments)
        assert done.code == 0, done.err + done.out


def test_a_wrong_parameter_is_one_readable_line(engine, lineshaft, tmp_path):
    assert lineshaft("init", tmp_path / "works").code == 0
    done = lineshaft("run", engine.name, tmp_path / "works", "--work-limit", "many")
    assert done.code == 3
    assert "Traceback" not in done.err
    assert "work_limit" in done.err


def test_an_unknown_engine_is_one_readable_line(lineshaft):
    done = lineshaft("describe", "no.such")
    assert done.code == 4
    assert "no.such" in done.err
    assert "Traceback" not in done.err
