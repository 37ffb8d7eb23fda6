/** @typedef {"text" | "tag" | "attribute" | "value" | "comment"} Kind */
/** @typedef {{kind: Kind, text: string}} Token */

/** Elements whose content has no tags. */
const RAW = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

/**
 * Cuts HTML into tokens for its colors. Together they are exactly the input. The time is linear in the input, whatever it
 * is, and what follows after a number of tokens is one text.
 * @param {string} html @param {number} maxTokens @returns {Token[]}
 */
export function tokenize(html, maxTokens) {
  return new Tokenizer(html, maxTokens).run();
}

class Tokenizer {
  at = 0;
  /** @type {Token[]} */
  tokens = [];

  /** @param {string} html @param {number} maxTokens */
  constructor(html, maxTokens) {
    this.html = html;
    this.maxTokens = maxTokens;
  }

  run() {
    while (this.hasMore()) {
      if (this.matches(/<!--/y)) this.push("comment", this.after(/--!?>/g, this.at + 2));
      else if (this.matches(/<[!?]/y)) this.push("comment", this.after(/>/g, this.at));
      else if (this.matches(/<\/?[a-z]/iy)) this.tag();
      else this.push("text", this.before(/<(?:[!?]|\/?[a-z])/gi, this.at));
    }
    this.push("text", this.html.length);
    return this.tokens;
  }

  hasMore() {
    return this.at < this.html.length && this.tokens.length < this.maxTokens;
  }

  tag() {
    const name = this.html.slice(this.at, this.endOf(/<\/?[a-z][^\s/>]*/iy)).toLowerCase();
    this.take("tag", /<\/?[a-z][^\s/>]*/iy);
    while (this.hasMore()) {
      if (this.take("tag", />/y)) break;
      if (this.take("text", /[\s/]+/y)) continue;
      this.take("attribute", /[^\s/>][^\s/>=]*/y);
      if (!this.take("text", /\s*=\s*/y)) continue;
      if (this.matches(/["']/y)) this.push("value", this.after(this.html[this.at] === '"' ? /"/g : /'/g, this.at + 1));
      else this.take("value", /[^\s>]+/y);
    }
    const raw = RAW.find((one) => name === `<${one}`);
    if (raw) this.push("text", this.before(new RegExp(`</${raw}(?=[\\s/>])`, "gi"), this.at));
  }

  /** Whether a pattern matches here. @param {RegExp} sticky */
  matches(sticky) {
    sticky.lastIndex = this.at;
    return sticky.test(this.html);
  }

  /** Where the match of a pattern ends that begins here; here if there is none. @param {RegExp} sticky */
  endOf(sticky) {
    return this.matches(sticky) ? sticky.lastIndex : this.at;
  }

  /** Where the next match of a pattern begins; the end if there is none. @param {RegExp} pattern @param {number} from */
  before(pattern, from) {
    pattern.lastIndex = from;
    return pattern.exec(this.html)?.index ?? this.html.length;
  }

  /** Where the next match of a pattern ends; the end if there is none. @param {RegExp} pattern @param {number} from */
  after(pattern, from) {
    pattern.lastIndex = from;
    return pattern.test(this.html) ? pattern.lastIndex : this.html.length;
  }

  /** Takes what matches here as a token; returns whether there is something. @param {Kind} kind @param {RegExp} sticky */
  take(kind, sticky) {
    const end = this.endOf(sticky);
    if (end === this.at) return false;
    this.push(kind, end);
    return true;
  }

  /** @param {Kind} kind @param {number} end */
  push(kind, end) {
    if (end > this.at) this.tokens.push({ kind, text: this.html.slice(this.at, end) });
    this.at = end;
  }
}
