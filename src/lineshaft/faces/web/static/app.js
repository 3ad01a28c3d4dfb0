// What every page does by itself: choices that are kept, keys, menus, dialogs, and htmx with the form token.
const root = document.documentElement;
export const say = (en, zh) => (root.lang.startsWith("zh") ? zh : en);
export const token = document.querySelector("meta[name=csrf]").content;

export function keep(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

/** Send JSON to the server; its answer, or an error with words in `message` and `faults`. */
export async function send(address, content) {
  const answer = await fetch(address, {
    method: "POST", body: JSON.stringify(content),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token },
  });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const words = say(told.en, told.zh) ?? say("The workbench cannot be reached; nothing was changed.", "无法连接工作台,未作任何更改。");
  throw Object.assign(new Error(words), { faults: told.faults ?? [] });
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.pop[open]")) if (!menu.contains(event.target)) menu.open = false;
  const button = event.target.closest("button, a");
  if (!button) return;
  if (button.dataset.set) {
    keep(...button.dataset.set.split("="));
    location.reload();
  } else if ("themeNext" in button.dataset) {
    const themes = ["system", "light", "dark"];
    keep("ls_theme", themes[(themes.indexOf(root.dataset.theme) + 1) % 3]);
    location.reload();
  } else if (button.dataset.open) {
    for (const menu of document.querySelectorAll("details.pop[open]")) menu.open = false;
    document.getElementById(button.dataset.open).showModal();
  } else if ("close" in button.dataset) button.closest("dialog").close();
  else if ("print" in button.dataset) print();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.dataset.sure && !confirm(button.dataset.sure)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-go]")) event.target.form.requestSubmit();
});

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.pop[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (typing(event.target)) return;
  if (event.key === "/") {
    const field = document.querySelector(".search input");
    if (field) event.preventDefault(), field.focus(), field.select();
  } else if (event.key === "?") document.getElementById("help").showModal();
});

document.addEventListener("htmx:configRequest", (event) => (event.detail.headers["X-CSRF-Token"] = token));
document.addEventListener("htmx:sendError", (event) => {
  const target = event.detail.target;
  if (target.querySelector(":scope > .unreachable")) return;
  const note = document.createElement("p");
  note.className = "note late unreachable";
  note.textContent = say("The workbench cannot be reached; what you see may be old.", "无法连接工作台,当前显示可能不是最新内容。");
  target.prepend(note);
});
