// What the board says, Chinese and English side by side: [zh, en]. Places in braces are filled by `say`.
const WORDS = {
  board: ["排产看板:{lanes} 条泳道,{steps} 道工序。方向键选择工序,回车打开,M 移动,L 锁定,? 查看按键",
    "Lane board: {lanes} lanes, {steps} operations. Arrow keys choose an operation, Enter opens it, M moves, L locks, ? shows the keys"],
  none: ["没有可显示的计划。排产后,设备与人员的任务会显示在这里。", "Nothing is planned yet. After planning, the work of machines and people appears here."],
  colour: ["着色", "Colour"], byOrder: ["按工单着色", "colour by order"], byFamily: ["按换型族着色", "colour by setup family"],
  byLate: ["按交期着色", "colour by lateness"], byState: ["按状态着色", "colour by state"], byStep: ["按工序着色", "colour by step"],
  group: ["分组", "Groups"], groupKind: ["按类别分组", "grouped by kind"], groupCentre: ["按工作中心分组", "grouped by work centre"], groupBay: ["按跨分组", "grouped by bay"], noBay: ["不在跨内", "in no bay"], groupNone: ["不分组", "no groups"],
  kind: ["类别", "Kind"], allKinds: ["全部类别", "all kinds"], ungrouped: ["全部泳道", "all lanes"],
  find: ["查找工单、物料、资源", "Find order, item, resource"], foundOf: ["{at}/{all}", "{at}/{all}"], notFound: ["未找到", "not found"],
  zoomIn: ["放大", "Zoom in"], zoomOut: ["缩小", "Zoom out"], fit: ["全部", "All"], day: ["天", "Day"], week: ["周", "Week"], month: ["月", "Month"],
  now: ["现在", "Now"], planStart: ["计划起点", "Plan start"], undo: ["撤销", "Undo"], redo: ["重做", "Redo"],
  snap: ["吸附", "Snap"], snapOff: ["拖动不吸附", "drag freely"], minutes: ["拖动吸附 {n} 分", "drag in {n} min steps"],
  table: ["表格", "Table"], chart: ["看板", "Board"], save: ["导出", "Export"], png: ["图片 PNG", "Picture PNG"], svg: ["矢量图 SVG", "Drawing SVG"], print: ["打印", "Print"],
  keys: ["按键说明", "Keys"], more: ["更多", "More"], shown: ["视图", "View"], tight: ["紧凑行高", "Compact rows"], foldAll: ["全部折叠", "Fold all"], unfoldAll: ["全部展开", "Unfold all"], full: ["全屏", "Full screen"],
  close: ["关闭", "Close"], expanded: ["已展开", "expanded"], folded: ["已折叠", "folded"],
  load: ["负荷", "Load"], perDay: ["小时/日", "h per day"], perWeek: ["小时/周", "h per week"], loadOf: ["占用 {used} / 可用 {open} 小时({share}%)", "{used} of {open} h used ({share}%)"],
  loadTip: ["点击左侧名称查看该泳道或分组的负荷", "Click a name on the left to see its load"], lanes: ["{n} 条泳道", "{n} lanes"], lane1: ["1 条泳道", "1 lane"],
  overview: ["全程", "Overview"],
  furnace: ["装炉", "Load"], mates: ["同炉", "Together with"], loadFill: ["{percent} · {n} 道工序", "{percent} · {n} steps"], loadFull: ["{percent}({load}),{n} 道工序", "{percent} ({load}), {n} steps"],
  markLoad: ["叠放:同炉工序,高度为装炉率", "stacked: one load, as high as it is full"],
  order: ["工单", "Order"], item: ["物料", "Item"], quantity: ["数量", "Quantity"], pieces: ["{n} 件", "{n} pcs"], step: ["工序", "Step"], resource: ["资源", "Resource"], people: ["人员", "People"],
  from: ["开始", "Start"], to: ["结束", "End"], time: ["时间", "Time"], duration: ["历时", "Duration"], setup: ["换型", "Setup"], family: ["换型族", "Family"],
  due: ["交期", "Due"], slack: ["可后移", "Can slip"], slackNone: ["无余量", "no slack"], why: ["拖期原因", "Why late"], state: ["状态", "State"], forOrder: ["用于", "Made for"],
  noResource: ["不占用资源", "holds no resource"], nobody: ["无", "none"],
  late: ["拖期 {time}", "{time} late"], early: ["提前 {time}", "{time} early"], onTime: ["按期", "on time"], noDue: ["无交期", "no due date"],
  isLate: ["拖期", "late"], isRisk: ["余量不足一天", "less than a day to spare"], isOnTime: ["按期", "on time"],
  planned: ["计划", "planned"], running: ["进行中", "running"], done: ["已完工", "done"], locked: ["已锁定", "locked"],
  sameOrder: ["同色为同一成品工单(8 色循环)", "one colour is one final order (8 colours in turn)"], sameStep: ["同色为同一工序(8 色循环)", "one colour is one step name (8 colours in turn)"],
  noFamily: ["无换型", "no setup"], moreFamilies: ["另有 {n} 族", "{n} more"], markLate: ["红色底线:拖期工单", "red base line: late order"], markSetup: ["斜纹:换型", "hatched: setup"], markClosed: ["灰底:非工作时间", "grey: not working"],
  move: ["移动", "Move"], moving: ["移动 {name}:左右改时间,上下换泳道,回车放下,Esc 取消", "Moving {name}: left and right change the time, up and down the lane, Enter drops, Esc cancels"],
  checking: ["正在核对…", "checking…"], possible: ["可行", "possible"], impossible: ["不可行", "not possible"], failed: ["核对失败,请重试", "could not be checked, try again"],
  notAllowed: ["{lane} 不能做这道工序", "{lane} cannot do this step"], readOnly: ["此看板只读", "this board is read-only"], isLocked: ["已锁定,按 L 解锁后再移动", "locked; press L to unlock it first"],
  isRunning: ["已开工,不能移动", "already running, cannot be moved"], isDone: ["已完工,不能移动", "already done, cannot be moved"],
  changes: ["{n} 项修改", "{n} changes"], change1: ["1 项修改", "1 change"], propose: ["提交为方案", "Propose"], discard: ["放弃", "Discard"], undone: ["已撤销", "undone"], redone: ["已重做", "redone"], discarded: ["修改已放弃", "changes discarded"],
  noUndo: ["没有可撤销的修改", "nothing to undo"], dropped: ["已放下,{said}", "dropped, {said}"], cancelled: ["已取消移动", "move cancelled"], lockChange: ["锁定", "lock"], unlockChange: ["解锁", "unlock"],
  rows: ["第 {from}–{to} 行,共 {all} 行", "rows {from}–{to} of {all}"], earlier: ["上一页", "Previous"], later: ["下一页", "Next"], showOn: ["在看板中显示", "Show on the board"], tableOf: ["工序表", "Operations"],
  emptyLane: ["{name},没有任务", "{name}, no work"], groupRow: ["{name},{lanes},{folded}", "{name}, {lanes}, {folded}"],
  sentence: ["工单 {order} 工序 {op} {step},{lanes},{from} 至 {to},历时 {time},{state},{late}", "Order {order}, step {op} {step}, on {lanes}, {from} to {to}, takes {time}, {state}, {late}"],
  tryOut: ["试排", "Try"], tryingOut: ["正在试算:{title} …", "Trying: {title} …"], wouldMove: ["移动 {moved} 道工序,新增 {added} 道", "{moved} steps would move, {added} would be added"],
  wouldStay: ["计划不变", "nothing would move"], look: ["查看方案并采纳", "Open and accept"],
  promise: ["查询新工单交期 …", "Ask for a date …"], promiseHelp: ["按已有工单的工艺,在当前计划的空档中排入,{at} 起开工;其他工序不动。下级工单不再复制。",
    "An order like one that is there, put into the gaps of the plan from {at} on; nothing else moves. Orders for its components are not copied."],
  like: ["参照工单", "Like order"], newOrder: ["新工单号", "New order"], taken: ["该工单号已存在", "There is an order of this number already"], askDate: ["查询", "Ask"], canPromise: ["可承诺交期 {at}", "Can be promised for {at}"], emptyShop: ["空车间最早", "In an empty shop"], waitsFor: ["等待最久", "Waits longest for"], enterOrder: ["录入工单并排入计划", "Enter the order and plan it"],
  wall: ["时间均为 {zone}", "times in {zone}"], timeSame: ["时间不变", "same time"],
};

