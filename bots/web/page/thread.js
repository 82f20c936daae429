// The open story at the right: each place of it, from its beginning to what is being written now.

import * as address from "./address.js";
import { byId, h, iconButton, isNarrow } from "./dom.js";
import { ResultCard } from "./result.js";
import { groupOf, loadAlternatives, rootOf, state, storyOf, changed } from "./store.js";

const cards = new Map();
let body = null;
let tools = null;
let openedFrom = null;
let looking = false;
let isNew = false;

export function initThread(cardTools) {
  tools = cardTools;
  const panel = byId("thread");
  body = h("div", { class: "thread-body" });
  const close = iconButton("close", "Close the thread", () => closeThread());
  panel.append(h("header", { class: "bar" }, h("h2", { class: "bar-title" }, "Thread"), close), body);
}

export function openThread(groupId, takeFocus = false) {
  openedFrom = takeFocus ? document.activeElement : null;
  const root = rootOf(groupId);
  if (state.openGroup !== root) show(root);
  address.showThread(state.channel, root);
  changed();
  if (takeFocus && isNarrow()) requestAnimationFrame(() => byId("thread").querySelector("button").focus());
}

async function show(root) {
  state.openGroup = root;
  cards.clear();
  body.replaceChildren();
  looking = true;
  isNew = true;
  try {
    await loadAlternatives(groupOf(root)[0]?.request_id ?? root); // The history has most of them; this adds older ones.
  } catch {
    // It was deleted: a thread that has nothing else closes.
  }
  looking = false;
  changed();
}

// What the address says, when it changed by itself.
export function followAddress() {
  const { thread } = address.read();
  if (!thread) return void closeThread();
  if (thread !== state.openGroup) show(thread);
  changed();
}

export function closeThread() {
  if (!state.openGroup) return false;
  const group = state.openGroup;
  state.openGroup = null;
  address.hideThread(state.channel);
  if (byId("thread").contains(document.activeElement)) leave(group);
  changed();
  return true;
}

// The focus goes back to where the thread was opened, or to its message.
function leave(group) {
  const message = document.querySelector(`[data-group="${CSS.escape(group)}"] .open-thread`);
  const back = openedFrom?.isConnected ? openedFrom : (message ?? byId("text"));
  back.focus();
}

export function renderThread() {
  const panel = byId("thread");
  const places = state.openGroup ? storyOf(rootOf(state.openGroup)) : [];
  panel.hidden = !places.length;
  byId("app").classList.toggle("with-thread", !panel.hidden);
  if (!places.length) {
    if (state.loaded && !looking) closeThread();
    return;
  }
  const wasAtEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 80;
  const height = body.scrollHeight;
  reconcile(places);
  // A thread that is opened shows its beginning; one that is read at its end follows it as it grows.
  if (isNew) body.scrollTop = 0;
  else if (wasAtEnd && body.scrollHeight > height) body.scrollTop = body.scrollHeight;
  isNew = false;
}

// Two results that are compared stand beside each other, each in a card of its own.
function columnsOf(place) {
  const compared = place.alternatives.filter((each) => each.kind === "compare");
  if (place.view.kind !== "compare" || compared.length < 2) return [{ ...place, key: `whole ${place.groupId}` }];
  const hasOthers = place.alternatives.length > compared.length;
  return compared.map((view) => ({ key: `half ${view.request_id}`, groupId: place.groupId, view, alternatives: hasOthers ? place.alternatives : [view], isHalf: true }));
}

function reconcile(places) {
  const columns = places.flatMap(columnsOf);
  const wanted = new Set(columns.map((column) => column.key));
  for (const [key, card] of cards) {
    if (wanted.has(key)) continue;
    card.el.remove();
    cards.delete(key);
  }
  columns.forEach((place, index) => {
    let card = cards.get(place.key);
    if (!card) cards.set(place.key, (card = new ResultCard(place.groupId, tools)));
    card.update(place);
    if (body.children[index] !== card.el) body.insertBefore(card.el, body.children[index] ?? null);
  });
}

export function scrollToResult(id) {
  requestAnimationFrame(() => body.querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "nearest" }));
}

export const openGroups = () => new Set(state.openGroup ? storyOf(state.openGroup).map((place) => place.groupId) : []);
