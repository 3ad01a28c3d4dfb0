"""What the reasons of a schedule say; the facts fill the places in braces, minutes (`…_min`) as people say them.

A part in square brackets is left out when its fact is zero.
"""

WORDS = {
    "late": (
        "{order_id} is {late_min} late. On its way: work {work_min}[, resources held by others {resource_min}]"
        "[, setups {setup_min}][, closed hours {calendar_min}][, material {material_min}][, lags {lag_min}]"
        "[, late release {release_min}][, fixed steps {fixed_min}][, gaps {gap_min}].",
        "{order_id} 拖期 {late_min}。其间:加工 {work_min}[,等待被占用的资源 {resource_min}][,换型 {setup_min}]"
        "[,非工作时间 {calendar_min}][,等料 {material_min}][,工序间隔 {lag_min}][,下达较晚 {release_min}]"
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
}
