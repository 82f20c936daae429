// The page, put together.

import * as api from "./api.js";
import { initChannels, keep, showKept } from "./channels.js";
import { learnOptions } from "./command.js";
import { Composer } from "./composer.js";
import { confirmDelete, editPrompt, openHelp, varyResult } from "./dialogs.js";
import { announce, byId, h, icon, iconButton, isNarrow } from "./dom.js";
import { connect } from "./events.js";
import { openInsight } from "./insight.js";
import { closeMenu } from "./menu.js";
import { addNotice, clearMessages, initScroll, initWelcome, renderMessages, toEnd } from "./messages.js";
import { openSettings } from "./settings.js";
import * as store from "./store.js";
import { openStory } from "./story.js";
import { flash, offer } from "./toast.js";
import { closeThread, followAddress, initThread, openGroups, openThread, renderThread, scrollToResult } from "./thread.js";

const { state } = store;
const PAGE_SIZE = 50;
let following = null;

const composer = new Composer((answer, text) => {
  if (answer.kind === "notice") return addNotice(text.split(/\s/)[0], answer.lines);
  if (answer.kind === "insight") return openInsight(answer.insight);
  if (answer.kind === "story") return void openStory(answer.request_id, answer.sample, visit).catch(tellTrouble);
  toEnd();
  follow(answer.request_id);
});

// Show a result that was just asked for, as soon as it is known.
function follow(id) {
  following = id;
  const view = store.find(id);
  if (!view) return;
  following = null;
  store.choosePath(id);
  openThread(view.group_id);
  store.changed();
  scrollToResult(id);
}

// What is on the way to an older result may not be loaded yet.
async function visit(id, path) {
  const missing = [...new Set(path)].filter((each) => !store.find(each));
  for (const { result } of await Promise.all(missing.map(api.details))) store.merge(result);
  follow(id);
}

const tools = {
  story: (view) => openStory(view.request_id, view.samples.findIndex((sample) => sample.text), visit),
  follow,
  vary: (view) => vary(view).catch((error) => composer.complain(error.message)),
  why: (insight, { request_id: id }, sample) =>
    openInsight(insight, async (fork) => follow((await api.act(id, "branch", { sample, fork })).request_id)),
  edit: (view) => editPrompt(view, async (prompt) => follow((await api.act(view.request_id, "edit", { prompt })).request_id)),
  remove: (view, card) => confirmDelete(() => api.act(view.request_id, "delete").then(() => card.complain(null))),
  undone: ({ request_id: id }) => {
    forget(id);
    const putBack = offer("Undone.", "Put it back", () => api.act(id, "redo").then(() => follow(id)).catch(tellTrouble));
    if (!document.activeElement.closest(".result")) putBack.focus(); // The button that was pressed is gone.
  },
  copy: async (text, card) => {
    try {
      await navigator.clipboard.writeText(text);
      announce("Copied.");
      flash("Copied");
    } catch {
      card.complain("The browser didn't let me copy; select the text instead.");
    }
  },
};

async function vary(view) {
  const { options, model } = await api.details(view.request_id);
  varyResult(view, options, model, async (overrides, other) => {
    follow((await api.act(view.request_id, "vary", { overrides, model: other })).request_id);
  });
}

function receive(view) {
  const merged = store.merge(view, true);
  if (!merged) return;
  keep(view.channel);
  if (store.isEnded(merged.merged) && merged.before && !store.isEnded(merged.before)) tellEnd(merged.merged);
  if (following === view.request_id) follow(view.request_id);
  store.changed();
}

function tellEnd(view) {
  const texts = view.samples.map((sample) => sample.text.trim()).filter(Boolean);
  announce(view.error ?? (texts.length ? `Written: ${texts.join(". ")}` : "Ended without text."));
}

function forget(id) {
  store.remove(id);
  renderMessages();
  renderThread();
}

async function refreshSession() {
  state.session = await api.session(state.channel);
  learnOptions(state.session.options);
  showHealth(state.session);
  showKept(state.session.channels);
  composer.refreshSession();
  store.changed();
}

// `anew`: what is known may be wrong altogether, so only what the answer holds or is being written stays.
async function refreshHistory(anew = false) {
  const channel = state.channel;
  const before = store.inChannel(channel).filter(store.isEnded);
  const { results } = await api.history(channel);
  const ids = new Set(results.map((view) => view.request_id));
  const first = results[0]?.request_id ?? "";
  for (const { request_id: id } of before) if ((anew || id >= first) && !ids.has(id)) store.forget(id);
  const isFirst = !state.loaded;
  for (const view of results) store.merge(view);
  if (channel !== state.channel) return;
  state.hasOlder = state.hasOlder || results.length >= PAGE_SIZE;
  state.loaded = true;
  store.changed();
  if (isFirst) toEnd();
}

