"""Portfolios: seeds and scenarios at once, one failing run harms no other, and the best is named."""

import json
from dataclasses import replace

import pytest
from cli import lineshaft
from contract.toy import ENGINE as CUTTING
from contract.toy import example
from toy_line import TOY, orders

from lineshaft.core import BadInput, Kpi, Missing, find_engine
from lineshaft.core.params import make
from lineshaft.faces.cli.portfolio import parse_seeds, read_scenarios
from lineshaft.store import Cell, Works, portfolio

LONGER = {"longer": [Cell("piece", ("E",), "length_mm", 12_000)]}


@pytest.fixture
def works(tmp_path):
    with Works.create(tmp_path / "works", "Test") as works:
        works.use(CUTTING)
        works.use(TOY)
        works.write({"piece": example()["pieces"], "work_order": orders("1")}, "li", "import")
        yield works


def test_seeds_and_scenarios_become_runs_and_one_log_entry(works):
    told = []
    done = portfolio.propose(
        works,
        CUTTING,
        {},
        {"work_limit": 3},
        [1, 2],
        LONGER,
        "li",
        on_progress=lambda *said: told.append(said),
    )
    assert [(m.seed, m.scenario) for m in done.members] == [(1, ""), (2, ""), (1, "longer"), (2, "longer")]
    assert portfolio.find(works, done.portfolio_id) == done
    assert works.log()[-5].action == "portfolio"
    bars = {m: works.run(m.run).kpis[0].value for m in done.members}
    assert all(bars[m] == (3 if m.scenario else 2) for m in done.members)
    assert portfolio.best(works, done) == done.members[0].run
    assert portfolio.best(works, done, "longer") == done.members[2].run
    assert told[-1][0] == 1.0
    assert told[-1][1].en == "4 of 4 runs"
    works.accept(portfolio.best(works, done), "li")
    with pytest.raises(Missing):
        portfolio.find(works, "p1")


def test_the_best_is_the_lowest_by_the_engines_order(works, monkeypatch):
    done = portfolio.propose(works, CUTTING, {}, {"work_limit": 3}, [1, 2, 3], {})
    spoken = dict(zip((m.run for m in done.members), (3.0, 1.0, 1.0), strict=True))
    records = {
        run: replace(works.run(run), kpis=(Kpi("bars", bars, "bar", better="low"),))
        for run, bars in spoken.items()
    }
    monkeypatch.setattr(works, "run", records.__getitem__)
    assert portfolio.best(works, done) == done.members[1].run
    records |= {
        run: replace(record, kpis=(replace(record.kpis[0], better="high"),))
        for run, record in records.items()
    }
    assert portfolio.best(works, done) == done.members[0].run
    records |= {run: replace(record, result_status="infeasible") for run, record in records.items()}
    assert portfolio.best(works, done) is None


def test_the_schedule_is_ranked_by_its_objective():
    engine = find_engine("make.schedule")
    names = ("makespan", "weighted_tardiness", "mean_flow_time", "setup")
    kpis = [Kpi(f"{name}_min", value, "min", better="low") for name, value in zip(names, (4, 3, 2, 1))]
    params = make(engine.load("params"), {"objective": "setup:2+makespan,weighted_tardiness"})
    assert engine.load("rank")(kpis, params) == (6.0, 3.0)


def test_a_run_without_an_answer_harms_no_other(works):
    done = portfolio.propose(works, TOY, {"stop": "before"}, {}, [1, 2], {})
    assert [works.run(m.run).status for m in done.members] == ["cancelled", "cancelled"]
    assert portfolio.best(works, done) is None


def test_a_program_error_is_not_hidden(works):
    with pytest.raises(ZeroDivisionError):
        portfolio.propose(works, TOY, {"stop": "crash"}, {}, [1, 2], {})
    assert [record.status for record in works.runs()] == ["failed", "failed"]


def test_a_wrong_scenario_runs_nothing(works):
    wrong = {"wrong": [Cell("piece", ("E",), "colour", "red")]}
    with pytest.raises(BadInput):
        portfolio.propose(works, CUTTING, {}, {}, [1, 2], wrong)
    assert [record.status for record in works.runs()] == ["cancelled", "cancelled"]
    assert works.work() is None


def test_an_interrupt_stops_every_run_with_what_it_has(works, monkeypatch):
    asked = []

    def interrupted(_futures):
        asked.append(True)
        raise KeyboardInterrupt

    monkeypatch.setattr(portfolio, "wait", interrupted)
    done = portfolio.propose(works, TOY, {"stop": "hang"}, {}, [1, 2, 3], {})
    assert asked
    ended = {works.run(m.run).stopped_by or works.run(m.run).status for m in done.members}
    assert ended <= {"cancel", "cancelled"}


@pytest.mark.parametrize(
    ("text", "seeds"), [("1-3,7", [1, 2, 3, 7]), ("5", [5]), ("2,1,2", [2, 1]), ("0-0", [0])]
)
def test_seeds_are_read(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["x", "3-1", "1-", "-1", "1-5000", ",", "1,,2", "²"])
def test_wrong_seeds_are_named(text):
    with pytest.raises(BadInput) as wrong:
        parse_seeds(text)
    assert wrong.value.faults[0].column == "seeds"


@pytest.mark.parametrize(
    "text", ["{", "{}", "[1]", '[{"table": "piece"}]', '[{"table":1,"key":2,"column":3,"value":4}]']
)
def test_a_file_that_is_no_scenario_is_named(text, tmp_path):
    file = tmp_path / "rush.json"
    file.write_text(text)
    with pytest.raises(BadInput, match="1 fault") as wrong:
        read_scenarios([file])
    assert "rush.json" in wrong.value.faults[0].say("en")
    file.write_text("[]")
    with pytest.raises(BadInput):
        read_scenarios([file, file])
    with pytest.raises(Missing):
        read_scenarios([tmp_path / "nowhere.json"])


def test_the_command_line_prints_one_table_and_names_the_best(tmp_path):
    works, book, rush = tmp_path / "works", tmp_path / "example.xlsx", tmp_path / "rush.json"
    assert lineshaft("template", "make.schedule", book, "--example").code == 0
    assert lineshaft("init", works).code == 0
    assert lineshaft("import", works, book).code == 0
    order = lineshaft("show", works, "work_order", "--json").json[0]["order_id"]
    rush.write_text(json.dumps([{"table": "work_order", "key": [order], "column": "weight", "value": 9}]))
    asked = ("run", "make.schedule", works, "--work-limit", "1", "--seeds", "1-2", "--scenario", rush)
    answer = lineshaft(*asked, "--json")
    assert answer.code == 0, answer.err
    runs = answer.json["runs"]
    assert [(run["seed"], run["scenario"]) for run in runs] == [(1, ""), (2, ""), (1, "rush"), (2, "rush")]
    assert sum(run["best"] for run in runs) == 2
    assert answer.json["best"] in {run["run"] for run in runs[:2]}
    for language, words in (("en", "as it is"), ("zh", "现状")):
        shown = lineshaft(*asked, lang=language)
        assert shown.out.count("★") == 2
        assert words in shown.out
        assert f"lineshaft accept {works} {answer.json['best']}" in shown.out
    assert lineshaft("accept", works, answer.json["best"]).code == 0
    assert lineshaft("accept", works, runs[2]["run"]).code == 5
    assert lineshaft(*asked, "--seed", "3").code == 5
    assert lineshaft("run", "make.schedule", works, "--executor", "moon").code == 4
