/**
 * The place that the URL names, in its fragment: `#address/message` in the inbox, `#section/mailbox/message` in the
 * dashboard. Every mailbox and message has a URL that survives a reload and can be sent to another tab.
 * @returns {string[]}
 */
export function segments() {
  return location.hash.slice(1).split("?", 1)[0].split("/").filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** The search of the place that the URL names: `#address?q=…`. */
export function query() {
  return new URLSearchParams(location.hash.split("?")[1] ?? "").get("q") ?? "";
}

/** @param {string} text */
const suffix = (text) => (text ? `?q=${encodeURIComponent(text)}` : "");

/** Names a search in the URL, in place of an earlier one. @param {string} text */
export function setQuery(text) {
  if (text !== query()) history.replaceState(history.state, "", fragment(...segments()) + suffix(text) || location.pathname);
}

/** The fragment of a place. @param {(string | null | undefined)[]} parts */
export function fragment(...parts) {
  const named = parts.filter((part) => part !== null && part !== undefined);
  return named.length ? `#${named.map((part) => encodeURIComponent(part).replaceAll("%40", "@")).join("/")}` : "";
}

/**
 * Goes to a place: a new entry of the history, unless it replaces the current one.
 * @param {(string | null | undefined)[]} parts
 * @param {boolean} [isReplacing]
 * @param {unknown} [state] of the entry
 */
export function go(parts, isReplacing = false, state = null) {
  // A message that was found belongs to its search.
  const isSameList = parts[0] === segments()[0];
  const url = fragment(...parts) + (isSameList ? suffix(query()) : "") || location.pathname;
  if (isReplacing) history.replaceState(state, "", url);
  else if (url !== location.hash) history.pushState(state, "", url);
}

/**
 * Opens a message of a list, or its list. Every entry counts the messages between it and the list, so that leaving a
 * message goes back to the list as the browser's Back does.
 * @param {(string | null | undefined)[]} list the place of the list
 * @param {string | null} message
 * @param {boolean} isReplacing whether the message takes the place of the open one
 */
export function leaveOrOpen(list, message, isReplacing) {
  const depth = /** @type {number} */ (history.state?.depth ?? 0);
  if (message !== null) go([...list, message], isReplacing, { depth: isReplacing ? depth : depth + 1 });
  else if (!isReplacing && depth) history.go(-depth);
  else go(list, true);
}
