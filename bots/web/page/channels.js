// Channels at the left: those Inkling keeps messages of, and the empty ones this browser made.

import { read } from "./address.js";
import { byId, h, icon, iconButton } from "./dom.js";
import { state } from "./store.js";

const KEY = "inkling.channels";
const FIRST = "general";
const NAME = /^[\p{L}\p{N}_-]{1,40}$/u;

let names = [FIRST];
const kept = new Set();

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return [...new Set([FIRST, ...kept.filter((name) => typeof name === "string" && NAME.test(name))])];
  } catch {
    return [FIRST];
  }
}

function save() {
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // Storage is forbidden: the list then lives as long as the page.
  }
}

// `onMove(isOtherChannel)`: the address names another channel, or another thread here.
export function initChannels(onMove) {
  names = load();
  const wanted = read().channel;
  if (NAME.test(wanted)) add(wanted);
  state.channel = names.includes(wanted) ? wanted : FIRST;
  const form = byId("add-channel");
  form.querySelector("button").append(icon("plus"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const input = byId("new-channel");
    const name = input.value.trim().replace(/^#/, "").toLowerCase().replace(/\s+/g, "-");
    input.setCustomValidity(NAME.test(name) ? "" : "A channel's name is 1 to 40 letters, digits, - or _.");
    if (!form.reportValidity()) return;
    input.value = "";
    add(name);
    location.hash = name;
  });
  byId("new-channel").addEventListener("input", (event) => event.target.setCustomValidity(""));
  addEventListener("hashchange", () => {
    const name = read().channel || FIRST;
    if (!NAME.test(name)) return;
    if (name === state.channel) return onMove(false);
    add(name);
    state.channel = name;
    renderChannels();
    onMove(true);
  });
  renderChannels();
}

// Channels with messages are on every list, and can't be taken off it.
export function showKept(found) {
  kept.clear();
  for (const name of found) kept.add(name);
  renderChannels();
}

export function keep(name) {
  if (kept.has(name)) return;
  kept.add(name);
  renderChannels();
}

function add(name) {
  if (names.includes(name)) return;
  names.push(name);
  save();
}

function leave(name) {
  names = names.filter((each) => each !== name);
  save();
  if (state.channel === name) location.hash = FIRST;
  renderChannels();
}

export function renderChannels() {
  byId("channels").replaceChildren(
    ...[...new Set([...names, ...kept])].map((name) =>
      h(
        "li",
        {},
        h("a", { href: `#${encodeURIComponent(name)}`, class: "channel", "aria-current": name === state.channel ? "page" : null }, icon("hash"), name),
        name === FIRST || kept.has(name) ? null : iconButton("close", `Take ${name} off this list`, () => leave(name), { class: "icon-button leave" }),
      ),
    ),
  );
  byId("channel-title").replaceChildren(icon("hash"), state.channel);
  document.title = state.channel === FIRST ? "Inkling" : `${state.channel} · Inkling`;
}
