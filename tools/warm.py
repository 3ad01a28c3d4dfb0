"""Compiles the search kernels once, so that no plan and no test waits for it. Run by make when an engine module changed."""

from lineshaft.core import Change, Run, find_engine
from lineshaft.core.solve import edit, on_plan, prepare_edit, solve

ENGINE = find_engine("make.schedule")

if __name__ == "__main__":
    print("Compiling the search (once, about a minute) … / 正在编译求解内核(仅一次,约一分钟)…", flush=True)
    book = ENGINE.load("example")()
    for objective in ("makespan", "weighted_tardiness,mean_flow_time,makespan"):
        plan = solve(ENGINE, book, {"objective": objective}, Run(work_limit=2)).tables
    prepared = prepare_edit(ENGINE, on_plan(ENGINE, book, plan))
    edit(prepared, [Change("operation_plan", ("WO-3", 10), {"resource_id": "worker-2"})])
