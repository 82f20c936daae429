// Requests to Inkling. Every failure is one sentence.

import { uuid } from "./dom.js";

export class ApiError extends Error {
  constructor(message, code, retryAfter = null) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

async function request(path, init) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new ApiError("I can't reach Inkling; is it still running? Your text is kept.", "offline");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  const error = body?.error ?? { code: "unreadable", message: `Inkling answered ${response.status} and nothing I can read.` };
  throw new ApiError(error.message, error.code, Number(response.headers.get("Retry-After")) || null);
}

export const get = (path) => request(path, {});

export const post = (path, body) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const channelPath = (channel) => `/api/channels/${encodeURIComponent(channel)}`;

export const session = (channel) => get(`/api/session?channel=${encodeURIComponent(channel)}`);

export const history = (channel, before = null) =>
  get(`${channelPath(channel)}/history${before ? `?before=${before}` : ""}`);

export const send = (channel, text, event_id, isPrivate) =>
  post(`${channelPath(channel)}/messages`, { text, event_id, private: isPrivate });

export const details = (id) => get(`/api/results/${id}`);

export const alternatives = (id) => get(`/api/results/${id}/alternatives`);

export const tree = (id, sample) => get(`/api/results/${id}/tree?sample=${sample}`);

export const fileOf = (id, sample, form, isDark) =>
  `/api/results/${id}/story?form=${form}&sample=${sample}&theme=${isDark ? "dark" : "light"}`;

export const act = (id, action, body = {}) => post(`/api/results/${id}/${action}`, { event_id: uuid(), ...body });
