// Islands on a page: fetches what they draw, hands it over by property, and answers what they ask and fire.
import { say, send } from "./app.js";

const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
const part = (text) => encodeURIComponent(String(text).replaceAll("~", "~0").replaceAll("/", "~1"));

async function load(frame) {
  const { island, source, objects, ask, propose } = frame.dataset, holder = frame.querySelector(".holder");
  try {
    const [answer] = await Promise.all([fetch(source, { headers: { Accept: "application/json" } }), import(`./${island}.js`)]);
    const told = await answer.json();
    if (!answer.ok) throw new Error(told[language]);
    const picture = document.createElement(island);
    picture.lang = language;
    if (ask) picture.ask = (changes) => send(ask, { changes });
    holder.replaceChildren(picture);
    picture.data = told;
    picture.addEventListener(`${island}-open`, ({ detail }) => location.assign(`${objects}/${detail.table}/${[detail.key].flat().map(part).join("/")}`));
    if (propose) picture.addEventListener(`${island}-propose`, async ({ detail }) => {
      try {
        const done = await send(propose, { changes: detail.changes ?? detail });
        location.assign(done.address);
      } catch (error) {
        warn(frame, error.message);
      }
    });
  } catch (error) {
    warn(frame, error.message || say("This picture could not be loaded.", "图形加载失败。"));
  }
}

function warn(frame, words) {
  const note = frame.querySelector(".note.late") ?? document.createElement("p");
  note.className = "note late";
  note.setAttribute("role", "alert");
  note.textContent = words;
  frame.querySelector(".holder").before(note);
  frame.querySelector(".holder .empty")?.remove();
}

for (const frame of document.querySelectorAll("[data-island]")) load(frame);
