// Elements without markup in strings: text is text, and nothing needs inline style or script.

/** An element with attributes (functions become listeners, false leaves one out) and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A select of [value, label] pairs. */
export function choose(label, options, value, change) {
  const select = make("select", { "aria-label": label, title: label, change: () => change(select.value) },
    ...options.map(([name, text]) => make("option", { value: name, selected: String(name) === String(value) }, text)));
  return select;
}
