"""What the reasons of a schedule say; the facts fill the places in braces."""

WORDS = {
    "late": (
        "Order {order_id} is {late_min} min late, mostly because of: {cause}.",
        "工单 {order_id} 拖期 {late_min} 分钟,主要原因:{cause_zh}。",
    ),
}
