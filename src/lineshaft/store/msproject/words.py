"""What an import of a Microsoft Project file leaves out or understands in its own way, in both languages."""

from __future__ import annotations

from lineshaft.core.errors import Words

NAMED_MAX = 10

WORDS = {
    "people": (
        "Resources of the project are taken as people; change the kind of those that are machines.",
        "项目中的资源均作为人员导入;如为设备请更改类别。",
    ),
    "start_end": (
        "{count} start-to-finish link(s) cannot be carried and are left out: {names}.",
        "{count} 个“开始-完成(SF)”关系无法导入,已略去:{names}。",
    ),
    "summary_start": (
        "{count} link(s) from the start of a summary task are left out: {names}.",
        "{count} 个以摘要任务开始为前提的关系已略去:{names}。",
    ),
    "missing": (
        "{count} link(s) to tasks of other projects, or not to be planned, are left out: {names}.",
        "{count} 个与其他项目任务或不排产任务的关系已略去:{names}。",
    ),
    "second": (
        "{count} link(s) between steps that are already linked in another way are left out: {names}.",
        "{count} 个关系的两端已有其他关系,已略去:{names}。",
    ),
    "lead": (
        "{count} lead(s) (negative lags) are carried as no lag, so the plan is stricter: {names}.",
        "{count} 个提前量(负延隔)按零间隔导入,计划更严:{names}。",
    ),
    "working_lag": (
        "{count} lag(s) in working time are carried as clock time, a working day as 24 h: {names}.",
        "{count} 个按工作时间计的延隔改按钟表时间,一个工作日计 24 小时:{names}。",
    ),
    "constraint": (
        "{count} constraint(s) are carried only in part: a fixed start as not before, a fixed or latest finish as due "
        "date, others not at all: {names}.",
        "{count} 个限制只部分导入:固定开始作“不早于”,固定或最晚完成作交期,其余略去:{names}。",
    ),
    "manual": (
        "{count} manually scheduled task(s) will be planned, not before their present start: {names}.",
        "{count} 个手动计划任务将重新排产,但不早于其现有开始时间:{names}。",
    ),
    "inactive": ("{count} inactive task(s) are left out: {names}.", "{count} 个非活动任务已略去:{names}。"),
    "external": (
        "{count} task(s) of other projects are left out: {names}.",
        "{count} 个其他项目的任务已略去:{names}。",
    ),
    "material": (
        "{count} assignment(s) of material are left out, the file has no stock: {names}.",
        "{count} 个材料分配已略去(文件中没有库存):{names}。",
    ),
    "cost": (
        "{count} assignment(s) of cost resources are left out: {names}.",
        "{count} 个成本资源分配已略去:{names}。",
    ),
    "on_summary": (
        "{count} assignment(s) to summary tasks are left out: {names}.",
        "{count} 个对摘要任务的分配已略去:{names}。",
    ),
    "overbooked": (
        "{count} assignment(s) of more than there is are carried as all there is: {names}.",
        "{count} 个分配超过资源总量,按全部占用导入:{names}。",
    ),
    "elapsed": (
        "{count} task(s) with elapsed duration run by the clock and hold nobody: {names}.",
        "{count} 个按历时计的任务依钟表时间进行,不占用人员:{names}。",
    ),
    "ignores": (
        "{count} task(s) that ignore the calendars of their resources keep them here: {names}.",
        "{count} 个忽略资源日历的任务在此仍按资源日历:{names}。",
    ),
    "recurring": (
        "{count} recurring calendar exception(s) by month or year are left out: {names}.",
        "{count} 个按月或按年重复的日历例外已略去:{names}。",
    ),
    "percent": (
        "{count} step(s) are under way; a piece of their order is one percent of the work: {names}.",
        "{count} 道工序正在进行;其工单以 1 % 的工作量为一件:{names}。",
    ),
    "no_status": (
        "{count} task(s) are under way, but the file has no status date: how far they are is left out: {names}.",
        "{count} 个任务正在进行,但文件没有状态日期,进度已略去:{names}。",
    ),
}


class Notes:
    """Findings by kind, each with the names it is about."""

    def __init__(self) -> None:
        self.named: dict[str, list[str]] = {}

    def add(self, kind: str, name: str) -> None:
        """Note one more of a kind."""
        self.named.setdefault(kind, []).append(name)

    def said(self) -> list[Words]:
        """One sentence for each kind, in the order of `WORDS`."""
        found = [(WORDS[kind], self.named[kind]) for kind in WORDS if kind in self.named]
        return [
            Words(*(words.format(count=len(names), names=listed(names)) for words in pair))
            for pair, names in found
        ]


def listed(names: list[str]) -> str:
    """The first names, each once."""
    once = list(dict.fromkeys(names))
    return ", ".join(once[:NAMED_MAX]) + (" …" if len(once) > NAMED_MAX else "")
