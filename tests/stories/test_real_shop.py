"""A machine shop's own log: read, understood, planned anew with the same people in the same hours, and compared."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = ROOT / "../shared/data/shopfloor/Production.xes"
pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="no shared data")


@pytest.fixture(scope="module")
def bench():
    """`benchmarks/real_shop.py` as a module."""
    spec = importlib.util.spec_from_file_location("real_shop", ROOT / "benchmarks" / "real_shop.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def answer(bench):
    return bench.compare(LOG, time_limit_s=3.0, workers=1, seed=1, sustained=0.10)


def test_history_keeps_the_rules_it_is_compared_under(answer):
    history = answer["rows"]["history"]
    assert history["violations"] == 0
    assert history["flow_mean_d"] == pytest.approx(20.63, abs=0.01)
    assert (history["late_orders"], history["after_log_h"], history["beyond_seen_h"]) == (0, 0, 0)


def test_all_the_work_is_planned_and_nothing_breaks_a_rule(answer):
    plan = answer["rows"]["plan"]
    assert plan["operations"] == 4_503
    assert plan["violations"] == 0


def test_the_plan_lies_between_its_bound_and_the_best_rule(answer):
    rule = next(row for name, row in answer["rows"].items() if name.startswith("best rule"))
    assert rule["violations"] == 0
    assert answer["bound_total_d"] <= answer["rows"]["plan"]["flow_total_d"] <= rule["flow_total_d"]
    assert answer["rows"]["plan"]["flow_total_d"] < 0.5 * answer["rows"]["history"]["flow_total_d"]


def test_the_table_says_what_it_can_and_cannot_say(bench, answer):
    text = bench.as_text(answer)
    assert "4,503 of 4,503 operations planned" in text
    assert "What it cannot say" in text


@pytest.mark.slow
def test_the_plan_beats_the_best_rule_by_five_percent_in_a_minute(bench):
    answer = bench.compare(LOG, time_limit_s=60.0, workers=2, seed=1, sustained=0.10)
    assert answer["better_than_rule"] >= 0.05
    assert not any(row["violations"] for row in answer["rows"].values())
