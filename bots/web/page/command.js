// Reading and writing options in a typed /complete. The server reads it anew; this only has to agree with it.

const VALUE = /^("(?:\\[^]|[^"\\])*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|'[^']*'|‘[^’]*’|[^\s"“„«]\S*)/;
const FLAG = /^(?:--|[—–]|-(?=n(?:[\s=]|$)))([a-zA-Z][\w-]{0,40})([=:])?/;
const PAIR = /^([a-zA-Z][\w-]{0,40})([=:])(?=\S)/;
const SPACED_PAIR = /^([a-zA-Z][\w-]{0,40}):[ \t]+/;
const PROMPT = /^(?:(?:--)?prompt[:=]|--prompt(?=\s))[ \t]*/i;
const ENDS = /^--(?:\s|$)/;
const ENDS_AFTER_OPTIONS = /^(?:--|[—–])(?:\s|$)/;
const BEHIND = new RegExp(
  `(?<=\\s)--(?:(?:no[-_])?(?:private|cut)(?:[=:]\\S+)?|([a-zA-Z][\\w-]{0,40})(?:[=:][ \\t]*|[ \\t]+)${VALUE.source.slice(1)})(?:\\s+|$)`,
  "gi",
);
const BEHIND_CHARACTERS = 1000;
const COMPLETE = /^\/complete(?:\s+|$)/i;
const SWITCHES = new Set(["private", "cut"]);
const ESCAPES = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', s: " " };

let names = new Map();

export function learnOptions(specs) {
  names = new Map([["preset", "preset"], ["model", "model"], ["private", "private"], ["cut", "cut"]]);
  for (const spec of specs) for (const name of [spec.name, ...spec.aliases]) names.set(name, spec.name);
}

const canonical = (name) => names.get(name.toLowerCase().replaceAll("-", "_"));

// A typographic dash begins an option only before a known name in small letters; else it is the prompt's own.
const isFlag = (flag) => !"—–".includes(flag[0][0]) || (flag[1] === flag[1].toLowerCase() && Boolean(canonical(flag[1])));

function unquote(name, value) {
  const inner = value.length > 1 && "\"'“„«‘".includes(value[0]) ? value.slice(1, -1) : value;
  if (name !== "stop") return inner;
  return inner.replace(/\\([ntrs\\"])/g, (_, letter) => ESCAPES[letter]);
}

// → { isComplete, options: [{name, value, start, end, behind}], promptStart, promptEnd }; offsets are into `text`.
export function parse(text) {
  const head = COMPLETE.exec(text);
  if (!head) return { isComplete: false, options: [], promptStart: 0, promptEnd: text.length };
  const before = readOptions(text, head[0].length);
  const promptEnd = before.signed ? text.length : endOfPrompt(text, before.at);
  const behind = readOptions(text, promptEnd).options.map((option) => ({ ...option, behind: true }));
  return { isComplete: true, options: [...before.options, ...behind], promptStart: before.at, promptEnd };
}

// Options one after the other from `at` on. `signed`: `--` or `prompt:` ended them.
function readOptions(text, at) {
  const hasPromptSign = /prompt:/i.test(text);
  const options = [];
  for (;;) {
    const rest = text.slice(at);
    const ends = PROMPT.exec(rest) ?? (options.length ? ENDS_AFTER_OPTIONS : ENDS).exec(rest);
    if (ends) return { options, at: at + ends[0].length, signed: true };
    const option = readOption(rest, hasPromptSign);
    if (!option) break;
    options.push({ name: option.name, value: option.value, start: at, end: at + option.length });
    at += option.length;
    at += /^\s*/.exec(text.slice(at))[0].length;
  }
  return { options, at, signed: false };
}

// Where the flags behind the prompt begin, or the text's end.
function endOfPrompt(text, promptStart) {
  let begin = 0;
  let end = 0;
  BEHIND.lastIndex = Math.max(promptStart, text.length - BEHIND_CHARACTERS);
  for (let flag = BEHIND.exec(text); flag; flag = BEHIND.exec(text)) {
    if (flag[1] && !canonical(flag[1])) continue;
    if (flag.index !== end) begin = flag.index;
    end = flag.index + flag[0].length;
  }
  return end === text.length ? begin : text.length;
}

function readOption(rest, hasPromptSign) {
  const dashed = FLAG.exec(rest);
  const flag = dashed && isFlag(dashed) ? dashed : null;
  const pair = flag ?? PAIR.exec(rest) ?? (hasPromptSign ? SPACED_PAIR.exec(rest) : null);
  const negated = flag && /^no[-_](private|cut)$/i.exec(flag[1]);
  if (negated) return { name: negated[1].toLowerCase(), value: "false", length: flag[0].length };
  const name = pair && canonical(pair[1]);
  if (!name) return null;
  if (flag && SWITCHES.has(name) && !flag[2]) return { name, value: "true", length: flag[0].length };
  const gap = /^[ \t]*/.exec(rest.slice(pair[0].length))[0].length;
  const value = VALUE.exec(rest.slice(pair[0].length + gap));
  if (!value) return null;
  return { name, value: unquote(name, value[1]), length: pair[0].length + gap + value[0].length };
}

const escaped = (stop) => stop.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t");

// A value as it is typed. Only stop strings have escapes.
export function written(name, value) {
  if (/^[^\s"“„«'‘\\]+$/.test(value)) return value;
  return `"${name === "stop" ? escaped(value) : value}"`;
}

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
  const inPlace = mine[0]?.behind ? (value) => `--${name}=${value}` : (value) => `${name}=${value}`;
  const written_ = values.map((value) => inPlace(written(name, String(value)))).join(" ");
  if (mine.length) return replaceSpans(text, mine, written_);
  const at = options.findLast((option) => !option.behind)?.end ?? "/complete".length;
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

// The beginning of a command with the options of this one and no text yet; empty when it has none.
export function beginningOf(text) {
  const options = [...valuesOf(text)].flatMap(([name, value]) => [].concat(value).map((each) => `${name}=${written(name, each)}`));
  return options.length ? `/complete ${options.join(" ")} ` : "";
}

export const promptOf = (text) => {
  const { promptStart, promptEnd } = parse(text);
  return text.slice(promptStart, promptEnd);
};

// Only the text; what would be read as a command keeps the sign that it is none.
export function withoutOptions(text) {
  const prompt = promptOf(text);
  return prompt.startsWith("/") ? `/complete prompt: ${prompt}` : prompt;
}

// Options, and nothing to finish yet.
export const isBare = (text) => parse(text).options.length > 0 && !promptOf(text).trim();
