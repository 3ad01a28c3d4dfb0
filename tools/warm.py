"""Compiles the kernels once, so that no plan and no test waits for them. Run by make when an engine module changed.

Two processes share the work: one solves the example of every engine and a project, the other the kinds of shop that
have kernels of their own (a flexible job shop, a plain one, one with workers, last one of more than 2,000 steps, whose
kernels the other has compiled by then).
"""

from multiprocessing import get_context

import numpy as np
import polars as pl

from lineshaft.core import Change, Run, engines, find_engine
from lineshaft.core.solve import edit, on_plan, prepare_edit, solve, table_name
from lineshaft.crane_works import generate
from lineshaft.store import instances, projects

SCHEDULE = find_engine("make.schedule")
TARDINESS = "weighted_tardiness,mean_flow_time,makespan"
ROUNDS = 5


def examples() -> None:
    """Every engine on its example, an edit, and a project."""
    for name in engines():
        engine = find_engine(name)
        solve(engine, engine.load("example")(), None, Run(work_limit=2))
    book = SCHEDULE.load("example")()
    for objective in ("makespan", TARDINESS):
        plan = solve(SCHEDULE, book, {"objective": objective}, Run(work_limit=ROUNDS)).tables
    prepared = prepare_edit(SCHEDULE, on_plan(SCHEDULE, book, plan))
    edit(prepared, [Change("operation_plan", ("WO-3", 10), {"resource_id": "worker-2"})])
    needs = np.random.default_rng(1).integers(0, 3, size=(20, 2)).tolist()
    work = [projects.Activity([(1 + number % 8, need)], []) for number, need in enumerate(needs)]
    begin = projects.Activity([(1, [0, 0])], [*range(2, 22)])
    capacity = {"R1": ("machine", 3), "R2": ("machine", 3)}
    plan_tables(projects.to_tables([begin, *work], capacity), "makespan")


def shops() -> None:
    """Shops of every kind that a search has kernels for, too hard to be proven at once."""
    rng = np.random.default_rng(1)

    def ways(held: tuple[str, ...] = ()) -> list[instances.Way]:
        machines = rng.choice(5, size=2, replace=False) + 1
        return [((f"M{m}", *held), int(rng.integers(5, 60))) for m in machines]

    plain, staffed = ([[ways(held) for _ in range(5)] for _ in range(10)] for held in ((), ("W1",)))
    plan_tables(instances.to_tables(plain, 5, 0), "makespan")
    plan_tables(instances.to_tables([[ways[:1] for ways in job] for job in plain], 5, 0), "makespan")
    plan_tables(instances.to_tables(staffed, 5, 1), "makespan")
    plan_tables(generate(scale=1.5), TARDINESS)


def plan_tables(tables: dict[str, pl.DataFrame], objective: str) -> None:
    """Plan the tables of a works."""
    members = SCHEDULE.load("inputs").member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in members.items()}
    solve(SCHEDULE, frames, {"objective": objective}, Run(work_limit=ROUNDS))


if __name__ == "__main__":
    print("Compiling the search (once, a few minutes) … / 正在编译求解内核(仅一次,需几分钟)…", flush=True)
    other = get_context("spawn").Process(target=shops)
    other.start()
    examples()
    other.join()
    raise SystemExit(other.exitcode)
