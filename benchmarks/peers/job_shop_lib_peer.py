"""job-shop-lib on one shop: JSON in on standard input, JSON out. Runs in an environment of its own.

Its CP-SAT takes one machine a step. Where there are several, all with the same time, its dispatching rules answer (the
best of all); times that differ by machine, workers and setups are beyond its model.
"""

import contextlib
import json
import sys
import time

from job_shop_lib import JobShopInstance, Operation
from job_shop_lib.constraint_programming import ORToolsSolver
from job_shop_lib.dispatching.rules import DispatchingRuleSolver, DispatchingRuleType
from job_shop_lib.exceptions import NoSolutionFoundError

asked = json.load(sys.stdin)
begun = time.perf_counter()
steps = [ways for job in asked["jobs"] for ways in job]
told = not asked["setups"] and all(len({t for _, t in ways}) == 1 for ways in steps)
told = told and all(len(held) == 1 for ways in steps for held, _ in ways)
found = [None] * len(steps)
if told:
    jobs = [
        [Operation(machines=[held[0] for held, _ in ways], duration=ways[0][1]) for ways in job]
        for job in asked["jobs"]
    ]
    instance, schedules = JobShopInstance(jobs), []
    if all(len(ways) == 1 for ways in steps):
        solver = ORToolsSolver(max_time_in_seconds=asked["seconds"])
        solver.solver.parameters.num_workers = asked["workers"]
        with contextlib.suppress(NoSolutionFoundError):
            schedules.append(solver.solve(instance))
    else:
        schedules = [DispatchingRuleSolver(rule).solve(instance) for rule in DispatchingRuleType]
    if schedules:
        best = min(schedules, key=lambda schedule: schedule.makespan())
        at = {(s.job_id, s.position_in_job): s for row in best.schedule for s in row}
        keys = [(j, k) for j, job in enumerate(asked["jobs"]) for k in range(len(job))]
        found = [[at[key].start_time, [at[key].machine_id], at[key].end_time] for key in keys]
json.dump({"steps": found, "bound": None, "wall_s": time.perf_counter() - begun}, sys.stdout)
