"""An engine explains itself: its room's README, its titles, labels and units, its reasons, in both languages."""

from __future__ import annotations

import inspect
import re
import string
import subprocess
import sys
from pathlib import Path

import dataframely as dy
import pytest

from lineshaft.core import Run
from lineshaft.core.params import describe
from lineshaft.core.solve import solve

HEADINGS = ("Problem", "Reads", "Proposes", "Method", "Checked", "Limits", "Measured")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def schemas(engine):
    """Member → schema of everything the engine reads and writes."""
    return engine.load("inputs").member_schemas() | engine.load("outputs").member_schemas()


def test_the_room_has_a_readme_with_the_house_headings(engine):
    module = sys.modules[engine.solve.partition(":")[0]] if engine.load("solve") else None
    text = (Path(module.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert engine.name in text
    for heading in HEADINGS:
        assert re.search(rf"^(#+ |\*\*|.*\. \*\*){heading}\b", text, re.MULTILINE), (
            f"no {heading} in README.md"
        )


def test_every_part_has_a_docstring(engine):
    for part in ("inputs", "outputs", "solve", "check", "params", "example"):
        thing = engine.load(part)
        if thing is not None:
            assert inspect.getdoc(thing), f"{part} has no docstring"
    for schema in schemas(engine).values():
        assert inspect.getdoc(schema), f"{schema.__name__} has no docstring"


def test_titles_are_in_both_languages(engine):
    for en, zh in (engine.title, *(schema.title for schema in schemas(engine).values())):
        assert en.isascii()
        assert CHINESE.search(zh)


def test_every_column_has_labels_and_numbers_have_units(engine):
    for schema in schemas(engine).values():
        for name, column in schema.columns().items():
            about, place = column.metadata or {}, f"{schema.__name__}.{name}"
            assert column.description, f"{place} has no English label"
            assert CHINESE.search(about.get("zh", "")), f"{place} has no Chinese label"
            if column.dtype.is_numeric() and "ref" not in about:
                assert about.get("unit"), f"{place} has no unit"
            if isinstance(column, dy.Enum):
                assert set(about["choices_zh"]) == set(column.categories)
                assert all(CHINESE.search(label) for label in about["choices_zh"].values())


def test_every_rule_has_words_in_both_languages(engine):
    for schema in schemas(engine).values():
        own = {name for name in dir(schema) if isinstance(getattr(schema, name), dy._rule.Rule)}
        told = getattr(schema, "rule_words", {})
        for rule in own:
            assert CHINESE.search(told[rule][1]), f"{schema.__name__}.{rule} has no Chinese words"


def test_every_parameter_has_labels(engine):
    for parameter in describe(engine.load("params")):
        assert parameter["en"]
        assert CHINESE.search(parameter["zh"]), f"{parameter['name']} has no Chinese label"
        if parameter["type"] in (int, float):
            assert parameter["min"] is not None, f"{parameter['name']} has no least value"
            assert parameter["max"] is not None, f"{parameter['name']} has no greatest value"


def test_every_reason_has_words_that_its_facts_fill(engine):
    words = engine.load("words") or {}
    for code, (en, zh) in words.items():
        assert CHINESE.search(zh), f"{code} has no Chinese words"
        assert {f for _, f, _, _ in string.Formatter().parse(en) if f}, f"{code} says nothing of its facts"
    result = solve(engine, engine.load("example")(), run=Run(work_limit=4))
    for reason in (*result.reasons, *result.warnings):
        for template in words[reason.code]:
            assert template.format(**reason.facts)


def test_sources_are_named(engine):
    assert engine.sources
    assert engine.version >= 1
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", engine.name)


def test_discovery_imports_no_engine():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from lineshaft.core import engines; names = engines(); "
            "assert 'make.schedule' in names; "
            "print([m for m in sys.modules if m in ('polars', 'numpy') or m.startswith('lineshaft.make')])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


def test_a_fold_in_any_split_gives_the_same_rows(engine):
    if not getattr(engine, "fold", ""):
        pytest.skip(f"{engine.name} has no fold")
