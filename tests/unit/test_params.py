"""Parameters from text: units, bounds and choices are kept, and what is wrong is named."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from lineshaft.core import BadInput, Limits, param
from lineshaft.core.params import describe, make


@dataclass(frozen=True)
class Some:
    speed_mm_s: float = param(1.0, "speed", "速度", unit="mm/s", min=0, max=10)
    kind: str = param("a", "kind", "类别", choices=("a", "b"))
    start: datetime | None = param(None, "start", "开始")
    exact: bool = param(False, "exact", "精确")


def test_text_becomes_values():
    made = make(Some, {"speed_mm_s": "2.5", "kind": "b", "start": "2026-01-05T08:00", "exact": "true"})
    assert made == Some(2.5, "b", datetime(2026, 1, 5, 8), True)
    assert make(Limits, {"work_limit": "1e6"}).work_limit == 1e6


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("speed_mm_s", "11", "is 11.0 mm/s, must be ≤ 10 mm/s"),
        ("speed_mm_s", "nan", "is nan mm/s, must be ≥ 0 mm/s"),
        ("speed_mm_s", "fast", "'fast' is not a float"),
        ("kind", "c", "'c' is not one of: a, b"),
        ("exact", "perhaps", "'perhaps' is not a bool"),
        ("colour", "red", "unknown parameter; known: speed_mm_s, kind, start, exact"),
    ],
)
def test_what_is_wrong_is_named(name, value, says):
    with pytest.raises(BadInput) as caught:
        make(Some, {name: value})
    (fault,) = caught.value.faults
    assert (fault.table, fault.column, fault.words.en) == ("parameters", name, says)


def test_parameters_describe_themselves():
    assert describe(Some)[0] == {
        "name": "speed_mm_s",
        "type": float,
        "default": 1.0,
        "en": "speed",
        "zh": "速度",
        "unit": "mm/s",
        "min": 0,
        "max": 10,
        "choices": (),
        "help": ("", ""),
        "suggest": (),
    }
    assert describe(None) == []
