"""How sound a shop's data are, and which settings suit them."""

import dataframely as dy

from lineshaft.tables.columns import choice, ident, real, whole, words

SEVERITIES = {"blocks": "阻碍排产", "doubtful": "存疑"}


class DataFinding(dy.Schema):
    """One thing wrong with one row, or doubtful in it, and what cannot be planned because of it."""

    title = ("Findings in the data", "数据问题")
    finding_no = whole("finding", "编号", "1", min=1, max=10**7, key=True)
    severity = choice("severity", "严重程度", SEVERITIES)
    code = ident("kind of finding", "问题代码")
    table_name = ident("table", "数据表")
    row_key = words("key of the row", "行主键")
    orders = whole("orders that cannot be planned because of it", "受阻工单数", "order", max=10**7)
    operations = whole("steps that cannot be planned because of it", "受阻工序数", "step", max=10**8)


class OrderHealth(dy.Schema):
    """Whether an order can be planned at all."""

    title = ("Orders that can be planned", "可排产工单")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    plannable = dy.Bool(description="can be planned", metadata={"zh": "可排产"})
    operations = whole("steps", "工序数", "step", max=10**5)
    finding_no = whole(
        "first finding in its way",
        "首个问题编号",
        "1",
        min=1,
        max=10**7,
        optional=True,
        ref="data_finding.finding_no",
    )


class SettingAdvice(dy.Schema):
    """A setting that suits the data, and the figure it rests on."""

    title = ("Advised settings", "建议参数")
    setting = ident("setting", "参数", key=True)
    value = words("value", "建议值", optional=False)
    figure = ident("figure it rests on", "依据")
    amount = real("value of that figure", "依据数值", "1", min=0.0, max=1e12)
