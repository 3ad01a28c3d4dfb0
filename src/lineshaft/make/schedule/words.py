"""What the reasons of a schedule say; the facts fill the places in braces, minutes (`…_min`) as people say them.

A part in square brackets is left out when its fact is zero.
"""

WORDS = {
    "late": (
        "{order_id} is {late_min} late. On its way: work {work_min}[, machines held by others {resource_min}]"
        "[, people busy elsewhere {person_min}][, others of the same load {batch_min}]"
        "[, setups {setup_min}][, closed hours {calendar_min}][, material {material_min}][, lags {lag_min}][, lots still to come {overlap_min}]"
        "[, late release {release_min}][, fixed steps {fixed_min}][, gaps {gap_min}].",
        "{order_id} 拖期 {late_min}。其间:加工 {work_min}[,等待被占用的设备 {resource_min}]"
        "[,等待人员 {person_min}][,等待同炉工件 {batch_min}][,换型 {setup_min}]"
        "[,非工作时间 {calendar_min}][,等料 {material_min}][,工序间隔 {lag_min}][,等待后续批次 {overlap_min}][,下达较晚 {release_min}]"
        "[,固定工序 {fixed_min}][,空隙 {gap_min}]。",
    ),
    "too_long": (
        "{order_id} cannot be on time even in an empty shop: it ends {earliest} at the earliest and is due {due}, "
        "{short_min} too late.",
        "即使车间空闲,{order_id} 也无法按期:最早 {earliest} 完成,交期 {due},差 {short_min}。",
    ),
    "already_late": (
        "{order_id} was due {due}, before the plan begins; it ends {earliest} at the earliest.",
        "{order_id} 的交期 {due} 早于排产起点,最早 {earliest} 完成。",
    ),
    "waits_for_resource": (
        "{order_id} step {op_no} waits {wait_min} for {resource_id}, held by {behind_order} step {behind_op}.",
        "{order_id} 工序 {op_no} 等待 {resource_id} {wait_min},该资源正用于 {behind_order} 工序 {behind_op}。",
    ),
    "waits_for_person": (
        "{order_id} step {op_no} waits {wait_min} for {resource_id}, who is busy with {behind_order} step {behind_op}.",
        "{order_id} 工序 {op_no} 等待人员 {resource_id} {wait_min},其正在进行 {behind_order} 工序 {behind_op}。",
    ),
    "waits_for_batch": (
        "{order_id} step {op_no} waits {wait_min} in {resource_id} for {behind_order} step {behind_op} of its load.",
        "{order_id} 工序 {op_no} 在 {resource_id} 等待同炉的 {behind_order} 工序 {behind_op} {wait_min}。",
    ),
    "waits_for_overlap": (
        "{order_id} step {op_no} begins {wait_min} later, since the last pieces come only then.",
        "{order_id} 工序 {op_no} 因后续批次未到而推迟 {wait_min}开工。",
    ),
    "waits_for_setup": (
        "{order_id} step {op_no} waits {wait_min} while {resource_id} is set up for it.",
        "{order_id} 工序 {op_no} 等待 {resource_id} 换型 {wait_min}。",
    ),
    "waits_for_calendar": (
        "{order_id} step {op_no} stands still for {wait_min} outside the working time of what it needs "
        "({resource_id}).",
        "{order_id} 工序 {op_no} 因所需资源({resource_id})处于非工作时间停等 {wait_min}。",
    ),
    "waits_for_material": (
        "{order_id} step {op_no} waits {wait_min} for {item_id} ({receipt_id}), there from {until}.",
        "{order_id} 工序 {op_no} 等待物料 {item_id}({receipt_id}){wait_min},{until} 到料。",
    ),
    "waits_for_lag": (
        "{order_id} step {op_no} must wait {wait_min} after {behind_order} step {behind_op}.",
        "{order_id} 工序 {op_no} 须在 {behind_order} 工序 {behind_op} 之后间隔 {wait_min}。",
    ),
    "waits_for_release": (
        "{order_id} step {op_no} may start only {wait_min} after {late_order} was released.",
        "{order_id} 工序 {op_no} 在 {late_order} 下达 {wait_min}后方可开工。",
    ),
    "waits_for_fixed": (
        "{order_id} step {op_no} is {way} and starts {wait_min} after it could.",
        "{order_id} 工序 {op_no} 已固定({way}),比可开工时间晚 {wait_min}。",
    ),
    "waits_for_gap": (
        "{order_id} step {op_no} could start {wait_min} sooner on its lanes; the search left a gap.",
        "{order_id} 工序 {op_no} 在其资源上可提前 {wait_min}开工,当前方案留有空隙。",
    ),
    "no_steps": (
        "{order_id} has no steps and is left out.",
        "工单 {order_id} 没有工序,未参与排产。",
    ),
    # Edits: what moved
    "edit_placed": (
        "{order_id} step {op_no} starts {start} on {resource_id} (before: {was_start} on {was_resource_id}).",
        "{order_id} 工序 {op_no} 改为 {start} 在 {resource_id} 开工(原为 {was_start},{was_resource_id})。",
    ),
    "edit_locks": (
        "{order_id} step {op_no} is locked.",
        "{order_id} 工序 {op_no} 已锁定。",
    ),
    "edit_unlocks": (
        "{order_id} step {op_no} is no longer locked.",
        "{order_id} 工序 {op_no} 已解锁。",
    ),
    "edit_gives_way": (
        "{order_id} step {op_no} gives way on {resource_id} to {behind_order} step {behind_op}: {later_min} later, "
        "starts {start}.",
        "{order_id} 工序 {op_no} 在 {resource_id} 上让位于 {behind_order} 工序 {behind_op},推迟 {later_min},{start} 开工。",
    ),
    "edit_follows": (
        "{order_id} step {op_no} follows {behind_order} step {behind_op}: {later_min} later, starts {start}.",
        "{order_id} 工序 {op_no} 随 {behind_order} 工序 {behind_op} 顺延 {later_min},{start} 开工。",
    ),
    "edit_shifts": (
        "{order_id} step {op_no} moves by {later_min} and starts {start}.",
        "{order_id} 工序 {op_no} 移动 {later_min},{start} 开工。",
    ),
    "edit_late": (
        "{order_id} is now {late_min} late[, {was_min} before].",
        "{order_id} 现拖期 {late_min}[,原为 {was_min}]。",
    ),
    "edit_less_late": (
        "{order_id} was {was_min} late and is now {late_min} late.",
        "{order_id} 拖期由 {was_min} 减为 {late_min}。",
    ),
    "edit_plan_shifted": (
        "The plan in force no longer held: {steps} steps were shifted before the edit.",
        "当前计划已与实际不符:编辑前有 {steps} 道工序顺延。",
    ),
    "edit_plan_joined": (
        "{steps} steps that had no place in the plan in force were put in.",
        "{steps} 道在当前计划中没有位置的工序已插入。",
    ),
    # Repair: what happened to steps of the plan in force
    "repair_joins": (
        "{order_id} step {op_no} is put in: it starts {start} on {resource_id}.",
        "{order_id} 工序 {op_no} 已插入:{start} 在 {resource_id} 开工。",
    ),
    "repair_reassigned": (
        "{order_id} step {op_no} goes from {was_resource_id} to {resource_id} and starts {start}"
        "[, {later_min} later][, {sooner_min} sooner].",
        "{order_id} 工序 {op_no} 由 {was_resource_id} 改到 {resource_id},{start} 开工[,推迟 {later_min}][,提前 {sooner_min}]。",
    ),
    "repair_not_ready": (
        "{order_id} step {op_no} may start only from {ready} on: {later_min} later, starts {start}.",
        "{order_id} 工序 {op_no} 最早 {ready} 方可开工:推迟 {later_min},{start} 开工。",
    ),
    "repair_no_hours": (
        "{order_id} step {op_no} needs {work_min} of working time, which {resource_id} no longer has where it stood: "
        "{later_min} later, starts {start}.",
        "{order_id} 工序 {op_no} 需要 {work_min} 工作时间,{resource_id} 在原时段已不足:推迟 {later_min},{start} 开工。",
    ),
    "repair_sooner": (
        "{order_id} step {op_no} starts {sooner_min} sooner, {start}.",
        "{order_id} 工序 {op_no} 提前 {sooner_min},{start} 开工。",
    ),
    "promise": (
        "{order_id} can be promised for {promised}: it would end {end}; in an empty shop {earliest}"
        "[; it waits {waiting_min} for {resource_id}].",
        "{order_id} 可承诺 {promised}:预计 {end} 完工,空车间最早 {earliest}[;等待 {resource_id} {waiting_min}]。",
    ),
    # Edits: why not
    "edit_locked": (
        "{order_id} step {op_no} is locked; unlock it first.",
        "{order_id} 工序 {op_no} 已锁定,请先解锁。",
    ),
    "edit_frozen": (
        "{order_id} step {op_no} lies within the frozen time and stays.",
        "{order_id} 工序 {op_no} 处于冻结期内,不能移动。",
    ),
    "edit_begun": (
        "{order_id} step {op_no} has already begun and cannot be changed.",
        "{order_id} 工序 {op_no} 已经开工,不能更改。",
    ),
    "edit_not_allowed_here": (
        "{order_id} step {op_no} cannot be done on {resource_id}; it can on: {allowed}.",
        "{order_id} 工序 {op_no} 不能使用 {resource_id};可用:{allowed}。",
    ),
    "edit_before_plan": (
        "{order_id} step {op_no} cannot start at {asked}: the plan begins {limit}.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:排产起点为 {limit}。[最近可行:{nearest}。]",
    ),
    "edit_before_release": (
        "{order_id} step {op_no} cannot start at {asked}: the order is released {limit}.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:工单 {limit} 下达。[最近可行:{nearest}。]",
    ),
    "edit_before_earliest": (
        "{order_id} step {op_no} may not start before {limit}, asked for {asked}.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不得早于 {limit} 开工,要求为 {asked}。[最近可行:{nearest}。]",
    ),
    "edit_before_material": (
        "{order_id} step {op_no} cannot start at {asked}: {item_id} ({receipt_id}) comes {limit}."
        "[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:物料 {item_id}({receipt_id}){limit} 到料。[最近可行:{nearest}。]",
    ),
    "edit_before_predecessor": (
        "{order_id} step {op_no} cannot start at {asked}: {behind_order} step {behind_op} comes first and lets it start "
        "{limit}.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:须先做 {behind_order} 工序 {behind_op},最早 {limit}。"
        "[最近可行:{nearest}。]",
    ),
    "edit_after_lag": (
        "{order_id} step {op_no} must start by {limit}, or it comes too long after what it follows; asked for {asked}."
        "[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 须在 {limit} 前开工,否则超过与前序的最大间隔;要求为 {asked}。[最近可行:{nearest}。]",
    ),
    "edit_outside_hours": (
        "{order_id} step {op_no} cannot start at {asked}: {resource_id} has no working time then, or not enough at a "
        "stretch.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:{resource_id} 此时不工作,或连续工作时间不足。[最近可行:{nearest}。]",
    ),
    "edit_no_setup_time": (
        "{order_id} step {op_no} cannot start at {asked}: {resource_id} must first be set up after {behind_order} step "
        "{behind_op}.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:{resource_id} 在 {behind_order} 工序 {behind_op} 之后须先换型。"
        "[最近可行:{nearest}。]",
    ),
    "edit_locked_in_the_way": (
        "{order_id} step {op_no} cannot start at {asked}: {resource_id} is held by {behind_order} step {behind_op} from "
        "{from} to {until}, which stays.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:{resource_id} 于 {from} 至 {until} 由不可移动的 {behind_order} 工序 "
        "{behind_op} 占用。[最近可行:{nearest}。]",
    ),
    "edit_pushes_into": (
        "{order_id} step {op_no} cannot start at {asked}: {behind_order} step {behind_op} would then end too late for "
        "{stuck_order} step {stuck_op}, which stays.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:{behind_order} 工序 {behind_op} 将过晚结束,而 {stuck_order} 工序 "
        "{stuck_op} 不可移动。[最近可行:{nearest}。]",
    ),
    "edit_tears_apart": (
        "{order_id} step {op_no} cannot start at {asked}: {stuck_order} step {stuck_op} would then come too long after "
        "{behind_order} step {behind_op}.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:{stuck_order} 工序 {stuck_op} 距 {behind_order} 工序 {behind_op} "
        "将超过最大间隔。[最近可行:{nearest}。]",
    ),
    "edit_elsewhere": (
        "{order_id} step {op_no} cannot start at {asked} there: {stuck_order} step {stuck_op} is not in the bay where "
        "{behind_order} step {behind_op} would leave the work.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 于该处开工:{stuck_order} 工序 {stuck_op} 不在 {behind_order} 工序 "
        "{behind_op} 完工所在的跨间。[最近可行:{nearest}。]",
    ),
    "edit_takes_setup_time": (
        "{order_id} step {op_no} cannot start at {asked}: {stuck_order} step {stuck_op} stays and would have no time left "
        "for its setup.[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:{stuck_order} 工序 {stuck_op} 不可移动,将没有换型时间。"
        "[最近可行:{nearest}。]",
    ),
    "edit_no_room": (
        "{order_id} step {op_no} cannot start at {asked}: {resource_id} has no time left before the calendars end."
        "[ Nearest possible: {nearest}.]",
        "{order_id} 工序 {op_no} 不能在 {asked} 开工:日历范围内 {resource_id} 没有剩余时间。[最近可行:{nearest}。]",
    ),
    "edit_holds_others": (
        "{order_id} step {op_no} cannot be unlocked where it is: {stuck_order} step {stuck_op} would break a rule.",
        "{order_id} 工序 {op_no} 在此处不能解锁:{stuck_order} 工序 {stuck_op} 将违反约束。",
    ),
}
