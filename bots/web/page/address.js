// Where one is, in the address: #channel or #channel/thread. So Back closes a thread, and reload keeps it open.

const THREAD = /^[0-9A-Z]{26}$/;

// → { channel, thread }; what can't be read is empty.
export function read() {
  try {
    const [channel, thread = ""] = decodeURIComponent(location.hash.slice(1)).split("/");
    return { channel, thread: THREAD.test(thread) ? thread : null };
  } catch {
    return { channel: "", thread: null };
  }
}

const hash = (channel, thread) => `#${encodeURIComponent(channel)}${thread ? `/${thread}` : ""}`;

// A thread that opens is one step; another one in its place is none.
export function showThread(channel, thread) {
  const { thread: shown } = read();
  if (shown === thread) return;
  if (shown) history.replaceState(history.state, "", hash(channel, thread));
  else history.pushState({ over: true }, "", hash(channel, thread));
}

// Closing goes back the step that opening was, so that Back doesn't open the thread again.
export function hideThread(channel) {
  if (!read().thread) return;
  if (history.state?.over) history.back();
  else history.replaceState(null, "", hash(channel));
}
