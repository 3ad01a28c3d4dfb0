"""What the reasons of the studies say; facts and brackets as in `make.schedule`'s words."""

WORDS = {
    # make.risk
    "buffer_pays": (
        "{order_id}: {buffer_min} in hand before its due date raise on-time delivery from {on_time_pct} to "
        "{buffered_pct} %; {driver_order} step {driver_op} explains {driver_pct} % of its spread.",
        "{order_id}:交期前预留 {buffer_min},按期概率由 {on_time_pct}% 升至 {buffered_pct}%;"
        "{driver_order} 工序 {driver_op} 占其波动的 {driver_pct}%。",
    ),
}
