"""numba's `njit` for the kernels of this engine, without a compilation of its own for every constant or width.

numba types a constant argument as that very constant, so that `run(d, 0, …)` is compiled beside `run(d, calendar, …)`,
and all that it calls again with it. LLVM puts constants in where it inlines a call; more than that is not worth
the minute that the copies took. What a table keeps in 32 bits is passed on as 64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.core.dispatcher import Dispatcher


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a kernel as `numba.njit` does; when another kernel calls it, arguments have the types of variables."""

    def decorate(function: Callable[..., Any]) -> Any:
        kernel = numba.njit(**options)(function)
        if not isinstance(kernel, Dispatcher):
            return kernel
        template = kernel.get_call_template
        kernel.get_call_template = lambda args, kws: template(
            tuple(map(plain_type, args)), {name: plain_type(kind) for name, kind in kws.items()}
        )
        return kernel

    return decorate


def plain_type(kind: types.Type) -> types.Type:
    """The type of a variable that takes an argument of this type."""
    kind = types.unliteral(kind)
    return types.int64 if kind == types.int32 else kind
