/**
 * Where the reader is in a list: how many messages are loaded, and which is the first visible one. A tab remembers it
 * for each list, so that a reload continues there.
 * @typedef {{count: number, anchor: import("./message-list.js").Anchor | null}} Place
 */

/** @param {string} list */
const keyOf = (list) => `mayfly.place.${list}`;

/** @param {string} list @returns {Place | null} */
export function savedPlace(list) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(list)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} list @param {Place} place */
export function savePlace(list, place) {
  try {
    sessionStorage.setItem(keyOf(list), JSON.stringify(place));
  } catch {
    // Without storage a reload begins at the newest message.
  }
}