async function loadOlder() {
  const oldest = store.inChannel(state.channel)[0]?.request_id;
  const { results } = await api.history(state.channel, oldest);
  for (const view of results) store.merge(view);
  state.hasOlder = results.length > 0;
  const scroll = byId("scroll");
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  renderMessages();
  scroll.scrollTop = scroll.scrollHeight - fromEnd;
}

// Nobody knows how the model is when nobody answers.
function showLost() {
  byId("health").replaceChildren(h("span", { class: "dot lost" }), h("span", { class: "health-text" }, h("b", {}, "Not connected")));
  byId("health").title = "Whether the model is ready shows when the connection is back.";
  byId("waking").hidden = true;
}

const tellTrouble = (error) => composer.complain(error.message);

function showHealth({ backends }) {
  state.backends = backends;
  const [main] = backends;
  const words = { ready: "ready", starting: "waking up", asleep: "asleep", unavailable: "not available" };
  byId("health").replaceChildren(
    h("span", { class: `dot ${main.state}` }),
    h("span", { class: "health-text" }, h("b", {}, main.models[0] ?? main.name), ` ${words[main.state]}`),
  );
  byId("health").title = main.detail;
  showWaking(main);
  composer.refreshModels();
}

function showWaking(backend) {
  const banner = byId("waking");
  banner.hidden = backend.state === "ready" || backend.state === "asleep";
  if (banner.hidden) return banner.replaceChildren();
  const part = /(\d+)\s?%/.exec(backend.detail)?.[1];
  const title = backend.state === "starting" ? "Waking the model …" : "The model doesn't answer.";
  banner.replaceChildren(
    h("span", {}, h("b", {}, title), ` ${backend.detail}`),
    backend.state === "starting" ? h("progress", part ? { max: 100, value: Number(part), "aria-label": "Loading" } : { "aria-label": "Loading" }) : "",
  );
}

function openSide(open) {
  byId("app").classList.toggle("with-side", open);
  byId("scrim").hidden = !open;
  byId("menu").setAttribute("aria-expanded", String(open));
  if (open) byId("side").querySelector("a").focus();
}

function move(isOtherChannel) {
  closeMenu();
  openSide(false);
  if (isOtherChannel) switchChannel();
  followAddress();
}

function switchChannel() {
  state.openGroup = null;
  clearMessages();
  state.loaded = false;
  state.hasOlder = false;
  composer.restoreDraft();
  store.changed();
  Promise.all([refreshHistory(), refreshSession()]).catch(tellTrouble);
  if (!isNarrow()) byId("text").focus();
}

// Esc: first what is open on top, then what is being written, then the thread.
function escape() {
  if (closeMenu(true)) return;
  if (byId("app").classList.contains("with-side")) return openSide(false);
  if (isNarrow() && !byId("options").hidden) return composer.options.toggle(false);
  const here = openGroups();
  const writing = store.running(here).at(-1) ?? store.running().filter((view) => view.channel === state.channel).at(-1);
  if (writing) return void api.act(writing.request_id, "stop").catch(tellTrouble);
  closeThread();
}

function listen() {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) escape();
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName);
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !document.querySelector("dialog[open]")) byId("text").focus();
  });
  byId("menu").append(icon("menu"));
  byId("menu").addEventListener("click", () => openSide(true));
  byId("scrim").addEventListener("click", () => openSide(false));
  byId("older").addEventListener("click", () => loadOlder().catch(tellTrouble));
  byId("side-buttons").append(
    iconButton("help", "Help", () => openHelp(state.session.commands, state.session.options)),
    iconButton("gear", "Settings", () => openSettings().catch(tellTrouble)),
  );
}

initThread(tools);
initScroll();
initWelcome((text) => composer.begin(text));
initChannels(move);
store.onChange(renderMessages);
store.onChange(renderThread);
listen();
composer.restoreDraft();
followAddress();
connect({
  hello: () => Promise.all([refreshSession(), refreshHistory()]).catch(tellTrouble),
  lost: showLost,
  result: receive,
  removed: ({ request_id }) => forget(request_id),
  session: () => refreshSession().catch(tellTrouble),
  history: () => refreshHistory(true).catch(tellTrouble),
  health: showHealth,
});
if (!isNarrow()) {
  composer.options.toggle(innerHeight > 760 && innerWidth > 1100);
  byId("text").focus();
}
