// The table page: moving, selecting, copying; and editing, pasting, adding and removing rows until they are saved.
import { say, send } from "./app.js";

const grid = document.getElementById("grid"), form = document.getElementById("ask");
const columns = [...grid.tHead.rows[0].cells].slice(1).map((cell) => ({
  name: cell.dataset.name, kind: cell.dataset.kind, choices: cell.dataset.choices?.split("|") ?? [],
}));
const changed = new Map(); // key as JSON → {key, was, values}
const added = []; // {values, row}
const removed = new Set(); // keys as JSON
let past = [], faults = [], anchor = null, here = null;
const byId = (id) => document.getElementById(id);
const body = () => grid.tBodies[0];
const editing = () => grid.classList.contains("editing");

// Cells

const cellAt = (row, column) => body().rows[row]?.cells[column + 1];
const place = (cell) => ({ row: cell.parentElement.sectionRowIndex, column: cell.cellIndex - 1 });
const text = (cell) => cell.querySelector(".editor")?.value ?? cell.textContent.trim();
const newRow = (row) => added.find((one) => one.row === row);

function show(cell, value) {
  const link = cell.querySelector("a");
  (link ?? cell).textContent = value;
}

function focusCell(cell, extend = false) {
  if (!cell || !cell.matches("td[role=gridcell]")) return;
  here = place(cell);
  if (!extend) anchor = here;
  for (const other of body().querySelectorAll("td[tabindex='0']")) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  for (const other of body().querySelectorAll(".picked")) other.classList.remove("picked");
  if (anchor.row !== here.row || anchor.column !== here.column) for (const one of picked().flat()) one.classList.add("picked");
}

function picked() {
  const [top, bottom] = [anchor.row, here.row].sort((a, b) => a - b), [left, right] = [anchor.column, here.column].sort((a, b) => a - b);
  return Array.from({ length: bottom - top + 1 }, (_, r) => Array.from({ length: right - left + 1 }, (_, c) => cellAt(top + r, left + c)));
}

// Changes

function put(cell, value, step) {
  const row = cell.parentElement, name = columns[cell.cellIndex - 1].name, before = text(cell);
  if (before === value) return;
  const fresh = newRow(row);
  if (fresh) fresh.values[name] = value;
  else {
    const id = row.dataset.key;
    const entry = changed.get(id) ?? { key: JSON.parse(id), was: {}, values: {} };
    if (!(name in entry.was)) entry.was[name] = before;
    entry.values[name] = value;
    if (entry.was[name] === value) delete entry.was[name], delete entry.values[name];
    if (Object.keys(entry.values).length) changed.set(id, entry);
    else changed.delete(id);
  }
  show(cell, value);
  step.push(() => put(cell, before, []));
  forget(cell);
  mark();
}

function forget(cell) {
  faults = faults.filter((fault) => fault.cell !== cell);
  cell.classList.remove("wrong");
  cell.removeAttribute("title");
  cell.removeAttribute("aria-invalid");
}

function mark() {
  for (const row of body().rows) {
    const entry = changed.get(row.dataset.key);
    row.classList.toggle("gone", removed.has(row.dataset.key));
    columns.forEach((column, at) => {
      const cell = row.cells[at + 1], mine = entry && column.name in entry.values;
      if (!cell) return;
      cell.classList.toggle("changed", Boolean(mine));
      if (mine && text(cell) !== entry.values[column.name]) show(cell, entry.values[column.name]);
    });
  }
  const many = [...changed.values()].reduce((sum, entry) => sum + Object.keys(entry.values).length, 0);
  byId("changes").textContent = many + added.length + removed.size === 0
    ? say("Type, or paste cells from Excel. Nothing is written before you save.", "可直接输入或从 Excel 粘贴;保存前不会写入。")
    : say(`${many} cells changed, ${added.length} rows added, ${removed.size} removed; not saved yet.`, `已修改 ${many} 个单元格,新增 ${added.length} 行,删除 ${removed.size} 行,尚未保存。`);
  byId("review").disabled = byId("discard").disabled = !(many + added.length + removed.size);
  byId("undo").disabled = !past.length;
}

