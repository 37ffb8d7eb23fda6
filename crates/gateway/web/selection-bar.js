import { button, fill, h } from "./dom.js";
import { texts } from "./texts.js";

/** The actions on chosen messages. It fires `act` with the name of an action. */
export class SelectionBar extends HTMLElement {
  /** What is rendered, so that the focus stays while messages arrive. */
  shown = "";
  /** Whether the whole list can be deleted. */
  canRemoveAll = true;

  /**
   * @param {Set<string> | null} chosen null while nothing is chosen
   * @param {number} [count] of all messages in the list
   * @param {"none" | "search" | "found"} [search] whether the list is that of a search, and all that it finds is chosen
   */
  show(chosen, count = 0, search = "none") {
    const next = JSON.stringify([chosen?.size ?? null, count === chosen?.size, count === 0, search]);
    if (next === this.shown) return;
    const focused = document.activeElement instanceof HTMLElement && this.contains(document.activeElement) ? document.activeElement.dataset.act : undefined;
    this.shown = next;
    const act = (/** @type {string} */ action, /** @type {string} */ label, isDisabled = false) => {
      const one = button(label, () => this.dispatchEvent(new CustomEvent("act", { detail: action })), "small");
      one.dataset.act = action;
      one.disabled = isDisabled;
      return one;
    };
    this.classList.toggle("choosing", chosen !== null);
    if (!chosen) {
      fill(this, count ? act("begin", texts.select) : null);
    } else {
      const isNone = chosen.size === 0;
      const isFound = search === "found";
      fill(this, h("span", { class: "hint", role: "status" }, isFound ? texts.chosenFound : texts.chosen(chosen.size)),
        act("all", chosen.size === count ? texts.chooseNone : texts.chooseAll),
        act("read", texts.markRead, isNone), act("unread", texts.markUnread, isNone), act("remove", texts.remove, isNone),
        isFound ? null : search !== "none" ? act("found", texts.chooseFound, count === 0) : this.canRemoveAll ? act("removeAll", texts.deleteAll) : null,
        act("end", texts.done));
    }
    const again = [...this.querySelectorAll("button")].find((one) => one.dataset.act === focused && !one.disabled) ?? this.querySelector("button");
    if (focused) again?.focus();
  }
}

customElements.define("selection-bar", SelectionBar);
