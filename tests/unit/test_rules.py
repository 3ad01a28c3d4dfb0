"""Each rule across tables says which tables it reads: a write runs only the rules that its tables can break."""

from collections.abc import Mapping

import pytest

from lineshaft.crane_works import generate
from lineshaft.tables.rules import READS, RULES


class Watched(Mapping):
    """Frames that remember who was asked for."""

    def __init__(self, frames):
        self._frames, self.asked = frames, set()

    def __getitem__(self, name):
        self.asked.add(name)
        return self._frames[name]

    def __contains__(self, name):
        self.asked.add(name)
        return name in self._frames

    def __iter__(self):
        raise AssertionError("a rule may not look at every table")

    def __len__(self):
        return len(self._frames)


@pytest.fixture(scope="module")
def frames():
    return generate(scale=0.05)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_reads_what_it_says(frames, rule):
    watched = Watched(frames)
    assert list(rule(watched)) == []
    assert watched.asked == READS[rule]