function act(work) {
  const step = [];
  work(step);
  if (step.length) past.push(step);
  mark();
}

function undo() {
  for (const back of (past.pop() ?? []).reverse()) back();
  mark();
}

function addRow(step) {
  body().querySelector(".none")?.remove();
  const row = body().insertRow(0);
  row.className = "new";
  row.append(Object.assign(document.createElement("th"), { className: "open", textContent: "+" }));
  for (const column of columns) {
    const cell = row.insertCell();
    cell.setAttribute("role", "gridcell");
    cell.tabIndex = -1;
    cell.classList.toggle("number", ["whole", "real"].includes(column.kind));
  }
  const entry = { values: {}, row };
  added.push(entry);
  step.push(() => (row.remove(), added.splice(added.indexOf(entry), 1)));
  return row;
}

function removeRows() {
  act((step) => {
    for (const [cell] of picked()) {
      const row = cell.parentElement, fresh = newRow(row), id = row.dataset.key;
      if (fresh) {
        const at = added.indexOf(fresh), next = row.nextSibling, parent = row.parentElement;
        added.splice(at, 1);
        row.remove();
        step.push(() => (added.splice(at, 0, fresh), parent.insertBefore(row, next)));
      } else if (!removed.has(id)) removed.add(id), step.push(() => removed.delete(id));
    }
  });
}

// The editor in a cell

function open(cell, start) {
  if (!editing() || cell.parentElement.classList.contains("gone")) return;
  const column = columns[cell.cellIndex - 1], before = text(cell);
  const options = column.kind === "bool" ? [say("yes", "是"), say("no", "否")] : column.choices;
  const field = document.createElement(options.length ? "select" : "input");
  field.className = "editor";
  field.setAttribute("aria-label", column.name);
  if (options.length) for (const option of ["", ...options]) field.add(new Option(option, option, false, option === before));
  else field.value = start ?? before, (field.autocomplete = "off"), (field.spellcheck = false);
  const link = cell.querySelector("a");
  cell.replaceChildren(field);
  let closed = false;
  const close = (keep) => {
    if (closed) return;
    closed = true;
    const value = keep ? field.value.trim() : before;
    if (link) link.textContent = before;
    cell.replaceChildren(link ?? before);
    if (value !== before) act((step) => put(cell, value, step));
  };
  field.addEventListener("input", (event) => event.stopPropagation());
  field.addEventListener("change", (event) => event.stopPropagation());
  field.addEventListener("blur", () => close(true));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const steps = { Enter: [1, 0], Tab: [0, event.shiftKey ? -1 : 1] }[event.key];
    if (event.key !== "Escape" && !steps) return;
    event.preventDefault();
    close(event.key !== "Escape");
    const { row, column: at } = place(cell);
    focusCell((steps && cellAt(row + steps[0], at + steps[1])) || cell);
  });
  field.focus();
  if (start === undefined) field.select?.();
}

// Keys, mouse, clipboard

grid.addEventListener("keydown", (event) => {
  const cell = event.target.closest("td[role=gridcell]");
  if (!cell || event.target !== cell) return;
  const { row, column } = place(cell), many = body().rows.length;
  const to = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [event.ctrlKey ? 0 : row, 0], End: [event.ctrlKey ? many - 1 : row, columns.length - 1],
    PageUp: [Math.max(0, row - 15), column], PageDown: [Math.min(many - 1, row + 15), column],
  }[event.key];
  if (to) event.preventDefault(), focusCell(cellAt(...to), event.shiftKey);
  else if (event.key === "Enter" || event.key === "F2") {
    event.preventDefault();
    if (editing()) open(cell);
    else (cell.querySelector("a") ?? cell.parentElement.querySelector("th a"))?.click();
  } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && editing()) event.preventDefault(), undo();
  else if (editing() && (event.key === "Delete" || event.key === "Backspace")) act((step) => picked().flat().forEach((one) => put(one, "", step)));
  else if (editing() && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) event.preventDefault(), open(cell, event.key);
});

