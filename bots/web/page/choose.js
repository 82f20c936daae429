// Choosing otherwise: the completion token by token; each opens what else could stand there, one of which is gone on with.

import { h } from "./dom.js";

export class Chooser {
  constructor(taken, branch) {
    this.branch = branch;
    this.done = () => {};
    this.others = h("div", { class: "choose-others", role: "group", hidden: true });
    this.complaint = h("p", { class: "complaint", role: "alert", hidden: true });
    this.tokens = taken.map((each) => this.token(each));
    this.el = h("section", { class: "insight" },
      h("h3", {}, "Choose otherwise"),
      h("p", { class: "insight-note" }, "Press a token to see what else could stand there, and go on with that instead."),
      h("div", { class: "choose-tokens", role: "group", "aria-label": "The completion's tokens" }, this.tokens),
      this.others,
      this.complaint,
    );
  }

  token(taken) {
    const label = taken.percent === null ? taken.token : `${taken.token}, ${taken.percent}`;
    const pressed = { type: "button", class: "choose-token", title: label, "aria-pressed": "false", disabled: !taken.others.length };
    const token = h("button", { ...pressed, onclick: () => this.open(token, taken) }, taken.token);
    return token;
  }

  open(token, taken) {
    for (const each of this.tokens) each.setAttribute("aria-pressed", String(each === token));
    this.complaint.hidden = true;
    this.others.hidden = false;
    this.others.setAttribute("aria-label", `Instead of ${taken.token}`);
    this.others.replaceChildren(...taken.others.map((other) => this.other(taken, other)));
    this.others.querySelector("button").focus();
  }

  other(taken, other) {
    const go = () => this.go({ kept: taken.kept, taken: taken.text, token: other.text });
    return h("button", { type: "button", class: "button small", onclick: go }, h("span", {}, other.token), h("small", {}, other.percent));
  }

  async go(fork) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.complaint.hidden = true;
    try {
      await this.branch(fork);
      this.done();
    } catch (problem) {
      this.complaint.textContent = problem.message;
      this.complaint.hidden = false;
    } finally {
      this.isBusy = false;
    }
  }
}
