// The stream of everything that happens, and what to do when it breaks.

import { byId, h } from "./dom.js";

const NAMES = ["result", "removed", "session", "history", "health"];

// `handlers.hello` runs at every (re)connection, before the events that follow it.
export function connect(handlers) {
  let source = null;
  let timer = null;
  let failures = 0;

  const open = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("/api/events");
    source.addEventListener("hello", () => {
      failures = 0;
      showLost(null);
      handlers.hello();
    });
    for (const name of NAMES) source.addEventListener(name, (event) => handlers[name](JSON.parse(event.data)));
    source.onerror = () => {
      source.close();
      failures += 1;
      showLost(open);
      handlers.lost();
      timer = setTimeout(open, Math.min(15000, 500 * 2 ** Math.min(failures, 5)));
    };
  };
  addEventListener("online", open);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  open();
}

function showLost(retry) {
  const banner = byId("connection");
  const wasLost = !banner.hidden;
  banner.hidden = retry === null;
  if (retry === null || wasLost) return;
  banner.replaceChildren(
    h("span", {}, "The connection to Inkling is lost; I keep trying. Nothing you wrote is lost."),
    h("button", { type: "button", class: "quiet", onclick: retry }, "Try now"),
  );
}
