import { fill, h, size } from "./dom.js";
import { number, timeFormat } from "./language.js";
import { texts } from "./texts.js";

/** @typedef {{day: string, messages: number, bytes: number}} Day */

/** A day in the format of the user. Days are in UTC. @param {Day} day */
export function dayOf(day) {
  return timeFormat({ day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(day.day));
}

/**
 * Messages per day as a bar chart. The pointer or the arrow keys (as on a slider) select a day, whose values are shown
 * below as text. The bars are hidden from screen readers, which read the text of the slider.
 */
export class UsageChart extends HTMLElement {
  /** @type {Day[]} */
  days = [];
  /** @type {HTMLElement[]} */
  bars = [];
  chosen = 0;
  plot = h("div", {
    class: "plot", tabindex: "0", role: "slider", "aria-label": texts.chart,
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    onpointermove: (/** @type {PointerEvent} */ event) => this.point(event),
    onpointerdown: (/** @type {PointerEvent} */ event) => this.point(event),
  });
  caption = h("p", { class: "caption", "aria-hidden": "true" });

  /** @param {Day[]} days oldest first */
  show(days) {
    this.days = days;
    const most = Math.max(1, ...days.map((day) => day.messages));
    this.bars = days.map((day) => {
      const bar = h("span", { class: day.messages ? "bar-of-day" : "bar-of-day none" });
      // Set as a property: the content security policy blocks style attributes.
      bar.style.height = `${(100 * day.messages) / most}%`;
      return h("span", { class: "day" }, bar);
    });
    fill(this.plot, ...this.bars);
    this.plot.style.columnGap = `${Math.min(2, 20 / days.length)}%`;
    this.plot.setAttribute("aria-valuemin", "0");
    this.plot.setAttribute("aria-valuemax", String(days.length - 1));
    fill(this,
      h("p", { class: "scale", "aria-hidden": "true" }, number(most)), this.plot,
      h("p", { class: "date-range", "aria-hidden": "true" }, h("span", {}, dayOf(days[0])), h("span", {}, dayOf(days[days.length - 1]))),
      this.caption);
    this.choose(days.length - 1);
  }

  /** @param {number} index */
  choose(index) {
    this.chosen = Math.min(this.days.length - 1, Math.max(0, index));
    for (const [at, bar] of this.bars.entries()) bar.classList.toggle("chosen", at === this.chosen);
    const day = this.days[this.chosen];
    const text = texts.onDay(dayOf(day), texts.messages(day.messages), size(day.bytes));
    this.caption.textContent = text;
    this.plot.setAttribute("aria-valuenow", String(this.chosen));
    this.plot.setAttribute("aria-valuetext", text);
  }

  /** @param {PointerEvent} event */
  point(event) {
    const box = this.plot.getBoundingClientRect();
    this.choose(Math.floor(((event.clientX - box.left) / box.width) * this.days.length));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: this.chosen - 1, ArrowDown: this.chosen - 1, ArrowRight: this.chosen + 1, ArrowUp: this.chosen + 1,
      PageUp: this.chosen + 7, PageDown: this.chosen - 7, Home: 0, End: this.days.length - 1,
    };
    if (!Object.hasOwn(to, event.key)) return;
    event.preventDefault();
    this.choose(to[event.key]);
  }
}

customElements.define("usage-chart", UsageChart);
