"""Parameters of an engine: a frozen dataclass whose fields carry unit, bounds and labels in both languages.

One declaration gives the command-line options, the form, the API model and the reference page::

    @dataclass(frozen=True)
    class ScheduleParams:
        objective: str = param("makespan", "what to minimise first", "首要目标", choices=("makespan", …))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, get_type_hints

from lineshaft.core.errors import BadInput, Fault, Words


def param(
    default: Any,
    en: str,
    zh: str,
    *,
    unit: str = "",
    min: float | None = None,
    max: float | None = None,
    choices: tuple[str, ...] = (),
    help: tuple[str, str] = ("", ""),
    suggest: tuple[tuple[str, str, str], ...] = (),
) -> Any:
    """One parameter with its default, labels, unit and bounds; `None` as default means "not set".

    `help` says in both languages how to fill it in; `suggest` names usual values: (value, English, Chinese).
    """
    rules = {"unit": unit, "min": min, "max": max, "choices": choices, "help": help, "suggest": suggest}
    return field(default=default, metadata={"en": en, "zh": zh, **rules})


@dataclass(frozen=True)
class Limits:
    """What every run of every engine understands, beside the engine's own parameters."""

    seed: int = param(1, "seed of all random choices", "随机种子", min=0, max=2**31 - 1)
    time_limit_s: float | None = param(
        None, "stop after this much time", "时间上限", unit="s", min=0.001, max=7 * 86_400
    )
    work_limit: float | None = param(
        None,
        "stop after this much work; same work, same answer",
        "计算量上限(可复现)",
        unit="steps",
        min=0,
        max=1e15,
    )
    workers: int = param(1, "parallel searches", "并行搜索数", min=1, max=64)


def make(kind: type[Any] | None, given: Mapping[str, Any]) -> Any:
    """Build parameters of `kind` from text or values, or say which one is wrong.

    Raises
    ------
    BadInput
        Unknown name, wrong type, out of bounds or not among the choices.
    """
    faults: list[Fault] = []
    known = {f.name: f for f in fields(kind)} if kind else {}
    hints = get_type_hints(kind) if kind else {}
    values = {}
    for name, value in given.items():
        if name not in known:
            names = ", ".join(known) or "-"
            faults.append(
                _fault(name, value, "unknown", f"unknown parameter; known: {names}", f"未知参数;可用:{names}")
            )
            continue
        try:
            values[name] = _coerce(value, hints[name], known[name].metadata)
        except ValueError as error:
            en, zh = error.args
            faults.append(_fault(name, value, "param", en, zh))
    if faults:
        raise BadInput(faults)
    return kind(**values) if kind else None


def describe(kind: type[Any] | None) -> list[dict[str, Any]]:
    """Name, type, default, unit, bounds and labels of each parameter, in order."""
    if kind is None:
        return []
    hints = get_type_hints(kind)
    return [
        {
            "name": f.name,
            "type": base_type(hints[f.name]),
            "default": None if f.default is MISSING else f.default,
            **f.metadata,
        }
        for f in fields(kind)
    ]


def base_type(hint: Any) -> type[Any]:
    """`float | None` → `float`."""
    options = [option for option in getattr(hint, "__args__", (hint,)) if option is not type(None)]
    kind: type[Any] = options[0]
    return kind


def _coerce(value: Any, hint: Any, rules: Mapping[str, Any]) -> Any:
    kind = base_type(hint)
    if value is None:
        if type(None) not in getattr(hint, "__args__", ()):
            raise ValueError("must be given", "必须填写")
        return None
    try:
        out = _convert(value, kind)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{value!r} is not a {kind.__name__}", f"{value!r} 不是有效的 {kind.__name__}"
        ) from None
    if rules["choices"] and out not in rules["choices"]:
        among = ", ".join(rules["choices"])
        raise ValueError(f"{out!r} is not one of: {among}", f"{out!r} 不在可选值中:{among}")
    unit = f" {rules['unit']}" if rules["unit"] else ""
    if rules["min"] is not None and not out >= rules["min"]:
        raise ValueError(
            f"is {out}{unit}, must be ≥ {rules['min']}{unit}", f"为 {out}{unit},须 ≥ {rules['min']}{unit}"
        )
    if rules["max"] is not None and not out <= rules["max"]:
        raise ValueError(
            f"is {out}{unit}, must be ≤ {rules['max']}{unit}", f"为 {out}{unit},须 ≤ {rules['max']}{unit}"
        )
    return out


def _convert(value: Any, kind: type[Any]) -> Any:
    if kind is bool and isinstance(value, str):
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if value.lower() not in known:
            raise ValueError
        return known[value.lower()]
    if kind is int and not isinstance(value, int):
        number = float(value)
        if number != int(number):
            raise ValueError
        return int(number)
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, kind) else kind(value)


def _fault(name: str, value: Any, rule: str, en: str, zh: str) -> Fault:
    return Fault("parameters", (), name, value, rule, Words(en, zh))