let pulling = false;
grid.addEventListener("pointerdown", (event) => {
  const cell = event.target.closest("td[role=gridcell]");
  if (!cell || event.target.matches(".editor, .editor *") || event.target.closest("a") && !editing()) return;
  if (event.pointerType === "mouse") event.preventDefault(), (pulling = true);
  if (document.activeElement?.matches(".editor")) document.activeElement.blur();
  focusCell(cell, event.shiftKey);
});
grid.addEventListener("pointerover", (event) => pulling && focusCell(event.target.closest("td[role=gridcell]"), true));
addEventListener("pointerup", () => (pulling = false));
grid.addEventListener("dblclick", (event) => {
  const cell = event.target.closest("td[role=gridcell]");
  if (cell && byId("edit")) setEditing(true), open(cell);
});
grid.addEventListener("click", (event) => {
  const sort = event.target.closest("[data-sort]");
  if (sort) {
    const name = sort.dataset.sort;
    form.elements.sort.value = form.elements.sort.value === name ? `-${name}` : form.elements.sort.value === `-${name}` ? "" : name;
    for (const head of grid.tHead.rows[0].cells) if (head.dataset.name) head.ariaSort = { [head.dataset.name]: "ascending", [`-${head.dataset.name}`]: "descending" }[form.elements.sort.value] ?? "none";
    form.dispatchEvent(new CustomEvent("ask"));
  } else if (editing() && event.target.closest("tbody td a")) event.preventDefault();
});
document.addEventListener("copy", (event) => {
  if (!document.activeElement?.matches("#grid td[role=gridcell]") || String(getSelection())) return;
  event.clipboardData.setData("text/plain", picked().map((row) => row.map(text).join("\t")).join("\r\n"));
  event.preventDefault();
});
document.addEventListener("paste", (event) => {
  const cell = document.activeElement?.closest?.("#grid td[role=gridcell]");
  if (!cell || document.activeElement !== cell || !byId("edit")) return;
  event.preventDefault();
  setEditing(true);
  const block = readBlock(event.clipboardData.getData("text/plain")), { row, column } = place(cell);
  act((step) => block.forEach((line, down) => {
    let target = body().rows[row + down];
    if (!target) {
      target = addRow(step);
      body().append(target);
    }
    line.forEach((value, right) => target.cells[column + right + 1] && put(target.cells[column + right + 1], value.trim(), step));
  }));
});

/** Cells as Excel puts them on the clipboard: tabs and line ends, quotes around cells that hold either. */
export function readBlock(pasted) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\n|\r|$)/gy;
  for (let found = cell.exec(pasted); found; found = cell.exec(pasted)) {
    if (found[0] === "" && rows.at(-1).length === 0 && rows.length > 1) break;
    rows.at(-1).push(found[1]?.replaceAll('""', '"') ?? found[2]);
    if (found[3] === "") break;
    if (found[3] !== "\t") rows.push([]);
  }
  return rows.filter((row) => row.length);
}

// Asking the server

function setEditing(on) {
  grid.classList.toggle("editing", on);
  byId("editing").hidden = !on;
  byId("edit").setAttribute("aria-pressed", on);
  mark();
  if (on && !body().querySelector("td[tabindex='0']")) focusCell(cellAt(0, 0));
}

