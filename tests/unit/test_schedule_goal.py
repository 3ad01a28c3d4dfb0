"""From the planner's words to weights."""

import pytest

from lineshaft.core import BadInput
from lineshaft.make.schedule.goal import parse_goal


def test_commas_make_levels_and_plus_adds():
    goal = parse_goal("weighted_tardiness:1+setup:0.2, makespan ,mean_flow_time", n_counted=4)
    assert goal.levels.tolist() == [[0, 1, 0, 0.2], [1, 0, 0, 0], [0, 0, 0.25, 0]]


@pytest.mark.parametrize(
    "text", ["", "speed", "makespan:0", "makespan:x", "makespan:nan", "setup,setup", "makespan,"]
)
def test_the_wrong_part_is_named(text):
    with pytest.raises(BadInput) as caught:
        parse_goal(text, n_counted=1)
    assert caught.value.faults[0].column == "objective"
    assert caught.value.faults[0].words.zh
