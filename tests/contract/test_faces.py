"""An engine appears everywhere without face code: command line, API, agents' tools, pages, workbook, works."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import pytest
from contract.faces import FACES, face, pages, read_workbook

from lineshaft.core import Run, engines, find_engine
from lineshaft.core.digest import result_bytes
from lineshaft.core.params import describe
from lineshaft.core.solve import solve, table_name
from lineshaft.faces.desk.comparing import frames_of
from lineshaft.faces.saying import kpi_name, reason_words
from lineshaft.store.importing import read_tables
from lineshaft.store.workbook import engine_schemas, write_example, write_workbook

WORK, SEED = 2, 3


def by_table(engine):
    """The example's frames by table."""
    schemas = engine.load("inputs").member_schemas()
    return {table_name(schemas[member]): frame for member, frame in engine.load("example")().items()}


@cache
def pure_answer(name):
    """What an engine answers to its example with nothing around it."""
    engine = find_engine(name)
    return solve(engine, engine.load("example")(), run=Run(seed=SEED, work_limit=WORK))


@pytest.fixture(params=FACES)
def at(request, lineshaft, tmp_path):
    """A works with nothing in it, behind one of the faces."""
    with face(request.param, tmp_path, lineshaft) as opened:
        yield opened


def test_every_face_gives_the_same_answer_and_decides_alike(engine, at, tmp_path):
    """Bytes, figures and reasons that the engine gives with nothing around it; then preview, accept and undo."""
    pure = pure_answer(engine.name)
    write_example(engine, by_table(engine), tmp_path / "example.xlsx")
    at.fill(tmp_path / "example.xlsx")
    told = at.run(engine.name, work_limit=WORK, seed=SEED)
    assert told.status == pure.status
    assert told.result_digest == hashlib.sha256(result_bytes(pure)).hexdigest()
    assert told.kpis == {kpi.name: pytest.approx(kpi.value, rel=1e-12) for kpi in pure.kpis}
    assert told.reasons == [
        (reason.code, tuple(map(str, reason.key)), *reason_words(engine, reason)) for reason in pure.reasons
    ]
    proposed = frames_of(pure)
    before = {name: at.works.read(name) for name in proposed}
    schemas = {table_name(schema): schema for schema in engine.load("outputs").member_schemas().values()}
    shown = {name: changes(schemas[name], before[name], frame) for name, frame in proposed.items()}
    assert at.preview(told.run) == {name: some for name, some in shown.items() if any(some)}
    accepted = at.accept(told.run)
    assert all(at.works.read(name).equals(frame) for name, frame in proposed.items())
    at.undo(accepted)
    assert all(at.works.read(name).equals(frame) for name, frame in before.items())


def changes(schema, before, after):
    """Rows of `after` that are new, rows that are others, and rows of `before` that are gone."""
    keys = list(schema.primary_key())
    there = dict(zip(before.select(keys).rows(), before.rows()))
    come = dict(zip(after.select(keys).rows(), after.rows()))
    others = sum(key in there and there[key] != row for key, row in come.items())
    return len(come.keys() - there.keys()), others, len(there.keys() - come.keys())


def test_every_face_knows_every_engine_and_names_a_wrong_limit(at):
    known = at.engines()
    for name in engines():
        assert known[name] == find_engine(name).title
        said = at.wrong(name)
        assert "work_limit" in said, name
        assert "Traceback" not in said, name


def test_the_pages_of_an_engine_need_nothing_of_its_own(engine, tmp_path):
    """Its form with every parameter and unit, then its run with figures, reasons and what accepting would change."""
    with pages(tmp_path) as (works, get):
        write_example(engine, by_table(engine), tmp_path / "example.xlsx")
        works.write(read_workbook(works, tmp_path / "example.xlsx"), "test", "import")
        run = works.propose(engine, limits={"work_limit": WORK})
        for language in ("zh", "en"):
            form = get(f"/w/plant/engines/{engine.name}", language)
            assert engine.words_title.say(language) in form
            for parameter in describe(engine.load("params")):
                assert f'.{parameter["name"]}"' in form
                assert parameter[language] in form
            shown = get(f"/w/plant/runs/{run}", language)
            assert engine.words_title.say(language) in shown
            for kpi in works.result(run).kpis:
                assert kpi_name(kpi, language) in shown
            changes = get(f"/w/plant/runs/{run}/accept", language)
            for schema in engine.load("outputs").member_schemas().values():
                assert schema.title[language == "zh"] in changes


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