const KEYS = [
  ["← →", "同一泳道的上一道、下一道任务", "previous and next operation of the lane"],
  ["↑ ↓", "上一条、下一条泳道", "lane above and below"],
  ["Home End", "泳道的第一道、最后一道任务", "first and last operation of the lane"],
  ["Enter", "打开工序;在分组上折叠或展开", "open the operation; fold or unfold a group"],
  ["Space", "选中整张工单及其组件", "pick the whole order and its components"],
  ["M", "移动:方向键改时间或泳道(Shift 加大步长),回车放下,Esc 取消", "move: arrows change time or lane (Shift: larger steps), Enter drops, Esc cancels"],
  ["L", "锁定或解锁", "lock or unlock"],
  ["U / Shift+U", "撤销 / 重做", "undo / redo"],
  ["+ − 0", "放大、缩小、显示全部", "zoom in, out, show all"],
  ["PageUp PageDown", "前后翻一屏时间", "a screen of time back and forth"],
  ["N", "回到现在", "go to now"],
  ["H", "查看该泳道的负荷", "load of this lane"],
  ["/", "查找", "find"],
  ["T", "表格与看板切换", "table or board"],
  ["滚轮 wheel", "缩放;Shift 加滚轮或在名称栏上:上下滚动", "zoom; with Shift or over the names: scroll"],
];

export const isEnglish = (lang) => String(lang || "").toLowerCase().startsWith("en");

/** The speaker of a language: say("minutes", { n: 5 }). */
export function speaker(lang) {
  const at = isEnglish(lang) ? 1 : 0;
  const say = (name, facts = {}) => WORDS[name][at].replace(/\{(\w+)\}/g, (_, key) => facts[key] ?? "");
  say.english = at === 1;
  say.keys = KEYS.map(([keys, zh, en]) => [keys, at ? en : zh]);
  say.count = (many, one, n) => (n === 1 ? say(one) : say(many, { n }));
  return say;
}

const CJK = /[\u2e80-\u9fff]/;

/** A name given as "中文 / English" in the reader's language; any other name as it is. */
export function own(name, say) {
  if (!name || !name.includes(" / ")) return name || "";
  const parts = name.split(" / ");
  if (parts.length !== 2 || CJK.test(parts[0]) === CJK.test(parts[1])) return name;
  return CJK.test(parts[0]) === say.english ? parts[1] : parts[0];
}
