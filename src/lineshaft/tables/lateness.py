"""Late orders with the causes on their way, what would help them, and the bottlenecks behind it."""

import dataframely as dy

from lineshaft.tables.columns import choice, ident, moment, real, seconds, whole

LONGEST_S = 100 * 366 * 86_400
REMEDIES = {
    "overtime": "加班",
    "second_place": "增加一个工位或人员",
    "earlier_material": "提前到料",
    "expedite": "提高优先级",
    "smaller_lots": "分批转移",
}


def cause(en: str, zh: str) -> dy.Int64:
    """Seconds of an order's way that one cause took."""
    return seconds(en, zh, max=LONGEST_S)


class LateOrder(dy.Schema):
    """A late order; work and waiting on the way to its end add up to the time from its release to its end."""

    title = ("Late orders", "拖期工单")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    due = moment("promised for", "交期")
    end = moment("ends", "结束")
    tardiness_s = seconds("late by", "拖期", min=1, max=LONGEST_S)
    work_s = cause("work", "加工")
    resource_s = cause("machines held by others", "等待设备")
    person_s = cause("people busy elsewhere", "等待人员")
    batch_s = cause("others of the same load", "等待同炉工件")
    setup_s = cause("setups", "换型")
    calendar_s = cause("closed hours", "非工作时间")
    material_s = cause("material", "等料")
    lag_s = cause("lags", "工序间隔")
    overlap_s = cause("lots still to come", "等待后续批次")
    release_s = cause("late release", "下达较晚")
    fixed_s = cause("fixed steps", "固定工序")
    gap_s = cause("gaps", "空隙")


class Remedy(dy.Schema):
    """Something that could make a late order less late, tried out by planning again with the same effort."""

    title = ("Remedies tried", "补救措施")
    order_id = ident("late order", "拖期工单", key=True, ref="work_order.order_id")
    kind = choice("what is done", "措施", REMEDIES, key=True)
    resource_id = ident("for this resource", "资源", ref="resource.resource_id", optional=True)
    receipt_id = ident("for this receipt", "到货", ref="receipt.receipt_id", optional=True)
    amount_min = whole("minutes a day, or minutes sooner", "分钟数", "min", max=10**8, optional=True)
    order_won_min = real("won for the order", "该工单缩短", "min", min=-1e9, max=1e9)
    goal_won_min = real("weighted tardiness won", "加权拖期减少", "min", min=-1e12, max=1e12)
    left_min = real("then late by", "仍拖期", "min", max=1e9)


class Bottleneck(dy.Schema):
    """A resource that late orders wait for, and what one more hour of it is worth, tried out by planning again."""

    title = ("Bottlenecks", "瓶颈资源")
    resource_id = ident("resource", "资源编号", key=True, ref="resource.resource_id")
    load_pct = real("working time taken until the last end", "负荷率", "%", max=100.0)
    waiting_min = real("waiting for it on the way of late orders", "造成的等待", "min", max=1e12)
    orders = whole("late orders that wait for it", "受影响工单数", "order", max=10**7)
    extra_h = real("hours more that were tried", "试加工时", "h", max=1e6, optional=True)
    value_min_h = real(
        "weighted tardiness won by one more hour",
        "每小时减少的加权拖期",
        "min/h",
        min=-1e12,
        max=1e12,
        optional=True,
    )
