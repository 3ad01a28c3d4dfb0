"""PyJobShop on one shop: JSON in on standard input, JSON out. Runs in an environment of its own."""

import json
import sys
import time

from pyjobshop import Model

asked = json.load(sys.stdin)
begun = time.perf_counter()
model = Model()
machines = [model.add_machine() for _ in range(asked["resources"])]
tasks = []
for j, job in enumerate(asked["jobs"]):
    added, before = model.add_job(), None
    for step in job:
        task = model.add_task(added)
        tasks.append((task, j, {held[0] for held, _ in step}))
        for held, time_min in step:
            model.add_mode(task, [machines[resource] for resource in held], time_min)
        if before is not None:
            model.add_end_before_start(before, task)
        before = task
for machine, times in enumerate(asked["setups"] or []):
    here = [(task, j) for task, j, able in tasks if machine in able]
    for a, i in here:
        for b, j in here:
            if a is not b and times[i][j]:
                model.add_setup_time(machines[machine], a, b, times[i][j])
left_s = asked["seconds"] - (time.perf_counter() - begun)
result = model.solve(solver="ortools", time_limit=left_s, num_workers=asked["workers"], display=False)
modes = model.data().modes
found = [[task.start, modes[task.mode].resources, task.end] for task in result.best.tasks]
found += [None] * (sum(map(len, asked["jobs"])) - len(found))
json.dump({"steps": found, "bound": result.lower_bound, "wall_s": time.perf_counter() - begun}, sys.stdout)
