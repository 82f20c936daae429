// The middle: one message per story, private answers, and what a first visit sees.

import { byId, h, icon, iconButton, lockTag, plural } from "./dom.js";
import { groupOf, isEnded, newestIn, rootGroups, state, storyOf } from "./store.js";
import { openThread } from "./thread.js";

const PREVIEW = 360;
const EXAMPLES = [
  { title: "A story", text: "Once upon a time, at the very edge of the map, there was a" },
  { title: "A letter", text: "Dear neighbour,\nI am writing to you about the piano. Last night" },
  { title: "A recipe", text: "My grandmother's secret to a perfect soup was simple: first, you" },
];
const rows = new Map();
const notices = [];

export function addNotice(command, lines) {
  const notice = { channel: state.channel, el: null, after: newestIn(state.channel) };
  const close = iconButton("close", "Dismiss", () => {
    notices.splice(notices.indexOf(notice), 1);
    renderMessages();
  });
  notice.el = h(
    "li",
    { class: "private-notice" },
    h("div", { class: "private-head" }, icon("lock"), h("span", {}, `Only you see this · ${command}`), close),
    h("div", { class: "private-lines" }, lines.map((line) => h("p", {}, line || "\u00a0"))),
  );
  notices.push(notice);
  renderMessages();
  toEnd();
}

export function clearMessages() {
  rows.clear();
  byId("messages").replaceChildren();
}

export function toEnd() {
  requestAnimationFrame(() => (byId("scroll").scrollTop = byId("scroll").scrollHeight));
}

// Whatever takes room from the messages, a banner or the options, who was at their end stays there.
export function initScroll() {
  const scroll = byId("scroll");
  let wasAtEnd = true;
  let height = scroll.clientHeight;
  // An event that is told after the room changed says nothing about where one was before.
  scroll.addEventListener("scroll", () => scroll.clientHeight === height && (wasAtEnd = isAtEnd()));
  new ResizeObserver(() => {
    height = scroll.clientHeight;
    if (wasAtEnd) scroll.scrollTop = scroll.scrollHeight;
  }).observe(scroll);
}

const isAtEnd = () => byId("scroll").scrollHeight - byId("scroll").scrollTop - byId("scroll").clientHeight < 120;

export function renderMessages() {
  const wasAtEnd = isAtEnd();
  const groups = rootGroups(state.channel);
  const list = byId("messages");
  const wanted = order(groups);
  for (const [groupId, row] of rows) {
    if (groups.includes(groupId)) continue;
    row.el.remove();
    rows.delete(groupId);
  }
  wanted.forEach((el, index) => list.children[index] !== el && list.insertBefore(el, list.children[index] ?? null));
  while (list.children.length > wanted.length) list.lastChild.remove();
  byId("older").hidden = !state.hasOlder;
  byId("welcome").hidden = !state.loaded || wanted.length > 0;
  if (wasAtEnd) byId("scroll").scrollTop = byId("scroll").scrollHeight;
}

// Ids sort by time: an answer stands behind everything that was there when it came, whatever is forgotten since.
function order(groups) {
  const here = notices.filter((notice) => notice.channel === state.channel);
  const wanted = [];
  for (const groupId of groups) {
    while (here.length && here[0].after < groupId) wanted.push(here.shift().el);
    wanted.push(rowOf(groupId).el);
  }
  return [...wanted, ...here.map((notice) => notice.el)];
}

function rowOf(groupId) {
  let row = rows.get(groupId);
  if (!row) rows.set(groupId, (row = new MessageRow(groupId)));
  row.update();
  return row;
}

class MessageRow {
  constructor(groupId) {
    this.groupId = groupId;
    const first = groupOf(groupId)[0];
    const at = new Date(first.created_at);
    this.quote = h("blockquote", { class: "quote" });
    this.heading = h("p", { class: "heading" });
    this.preview = h("span", { class: "preview" });
    this.meta = h("span", { class: "preview-meta" });
    this.open = h("button", { type: "button", class: "open-thread", onclick: () => openThread(groupId, true) }, this.preview, this.meta);
    this.el = h(
      "li",
      { class: "message", "data-group": groupId },
      h("div", { class: "avatar", "aria-hidden": "true" }, "Y"),
      h(
        "div",
        { class: "message-body" },
        h("p", { class: "by" }, h("b", {}, "You"), h("time", { dateTime: at.toISOString(), title: at.toLocaleString() }, when(at)), first.private && lockTag()),
        this.quote, this.heading, this.open,
      ),
    );
  }

  update() {
    const places = storyOf(this.groupId);
    const { view, alternatives } = places[0];
    const last = places.at(-1).view;
    const key = JSON.stringify([view.request_id, alternatives.length, places.length, last.request_id, last.status, last.notice, last.error,
      last.samples[0]?.text, state.openGroup === this.groupId]);
    if (key === this.key) return;
    this.key = key;
    set(this.quote, view.prompt.length > 1200 ? `${view.prompt.slice(0, 1200)} …` : view.prompt);
    set(this.heading, view.heading);
    set(this.preview, previewText(last));
    set(this.meta, metaText(view, places, alternatives));
    this.preview.classList.toggle("writing", !isEnded(last));
    this.preview.classList.toggle("failed", last.status === "failed" && !last.samples.some((sample) => sample.text));
    this.el.classList.toggle("current", state.openGroup === this.groupId);
    this.open.setAttribute("aria-expanded", String(state.openGroup === this.groupId));
  }
}

function previewText(view) {
  const text = view.samples.find((sample) => sample.text)?.text.trim().replace(/\s*\n\s*\n\s*/g, "\n") ?? "";
  if (!text) return view.error ?? (isEnded(view) ? "Ended before a word was written." : (view.notice ?? "Writing …"));
  if (!isEnded(view)) return text.length > PREVIEW ? `… ${text.slice(-PREVIEW)}` : text;
  return text.length > PREVIEW ? `${text.slice(0, PREVIEW)} …` : text;
}

function metaText(view, places, alternatives) {
  const parts = [];
  if (view.samples.length > 1) parts.push(plural(view.samples.length, "sample"));
  if (alternatives.length > 1) parts.push(plural(alternatives.length, "version"));
  if (places.length > 1) parts.push(plural(places.length - 1, "continuation"));
  return parts.length ? parts.join(" · ") : "Open thread";
}

function when(date) {
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return isToday ? time : `${date.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function initWelcome(start) {
  byId("welcome").append(
    h("h2", {}, "Begin something."),
    h("p", {}, "Write the first words; a small language model goes on from there. Try again, continue, or steer it as often as you like."),
    h(
      "div",
      { class: "examples" },
      EXAMPLES.map((example) =>
        h(
          "button",
          { type: "button", class: "example", onclick: () => start(example.text) },
          h("span", { class: "example-title" }, example.title),
          h("span", { class: "example-text" }, example.text, h("span", { class: "cursor", "aria-hidden": "true" }, "▌")),
        ),
      ),
    ),
  );
}
