// What 📊 Why shows: the next token's distribution and each token's probability, as a drawing with a name on everything.

import { Chooser } from "./choose.js";
import { openDialog } from "./dialogs.js";
import { h } from "./dom.js";

const WIDTH = 360;
const ROWS = 10;
const ROW = 24;
const LABEL = 104;
const PLOT = 130;
const NAMES = 84;
const LEFT = 40;
const NAMED = 24;
const MOST_OF_PROMPT = 60;

// `branch(fork)` goes on from within the result that the insight is of, if it is of one.
export function openInsight(insight, branch = null) {
  const chooser = branch && insight.taken.some((each) => each.others.length) ? new Chooser(insight.taken, branch) : null;
  const dialog = openDialog({
    title: "Why this text",
    body: [
      h("section", { class: "insight" },
        h("h3", {}, insight.heading),
        h("p", { class: "insight-note" }, insight.shaping),
        legend(insight.legend),
        candidates(insight),
        h("p", { class: "insight-note" }, insight.kept_sentence),
      ),
      h("section", { class: "insight" },
        h("h3", {}, "How likely each token was"),
        legend([["human", "the prompt"], ["kept", "the model's completion"]]),
        chances(insight),
        h("p", { class: "insight-note" }, [insight.written_sentence, ...insight.notes].join(" ")),
      ),
      chooser && chooser.el,
      h("details", {}, h("summary", {}, "The same in words"), h("ul", { class: "insight-lines" }, insight.lines.map((line) => h("li", {}, line)))),
    ],
    wide: true,
  });
  if (chooser) chooser.done = () => dialog.close();
}

const legend = (entries) =>
  h("p", { class: "insight-legend", "aria-hidden": "true" }, entries.map(([kind, words]) => h("span", {}, h("i", { class: kind }), words)));

function candidates({ candidates: all, heading, kept_sentence: kept, legend: marks }) {
  const shown = all.slice(0, ROWS);
  const longest = Math.max(...shown.flatMap((each) => [each.given, each.tempered, each.kept]), 1e-9);
  const numbers = Math.max(...shown.map((each) => pen.measureText(each.numbers).width));
  const scale = (WIDTH - LABEL - numbers) / longest;
  const hasMiddle = marks.some(([mark]) => mark === "tempered");
  const rows = shown.map((each, place) => candidateRow(each, place * ROW, scale, hasMiddle));
  return drawing(shown.length * ROW, `${heading}. ${kept}`, rows);
}

function candidateRow(candidate, top, scale, hasMiddle) {
  const isCut = candidate.kept === 0;
  const middle = top + ROW / 2;
  const soft = isCut ? "soft " : "";
  return svg("g", { class: candidate.chosen ? "chosen" : "" },
    svg("title", {}, `${candidate.token}: ${candidate.numbers}${candidate.chosen ? ", written" : ""}`),
    svg("rect", { class: "hit", x: 0, y: top, width: WIDTH, height: ROW }),
    svg("text", { class: soft, x: LABEL - 6, y: middle, "text-anchor": "end" }, short(candidate.token, LABEL - 8)),
    bar(isCut ? "cut" : "given", LABEL, middle, candidate.given * scale, 16),
    candidate.kept ? bar("kept", LABEL, middle, candidate.kept * scale, 7) : null,
    hasMiddle ? bar(`${soft}tempered`, LABEL + candidate.tempered * scale - 1, middle, 2, 16) : null,
    svg("text", { class: `${soft}small`, x: WIDTH - 2, y: middle, "text-anchor": "end" }, candidate.numbers),
  );
}

const bar = (kind, x, middle, width, height) =>
  svg("rect", { class: kind, x, y: middle - height / 2, width: Math.max(1, width), height });

function chances({ tokens, written_sentence: written }) {
  const prompt = tokens.filter((each) => !each.written);
  const shown = [...prompt.slice(-MOST_OF_PROMPT), ...tokens.filter((each) => each.written)];
  const step = (WIDTH - LEFT - 4) / Math.max(shown.length, 4);
  const isNamed = shown.length <= NAMED;
  const parts = shown.map((each, place) => chanceBar(each, LEFT + place * step, step, isNamed));
  return drawing(PLOT + (isNamed ? NAMES : 32), written, [...scales(), ...parts, isNamed ? null : numbering(tokens.length, shown.length, step)]);
}

function chanceBar(token, x, step, isNamed) {
  const height = (token.probability ?? 0) * (PLOT - 12);
  const words = `${token.token}: ${token.percent ?? "nothing before it"} (${token.written ? "completion" : "prompt"})`;
  const gap = isNamed ? step * 0.1 : 0;
  const middle = x + step / 2;
  return svg("g", {},
    svg("title", {}, words),
    svg("rect", { class: "hit", x, y: 0, width: step, height: PLOT }),
    svg("rect", { class: token.written ? "kept" : "human", x: x + gap, y: PLOT - height, width: step - 2 * gap, height }),
    isNamed ? svg("text", { class: "small", x: 0, y: 0, transform: `translate(${middle} ${PLOT + 5}) rotate(-90)`, "text-anchor": "end" }, short(token.token, NAMES - 8)) : null,
  );
}

function scales() {
  return [0, 0.5, 1].flatMap((share) => {
    const y = PLOT - share * (PLOT - 12);
    return [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - 4, y1: y, y2: y }),
      svg("text", { class: "small soft", x: LEFT - 5, y, "text-anchor": "end" }, share === 1 ? "100%" : String(share * 100)),
    ];
  });
}

function numbering(total, shown, step) {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => shown / size <= 6) ?? 1000;
  const marks = [];
  for (let place = 0; place < shown; place += 1) {
    const number = total - shown + place + 1;
    const x = LEFT + (place + 0.5) * step;
    if (number % every || x > WIDTH - 14) continue;
    marks.push(svg("text", { class: "small soft", x, y: PLOT + 10, "text-anchor": "middle" }, String(number)));
  }
  return svg("g", {}, marks, svg("text", { class: "small soft", x: LEFT, y: PLOT + 24 }, "token of the text, counted from its first"));
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const pen = document.createElement("canvas").getContext("2d");
pen.font = `bold 12px ${getComputedStyle(document.body).fontFamily}`;

// As much of a token as has room, in pixels of the drawing.
function short(text, room) {
  if (pen.measureText(text).width <= room) return text;
  const signs = [...graphemes.segment(text.slice(0, 80))].map((each) => each.segment);
  while (signs.length && pen.measureText(`${signs.join("")}…`).width > room) signs.pop();
  return `${signs.join("")}…`;
}

function drawing(height, label, parts) {
  return svg("svg", { class: "insight-drawing", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label }, parts);
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== "") element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}
