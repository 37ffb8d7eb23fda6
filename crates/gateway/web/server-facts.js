import { call } from "./api.js";
import { duration } from "./language.js";
import { texts } from "./texts.js";

/** @type {Promise<{retention_secs: number | null}> | null} */
let facts = null;

/** How long the server keeps mail, in seconds; null if it does not say. @returns {Promise<number | null>} */
export async function retentionSecs() {
  try {
    facts ??= call("GET", "/web/server.json", null);
    return (await facts).retention_secs;
  } catch {
    // Asked again by the next view.
    facts = null;
    return null;
  }
}

/** How long messages are kept, for the user; empty if that is unknown. @param {number | null} secs */
export const keptText = (secs) => (secs ? texts.keptFor(duration(secs)) : "");
