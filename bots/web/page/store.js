// What the page knows: results by id, how they form stories, and which alternative of each place is shown.

import { alternatives } from "./api.js";

export const state = {
  session: null,
  channel: "general",
  openGroup: null,
  backends: [],
  loaded: false,
  hasOlder: false,
};

const results = new Map();
const chosen = new Map();
const newest = new Map();
const removed = new Set();
const listeners = new Set();
let scheduled = false;

export function onChange(listener) {
  listeners.add(listener);
}

// One rendering per frame, however many events came.
export function changed() {
  if (scheduled) return;
  scheduled = true;
  const run = () => {
    scheduled = false;
    for (const listener of listeners) listener();
  };
  if (document.hidden) setTimeout(run, 50);
  else requestAnimationFrame(run);
}

export const isEnded = (view) => ["done", "failed", "stopped"].includes(view.status);
const written = (view) => view.samples.reduce((sum, sample) => sum + sample.text.length, 0);

// The history may be a moment older than what the stream said: text never shrinks, an end stays.
function isOlder(view, known) {
  if (isEnded(known)) return !isEnded(view);
  return !isEnded(view) && written(view) < written(known);
}

// `isLive`: the stream says it, which knows better than an answer that may have left before a result was removed.
export function merge(view, isLive = false) {
  if (isLive) removed.delete(view.request_id);
  if (removed.has(view.request_id)) return null;
  const known = results.get(view.request_id);
  if (known && isOlder(view, known)) return null;
  if (!known && view.prompt === undefined) return null;
  const merged = { ...known, ...view };
  results.set(view.request_id, merged);
  if (merged.request_id > newestIn(merged.channel)) newest.set(merged.channel, merged.request_id);
  if (!known && groupOf(view.group_id).length > 1) chosen.delete(view.group_id);
  return { merged, before: known };
}

export function forget(id) {
  const view = results.get(id);
  results.delete(id);
  if (view && chosen.get(view.group_id) === id) chosen.delete(view.group_id);
}

// The latest request ever seen in a channel: a point in its time that stays when the request is forgotten.
export const newestIn = (channel) => newest.get(channel) ?? "";

// Deleted or undone: an answer still under way doesn't bring it back, the stream does.
export function remove(id) {
  removed.add(id);
  forget(id);
}

export const find = (id) => results.get(id);

const inOrder = (views) => views.sort((a, b) => (a.request_id < b.request_id ? -1 : 1));

export const groupOf = (groupId) => inOrder([...results.values()].filter((view) => view.group_id === groupId));

export function shownOf(groupId) {
  const group = groupOf(groupId);
  return group.find((view) => view.request_id === chosen.get(groupId)) ?? group.at(-1);
}

export function choose(groupId, id) {
  chosen.set(groupId, id);
  changed();
}

export function inChannel(channel) {
  return inOrder([...results.values()].filter((view) => view.channel === channel));
}

// The groups that begin a story here: nothing came before, or it isn't loaded.
export function rootGroups(channel) {
  const seen = new Set();
  for (const view of inChannel(channel)) {
    if (!view.parent_id || !results.has(view.parent_id)) seen.add(view.group_id);
  }
  return [...seen];
}

export function childGroups(id) {
  const views = inOrder([...results.values()].filter((view) => view.parent_id === id));
  return [...new Set(views.map((view) => view.group_id))];
}

export function rootOf(groupId) {
  let current = groupId;
  for (let step = 0; step < 1000; step += 1) {
    const parent = results.get(groupOf(current)[0]?.parent_id);
    if (!parent) return current;
    current = parent.group_id;
  }
  return current;
}

// A story from its beginning: each place, and what goes on from the alternative that is shown there.
export function storyOf(rootGroup) {
  const places = [];
  const waiting = [rootGroup];
  while (waiting.length && places.length < 500) {
    const groupId = waiting.shift();
    const view = shownOf(groupId);
    if (!view) continue;
    places.push({ groupId, view, alternatives: groupOf(groupId) });
    waiting.unshift(...childGroups(view.request_id));
  }
  return places;
}

// → { count, index, isEdited }: where a continuation comes from, as far as that is loaded.
export function originOf(view) {
  const parent = results.get(view.parent_id);
  const sample = parent?.samples[view.parent_sample];
  if (!sample) return null;
  return { count: parent.samples.length, index: view.parent_sample, isEdited: view.prompt !== parent.prompt + sample.text };
}

// Whether the story shown goes on from this sample.
export const isPicked = (view, index) => childGroups(view.request_id).some((group) => shownOf(group).parent_sample === index);

export function running(groups = null) {
  const open = [...results.values()].filter((view) => !isEnded(view));
  return inOrder(groups ? open.filter((view) => groups.has(view.group_id)) : open);
}

export async function loadAlternatives(id) {
  const { results: views } = await alternatives(id);
  for (const view of views) merge(view);
  changed();
}

export function choosePath(id) {
  for (let view = results.get(id); view; view = results.get(view.parent_id)) chosen.set(view.group_id, view.request_id);
}
