"""The contract every engine keeps: what goes in, what comes out, what may go wrong.

Importing this package is cheap on purpose: a manifest needs nothing else, and `lineshaft --help` reads manifests.
The parts that need polars (`frames`, `digest`, `solve`) are imported where they are used.
"""

from lineshaft.core.engine import Engine, engines, find_engine
from lineshaft.core.errors import (
    BadInput,
    Fault,
    LineshaftError,
    Missing,
    NotAllowed,
    Refused,
    Words,
)
from lineshaft.core.params import Limits, param
from lineshaft.core.result import Change, Checked, Kpi, Reason, Result
from lineshaft.core.run import Cancelled, Run

__all__ = [
    "BadInput",
    "Cancelled",
    "Change",
    "Checked",
    "Engine",
    "Fault",
    "Kpi",
    "Limits",
    "LineshaftError",
    "Missing",
    "NotAllowed",
    "Reason",
    "Refused",
    "Result",
    "Run",
    "Words",
    "engines",
    "find_engine",
    "param",
]
