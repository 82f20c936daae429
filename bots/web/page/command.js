// Reading and writing options in a typed /complete. The server reads it anew; this only has to agree with it.

const VALUE = /^("(?:\\.|[^"\\])*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|'[^']*'|‘[^’]*’|[^\s"“„«]\S*)/;
const FLAG = /^(?:--|[—–]|-(?=[a-zA-Z](?:[\s=]|$)))([a-zA-Z][\w-]*)(=)?/;
const PAIR = /^([a-zA-Z][\w-]*)([=:])(?=\S)/;
const COMPLETE = /^\/complete(?:\s+|$)/i;
const SWITCHES = new Set(["private", "cut"]);
const ESCAPES = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', s: " " };

let names = new Map();

export function learnOptions(specs) {
  names = new Map([["preset", "preset"], ["model", "model"], ["private", "private"], ["cut", "cut"]]);
  for (const spec of specs) for (const name of [spec.name, ...spec.aliases]) names.set(name, spec.name);
}

const canonical = (name) => names.get(name.toLowerCase().replaceAll("-", "_"));

function unquote(value) {
  const inner = value.length > 1 && "\"'“„«‘".includes(value[0]) ? value.slice(1, -1) : value;
  return inner.replace(/\\([ntrs\\"])/g, (_, letter) => ESCAPES[letter]);
}

// → { isComplete, options: [{name, value, start, end}], promptStart }; offsets are into `text`.
export function parse(text) {
  const head = COMPLETE.exec(text);
  if (!head) return { isComplete: false, options: [], promptStart: 0 };
  const options = [];
  let at = head[0].length;
  for (;;) {
    const rest = text.slice(at);
    const ends = /^prompt:[ \t]*/i.exec(rest) ?? /^(?:--|[—–])(?:\s|$)/.exec(rest);
    if (ends) return { isComplete: true, options, promptStart: at + ends[0].length };
    const option = readOption(rest);
    if (!option) return { isComplete: true, options, promptStart: at };
    options.push({ name: option.name, value: option.value, start: at, end: at + option.length });
    at += option.length;
    at += /^\s*/.exec(text.slice(at))[0].length;
  }
}

function readOption(rest) {
  const flag = FLAG.exec(rest);
  const pair = flag ?? PAIR.exec(rest);
  const name = pair && canonical(pair[1]);
  if (!name) return null;
  if (flag && SWITCHES.has(name) && !flag[2]) return { name, value: "true", length: flag[0].length };
  const gap = /^[ \t]*/.exec(rest.slice(pair[0].length))[0].length;
  const value = VALUE.exec(rest.slice(pair[0].length + gap));
  if (!value) return null;
  return { name, value: unquote(value[1]), length: pair[0].length + gap + value[0].length };
}

export const written = (value) =>
  /^[^\s"“„«'‘\\]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;

// The text with an option set to these values (several only for stop), or without it when there are none.
export function setOption(text, name, values) {
  let { isComplete, options, promptStart } = parse(text);
  if (!isComplete) {
    if (!values.length) return text;
    const looksLikeOption = /^\s*(?:-|—|–|[a-zA-Z][\w-]*[=:])/.test(text);
    text = `/complete ${looksLikeOption ? "prompt: " : ""}${text}`;
    ({ options, promptStart } = parse(text));
    if (looksLikeOption) promptStart = "/complete ".length;
  }
  const mine = options.filter((option) => option.name === name);
  const written_ = values.map((value) => `${name}=${written(String(value))}`).join(" ");
  if (mine.length) return replaceSpans(text, mine, written_);
  const at = options.length ? options.at(-1).end : "/complete".length;
  return `${text.slice(0, at)} ${written_}${text.slice(at).startsWith(" ") ? "" : " "}${text.slice(at)}`;
}

function replaceSpans(text, spans, replacement) {
  let result = text;
  for (const [index, { start, end }] of [...spans.entries()].reverse()) {
    const insert = index === 0 ? replacement : "";
    const tail = result.slice(end);
    result = result.slice(0, start) + insert + (insert ? tail : tail.replace(/^\s/, ""));
  }
  return result;
}

export function valuesOf(text) {
  const values = new Map();
  for (const { name, value } of parse(text).options) {
    if (name === "stop") values.set(name, [...(values.get(name) ?? []), value]);
    else values.set(name, value);
  }
  return values;
}
