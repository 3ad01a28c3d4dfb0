"""Raw CP-SAT on one shop: JSON in on standard input, JSON out. Runs in an environment of its own.

The textbook model: one optional interval for each way of a step, no overlap on a resource; where machines are set up
from job to job, the steps of a machine form a circuit. No hint, no bound of our own.
"""

import json
import math
import sys
import time

from ortools.sat.python import cp_model

asked = json.load(sys.stdin)
begun = time.perf_counter()
setups = asked["setups"]
model = cp_model.CpModel()
horizon = sum(max(t for _, t in step) for job in asked["jobs"] for step in job)
if setups:
    horizon += sum(map(len, asked["jobs"])) * max(map(max, (row for machine in setups for row in machine)))
on, steps = [[] for _ in range(asked["resources"])], []
makespan = model.new_int_var(0, horizon, "")
for j, job in enumerate(asked["jobs"]):
    before = None
    for ways in job:
        start, end, taken = model.new_int_var(0, horizon, ""), model.new_int_var(0, horizon, ""), []
        for held, units in ways:
            literal = model.new_bool_var("")
            interval = model.new_optional_interval_var(start, units, end, literal, "")
            for resource in held:
                on[resource].append((interval, literal, start, end, j))
            taken.append(literal)
        model.add_exactly_one(taken)
        if before is not None:
            model.add(start >= before)
        before = end
        steps.append((start, end, taken, ways))
    model.add(makespan >= before)
for resource, held in enumerate(on):
    model.add_no_overlap([interval for interval, *_ in held])
    if not setups:
        continue
    arcs = [(0, 0, model.new_bool_var(""))]
    for a, (_, here, _, end, i) in enumerate(held, 1):
        arcs += [(0, a, model.new_bool_var("")), (a, 0, model.new_bool_var("")), (a, a, ~here)]
        for b, (_, _, start, _, j) in enumerate(held, 1):
            if a != b:
                follows = model.new_bool_var("")
                arcs.append((a, b, follows))
                model.add(start >= end + setups[resource][i][j]).only_enforce_if(follows)
    model.add_circuit(arcs)
model.minimize(makespan)
solver = cp_model.CpSolver()
solver.parameters.num_workers = asked["workers"]
solver.parameters.max_time_in_seconds = max(0.01, asked["seconds"] - (time.perf_counter() - begun))
status = solver.solve(model)
found = [None] * len(steps)
if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
    found = [
        [
            solver.value(start),
            ways[[solver.boolean_value(x) for x in taken].index(True)][0],
            solver.value(end),
        ]
        for start, end, taken, ways in steps
    ]
bound = solver.best_objective_bound
wall_s = time.perf_counter() - begun
json.dump({"steps": found, "bound": bound if math.isfinite(bound) else None, "wall_s": wall_s}, sys.stdout)
