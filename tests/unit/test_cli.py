"""The command line: made from the registry, quick to start, readable when something is wrong."""

import subprocess
import sys

import polars as pl
import pytest
from cli import lineshaft


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    """The example book of make.schedule, planned once."""
    folder = tmp_path_factory.mktemp("cli")
    book = folder / "example.xlsx"
    assert lineshaft("template", "make.schedule", book, "--example").code == 0
    place = folder / "works"
    assert lineshaft("init", place, "--name", "Test").code == 0
    assert lineshaft("import", place, book).code == 0
    planned = lineshaft("run", "make.schedule", place, "--work-limit", "2", "--json")
    assert planned.code == 0, planned.err
    return place, planned.json


def test_a_run_prints_one_object_with_the_promised_names(works):
    _, told = works
    assert {"engine", "version", "status", "digest", "kpis", "reasons", "warnings"} <= set(told)
    names = [kpi["name"] for kpi in told["kpis"]]
    assert names[:4] == ["makespan_min", "weighted_tardiness_min", "mean_flow_time_min", "setup_min"]
    assert names[4:] == ["setup_cost_cny", "energy_cost_cny", "overtime_cost_cny"]
    assert [kpi["unit"] for kpi in told["kpis"]] == ["min"] * 4 + ["CNY"] * 3
    assert all({"value", "bound", "gap"} <= set(kpi) for kpi in told["kpis"])


def test_propose_preview_accept_undo(works):
    place, told = works
    steps = lineshaft("show", place, "operation", "--json").json
    counts = lineshaft("preview", place, told["run"], "--json").json["tables"]
    assert counts["operation_plan"]["inserted"] == len(steps)
    accepted = lineshaft("accept", place, told["run"], "--json").json
    assert len(lineshaft("show", place, "operation_plan", "--json").json) == len(steps)
    assert lineshaft("report", place, place / "now.html").code == 0
    assert lineshaft("undo", place, accepted["accept"], "--json").json["proposal"] is None
    assert lineshaft("show", place, "operation_plan", "--json").json == []


def test_replay_gives_the_same_bytes(works):
    place, told = works
    assert lineshaft("replay", told["run"], "--works", place, "--json").json["same"] is True


def test_export_and_import_again_change_nothing(works, tmp_path):
    place, _ = works
    for target in (tmp_path / "all.xlsx", tmp_path / "csv", tmp_path / "parquet"):
        kind = target.suffix[1:] or target.name
        assert lineshaft("export", place, target, "--kind", kind).code == 0
        again = lineshaft("import", place, target, "--preview", "--json")
        assert again.code == 0, again.err
        assert all(sum(count.values()) == 0 for count in again.json["tables"].values())


def test_check_and_overview(works):
    place, _ = works
    assert lineshaft("check", place, "--json").json["faults"] == []
    overview = lineshaft("show", place, "--json").json
    assert overview["name"] == "Test"
    assert overview["tables"]["work_order"] > 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("show", "nowhere"), 4, "no works"),
        (("run", "make.nothing", "nowhere"), 4, "no engine"),
        (("run", "make.schedule"), 4, "--from LAYOUT DIR"),
        (("run", "make.schedule", "--from", "pictures", "."), 4, "known: tables, log, fjsp"),
        (("run", "make.schedule", "--from", "fjsp", "nowhere"), 4, "is not there"),
        (("describe", "make.nothing"), 4, "no engine"),
        (("init", "x", "--example", "moon"), 4, "no example"),
    ],
)
def test_a_mistake_is_one_readable_line_in_both_languages(words, code, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = lineshaft(*words)
    assert answer.code == code
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert any("\u4e00" <= character <= "\u9fff" for character in answer.err)


def test_wrong_parameters_are_named(works):
    place, _ = works
    answer = lineshaft("run", "make.schedule", place, "--objective", "beauty", "--json")
    assert answer.code == 3
    assert answer.json["faults"][0]["column"] == "objective"
    assert lineshaft("run", "make.schedule", place, "--frozen-min", "-1").code == 3


def test_chinese_is_spoken_when_asked(works):
    place, told = works
    assert "已证下界" in lineshaft("show", place, told["run"], lang="zh").out
    assert "proven bound" in lineshaft("show", place, told["run"], lang="en").out


def test_an_event_log_becomes_a_works(tmp_path):
    pl.DataFrame(
        {
            "case": ["A", "A", "B"],
            "activity": ["turn", "mill", "turn"],
            "resource": ["P1", "P2", "P1"],
            "start": ["2026-01-05T08:00:00Z", "2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"],
            "end": ["2026-01-05T09:00:00Z", "2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z"],
        }
    ).write_csv(tmp_path / "log.csv")
    place = tmp_path / "works"
    assert lineshaft("init", place, "--zone", "UTC").code == 0
    answer = lineshaft("import", place, tmp_path / "log.csv", "--layout", "log", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["tables"]["operation"]["inserted"] == 3
    assert lineshaft("report", place, place / "history.html").code == 0


def test_help_imports_no_engine_and_no_polars():
    code = (
        "import sys; from unittest import mock\n"
        "from lineshaft.faces.cli.main import main\n"
        "with mock.patch.object(sys, 'argv', ['lineshaft', '--help']):\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
        "heavy = {'polars', 'numba', 'ortools', 'sqlalchemy', 'lineshaft.make.schedule'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
