"""aps-kernel on one flexible job shop: JSON in on standard input, JSON out. Runs in an environment of its own.

No due dates are given, so that its second level (tardiness) is empty and its third (makespan) is what counts; every
machine works round the clock with one slot; its own best chain of rules gives the hint, as in its own benchmark.
Setups from job to job by machine, and modes of machine with worker that differ in time, are beyond its model.
"""

import json
import sys
import time
from datetime import date

from aps_kernel.dispatch import DEFAULT_CHAIN
from aps_kernel.models import EquipmentSlot, Job, Operation, OperationResource, Resource, ScheduleInput
from aps_kernel.solver import cpsat

asked = json.load(sys.stdin)
if asked["setups"] or asked["resources"] > asked["machines"]:
    json.dump({"steps": [None] * sum(map(len, asked["jobs"])), "bound": None, "wall_s": 0.0}, sys.stdout)
    sys.exit()
begun = time.perf_counter()
resources = [
    Resource(id=f"M{m}", slots=(EquipmentSlot(id=f"S{m}", resource_id=f"M{m}"),))
    for m in range(asked["machines"])
]
jobs, operations, total_min = [], [], 0
for j, job in enumerate(asked["jobs"]):
    names = [f"J{j}-{k}" for k in range(len(job))]
    jobs.append(Job(id=f"J{j}", operation_ids=tuple(names)))
    for k, step in enumerate(job):
        ways = tuple(OperationResource(resource_id=f"M{held[0]}", duration=float(d)) for held, d in step)
        operations.append(Operation(id=names[k], job_id=f"J{j}", seq=k + 1, resources=ways))
        total_min += min(d for _, d in step)
data = ScheduleInput(
    jobs=jobs,
    operations=operations,
    resources=resources,
    horizon_start=date(2026, 1, 1),
    horizon_days=2 + total_min // 1440,
    max_orders_per_run=len(jobs),
)
options = cpsat.CpSatOptions(time_limit_seconds=asked["seconds"], workers=asked["workers"])
result, stats = cpsat.solve(data, options=options, chain=DEFAULT_CHAIN)
at = {a.operation_id: a for a in result.assignments}
found = []
for operation in operations:
    a = at.get(operation.id)
    found.append(a and [a.start_minute, [int(a.resource_id[1:])], a.start_minute + round(a.duration_minutes)])
wall_s = time.perf_counter() - begun
json.dump({"steps": found, "bound": None, "wall_s": wall_s, "status": str(result.solver_status)}, sys.stdout)