async function ask(save) {
  byId("problem").textContent = "";
  for (const cell of body().querySelectorAll(".wrong")) forget(cell);
  const entries = [...changed], fresh = [...added];
  const content = { changed: entries.map(([, entry]) => entry), added: fresh.map((one) => one.values), removed: [...removed].map((id) => JSON.parse(id)), save };
  try {
    const told = await send(`${grid.dataset.address}/changes`, content);
    const rowOf = (name) => name[0] === "a" ? fresh[name.slice(1)]?.row : [...body().rows].find((row) => row.dataset.key === (name[0] === "c" ? entries[name.slice(1)]?.[0] : [...removed][name.slice(1)]));
    if (told.faults.length) byId("preview").close();
    const lines = told.faults.map((fault) => {
      const row = rowOf(fault.row), at = columns.findIndex((column) => column.name === fault.column), cell = row?.cells[(at < 0 ? 0 : at) + 1];
      if (cell) cell.classList.add("wrong"), (cell.title = fault.words), cell.setAttribute("aria-invalid", "true");
      const label = at < 0 ? "" : grid.tHead.rows[0].cells[at + 1].querySelector("button").firstChild.textContent.trim();
      return { cell, words: [row?.dataset.key ? JSON.parse(row.dataset.key).join(" ") : "", label, fault.words].filter(Boolean).join(" · ") };
    });
    if (lines.length) {
      byId("problem").replaceChildren(...lines.slice(0, 8).map((line) => Object.assign(document.createElement("p"), { className: "wrong", textContent: line.words })));
      if (lines.length > 8) byId("problem").append(say(`and ${lines.length - 8} more`, `另有 ${lines.length - 8} 处`));
      if (lines[0].cell) focusCell(lines[0].cell);
    } else if (told.saved) {
      changed.clear(), removed.clear(), (added.length = 0), (past = []);
      location.reload();
    } else {
      byId("preview-body").innerHTML = told.html;
      byId("preview").showModal();
    }
  } catch (error) {
    byId("preview").close();
    byId("problem").replaceChildren(Object.assign(document.createElement("p"), { className: "wrong", textContent: error.message }));
  }
}

if (byId("edit")) {
  byId("edit").onclick = () => setEditing(!editing());
  byId("add").onclick = () => act((step) => focusCell(addRow(step).cells[1]));
  byId("remove").onclick = () => here && removeRows();
  byId("undo").onclick = undo;
  byId("discard").onclick = () => { while (past.length) undo(); setEditing(false); };
  byId("review").onclick = () => ask(false);
  byId("save").onclick = () => ask(true);
}
addEventListener("beforeunload", (event) => changed.size + added.length + removed.size && event.preventDefault());

// Filters, pages, columns, export

form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== form) return;
  for (const name of [...event.detail.formData.keys()]) if (event.detail.formData.get(name) === "") event.detail.formData.delete(name);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const entry of added) body().prepend(entry.row);
  if (byId("edit")) mark();
  hideColumns();
});
const query = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-export]");
  if (link) link.href = `${grid.dataset.address}/export?format=${link.dataset.export}&${query()}`;
  const all = event.target.closest("[data-copy-all]");
  if (all) {
    const answer = await fetch(`${grid.dataset.address}/export?format=tsv&${query()}`);
    await navigator.clipboard.writeText(await answer.text());
    all.textContent = say("Copied", "已复制");
  }
});

const sheet = new CSSStyleSheet(), memory = `columns:${grid.dataset.table}`;
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
function hideColumns() {
  const hidden = [...document.querySelectorAll("#chooser input:not(:checked)")].map((box) => Number(box.dataset.column));
  sheet.replaceSync(hidden.map((at) => `#grid tr > :nth-child(${at + 1}):not(.none td) { display: none; }`).join(""));
  return hidden;
}
for (const at of JSON.parse(localStorage.getItem(memory) ?? "[]")) {
  const box = document.querySelector(`#chooser [data-column="${at}"]`);
  if (box) box.checked = false;
}
byId("chooser").addEventListener("input", (event) => event.stopPropagation());
byId("chooser").addEventListener("change", () => localStorage.setItem(memory, JSON.stringify(hideColumns())));
hideColumns();
const marked = grid.querySelector("td[data-marked]");
if (marked) focusCell(marked);
else if (cellAt(0, 0)?.matches("td[role=gridcell]")) cellAt(0, 0).tabIndex = 0;
