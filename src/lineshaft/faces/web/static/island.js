// Islands on a page: fetches what they draw, hands it over by property, and answers what they ask and fire.
import { say, send } from "./app.js";

const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
const part = (text) => encodeURIComponent(String(text).replaceAll("~", "~0").replaceAll("/", "~1"));

const POLL_MS = [100, 200, 400, 800];

/** Has another engine make a proposal and hands over what it would change here. */
async function attempt(address, engine) {
  const { run } = await send(address, { engine }), joint = address.includes("?") ? "&" : "?";
  for (let turn = 0; ; turn++) {
    const answer = await fetch(`${address}${joint}asked=${run}`, { headers: { Accept: "application/json" } }), told = await answer.json();
    if (!answer.ok) throw new Error(told[language]);
    if (told.said) throw new Error(told.said[language]);
    if (told.bars) return told;
    await new Promise((done) => setTimeout(done, POLL_MS[Math.min(turn, POLL_MS.length - 1)]));
  }
}

async function load(frame) {
  const { island, source, objects, ask, propose, peers, preview, promise, enter } = frame.dataset, holder = frame.querySelector(".holder");
  try {
    const [answer] = await Promise.all([fetch(source, { headers: { Accept: "application/json" } }), import(`./${island}.js`)]);
    const told = await answer.json();
    if (!answer.ok) throw new Error(told[language]);
    const picture = document.createElement(island);
    picture.lang = language;
    if (ask) picture.ask = (changes) => send(ask, { changes });
    if (peers) Object.assign(picture, { peers: JSON.parse(peers), attempt: (engine) => attempt(preview, engine) });
    if (promise) picture.promise = (wish) => send(promise, wish);
    if (enter) picture.enter = async (wish) => location.assign((await send(enter, wish)).address);
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
