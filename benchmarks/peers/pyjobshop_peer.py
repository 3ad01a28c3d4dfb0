"""PyJobShop on one flexible job shop: JSON in on standard input, JSON out. Runs in an environment of its own."""

import json
import sys
import time

from pyjobshop import Model

asked = json.load(sys.stdin)
begun = time.perf_counter()
model = Model()
machines = [model.add_machine() for _ in range(asked["machines"])]
for job in asked["jobs"]:
    added, before = model.add_job(), None
    for step in job:
        task = model.add_task(added)
        for machine, time_min in step:
            model.add_mode(task, machines[machine], time_min)
        if before is not None:
            model.add_end_before_start(before, task)
        before = task
left_s = asked["seconds"] - (time.perf_counter() - begun)
result = model.solve(solver="ortools", time_limit=left_s, num_workers=asked["workers"], display=False)
modes = model.data().modes
found = [[task.start, modes[task.mode].resources[0], task.end] for task in result.best.tasks]
found += [None] * (sum(map(len, asked["jobs"])) - len(found))
json.dump({"steps": found, "bound": result.lower_bound, "wall_s": time.perf_counter() - begun}, sys.stdout)
