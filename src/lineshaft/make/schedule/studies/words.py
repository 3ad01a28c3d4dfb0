"""What the reasons of the studies say; facts and brackets as in `make.schedule`'s words."""

WORDS = {
    # make.risk
    "buffer_pays": (
        "{order_id}: {buffer_min} in hand before its due date raise on-time delivery from {on_time_pct} to "
        "{buffered_pct} %; {driver_order} step {driver_op} explains {driver_pct} % of its spread.",
        "{order_id}:交期前预留 {buffer_min},按期概率由 {on_time_pct}% 升至 {buffered_pct}%;"
        "{driver_order} 工序 {driver_op} 占其波动的 {driver_pct}%。",
    ),
    # make.health: what the rules and the layout find says itself
    **dict.fromkeys(
        (
            "finding_no_mode",
            "finding_no_capacity",
            "finding_no_team",
            "finding_unmet",
            "finding_ref",
            "finding_finished_first",
            "finding_bom_cycle",
            "finding_time_zone",
            "finding_shift_overlap",
            "finding_break_outside",
            "finding_break_overlap",
            "finding_two_patterns",
        ),
        ("{place}: {en}.", "{place} 有误:{zh}。"),
    ),
    "finding_no_working_time": (
        "{place}: {en}.[ These cannot all hold: {conflict_en}.]",
        "{place}:{zh}。[以下条件不能同时成立:{conflict_zh}。]",
    ),
    "finding_no_plan": (
        "{order_id} finds no place even alone in the shop.[ These cannot all hold: {conflict_en}.]",
        "即使车间空闲,{order_id} 也无法安排。[以下条件不能同时成立:{conflict_zh}。]",
    ),
    "finding_no_end": ("The rest cannot be planned: {en}", "其余工单无法排产:{zh}"),
    "finding_step_cycle": (
        "{order_id} step {op_no} and others, {steps} steps in all, wait for each other in circles.",
        "{order_id} 工序 {op_no} 等共 {steps} 道工序相互等待成环。",
    ),
    "finding_no_steps": ("{order_id} has no steps.", "工单 {order_id} 没有工序。"),
    "finding_zero_time": (
        "{order_id} step {op_no} takes no time at all.",
        "{order_id} 工序 {op_no} 的工时为零。",
    ),
    "finding_odd_time": (
        "{order_id} step {op_no} takes {each_min} a piece; the median of {others} like it for {item_id} is {usual_min}.",
        "{order_id} 工序 {op_no} 单件工时为 {each_min},{item_id} 同类 {others} 道工序的中位数为 {usual_min}。",
    ),
    "finding_tireless": (
        "{resource_id} is a person without a calendar and would work day and night.",
        "人员 {resource_id} 未指定日历,将被视为昼夜工作。",
    ),
    "finding_no_due_date": (
        "{order_id} is made for no other order and has no due date.",
        "工单 {order_id} 不为其他工单而做,且没有交期。",
    ),
    "finding_never_works": (
        "{resource_id} never works in the time that is planned.",
        "{resource_id} 在排产期内没有工作时间。",
    ),
    "finding_due_too_soon": (
        "{order_id} is due {due} and cannot end before {earliest} even in an empty shop.",
        "{order_id} 的交期为 {due},即使车间空闲,最早也要 {earliest} 完成。",
    ),
    "advice_objective": (
        "Minimise {value}: {dated_pct} % of the orders have a due date, setups would take {setup_pct} % of the work.",
        "建议目标 {value}:{dated_pct}% 的工单有交期,换型约占加工时间的 {setup_pct}%。",
    ),
    "advice_time_limit_s": (
        "Search for {value} s: there are {steps} steps, a second for every hundred.",
        "建议计算 {value} 秒:共 {steps} 道工序,每百道约一秒。",
    ),
    "advice_frozen_min": (
        "Freeze {value} min: a median step takes {step_min}, {planned} steps are planned already.",
        "建议冻结 {value} 分钟:工序中位工时 {step_min},已有计划工序 {planned} 道。",
    ),
    "advice_start": (
        "Plan from {value}, the last thing seen on the floor, {hours} h after the first release.",
        "建议排产起点 {value}:现场最近一次记录,距最早下达 {hours} 小时。",
    ),
    # make.deviation
    "step_finished": (
        "{order_id} step {op_no} on {resource_id} ended {late_min} later than planned[ and took {longer_min} longer].",
        "{order_id} 工序 {op_no}({resource_id})比计划晚 {late_min} 完工[,用时多 {longer_min}]。",
    ),
    "step_overdue": (
        "{order_id} step {op_no} on {resource_id} should have started {late_min} ago.",
        "{order_id} 工序 {op_no}({resource_id})应在 {late_min}前开工。",
    ),
    "resource_slow": (
        "{resource_id} lost {lost_min} against the plan over {steps} finished steps.",
        "{resource_id} 在 {steps} 道完工工序上比计划多用 {lost_min}。",
    ),
    # make.lateness
    "remedy_overtime": (
        "{order_id} with {amount_min} of overtime a day at {resource_id} and whom it works with[, {won_min} won][, {lost_min} lost][; still {left_min} late].",
        "{order_id}:{resource_id} 及协同人员每日加班 {amount_min}[,缩短 {won_min}][,反而延后 {lost_min}][,仍拖期 {left_min}]。",
    ),
    "remedy_second_place": (
        "{order_id} with one more of {resource_id}[, {won_min} won][, {lost_min} lost][; still {left_min} late].",
        "{order_id}:增加一个 {resource_id}[,缩短 {won_min}][,反而延后 {lost_min}][,仍拖期 {left_min}]。",
    ),
    "remedy_earlier_material": (
        "{order_id} with {receipt_id} there {amount_min} sooner[, {won_min} won][, {lost_min} lost][; still {left_min} late].",
        "{order_id}:{receipt_id} 提前 {amount_min}到料[,缩短 {won_min}][,反而延后 {lost_min}][,仍拖期 {left_min}]。",
    ),
    "remedy_expedite": (
        "{order_id} weighing ten times as much[, {won_min} won][, {lost_min} lost][; still {left_min} late].",
        "{order_id}:拖期权重提高到十倍[,缩短 {won_min}][,反而延后 {lost_min}][,仍拖期 {left_min}]。",
    ),
    "remedy_smaller_lots": (
        "{order_id} with a quarter of its pieces handed on at a time[, {won_min} won][, {lost_min} lost][; still {left_min} late].",
        "{order_id}:按四分之一批量转移[,缩短 {won_min}][,反而延后 {lost_min}][,仍拖期 {left_min}]。",
    ),
    "bottleneck": (
        "{resource_id} is taken {load_pct} % of its time; {orders} late orders wait {waiting_min} for it. An hour "
        "more is worth {value_min} of weighted tardiness ({extra_h} h tried).",
        "{resource_id} 负荷 {load_pct}%,{orders} 个拖期工单共等待 {waiting_min}。每增加一小时可减少加权拖期 "
        "{value_min}(试加 {extra_h} 小时)。",
    ),
    # make.front
    "front_lowest": (
        "Plan {point_no} has the lowest {en}: {amount}.",
        "方案 {point_no} 的{zh}最低:{amount}。",
    ),
    "front_trade": (
        "Plan {point_no} saves {saved} of {saved_en} against plan {before_no} for {paid} more of {paid_en}.",
        "方案 {point_no} 比方案 {before_no} 的{saved_zh}少 {saved},{paid_zh}多 {paid}。",
    ),
}
