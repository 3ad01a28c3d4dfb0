"""PyJobShop on one project: JSON in on standard input, JSON out. Runs in an environment of its own."""

import json
import sys
import time

from pyjobshop import Model

asked = json.load(sys.stdin)
begun = time.perf_counter()
model = Model()
resources = [
    model.add_consumable(capacity) if spent else model.add_renewable(capacity)
    for capacity, spent in zip(asked["capacity"], asked["spent"])
]
tasks = [model.add_task() for _ in asked["modes"]]
for task, modes in zip(tasks, asked["modes"]):
    for work, needs in modes:
        held = [(resource, need) for resource, need in zip(resources, needs) if need]
        model.add_mode(task, [resource for resource, _ in held], work, [need for _, need in held])
for task, followers in zip(tasks, asked["followers"]):
    for follower in followers:
        model.add_end_before_start(task, tasks[follower])
left_s = asked["seconds"] - (time.perf_counter() - begun)
result = model.solve(solver="ortools", time_limit=left_s, num_workers=asked["workers"], display=False)
found, mode = [], 0
for task, modes in zip(result.best.tasks, asked["modes"]):
    found.append([task.start, task.mode - mode])
    mode += len(modes)
json.dump({"steps": found, "bound": result.lower_bound, "wall_s": time.perf_counter() - begun}, sys.stdout)
