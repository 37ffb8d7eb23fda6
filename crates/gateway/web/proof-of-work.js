import { ApiError } from "./api.js";
import { sha256 } from "./sha256.js";

/** @typedef {{t: number, n: string, d: number}} Proof */

/** How long the page computes before it handles events again. */
const SLICE_MS = 25;
/** How often a harder proof is solved: the server asks for more while others create mailboxes from the same address. */
const MAX_PROOFS = 4;

/**
 * Creates a mailbox, with a proof of work if the server requires one.
 * @param {string} address
 * @param {(body: {pow?: Proof}) => Promise<Response>} create
 * @returns {Promise<any>} The body of the answer.
 */
export async function withProof(address, create) {
  /** @type {Response} */
  let response;
  try {
    response = await create({});
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "pow_required") throw error;
    // A proof of no bits is valid, and the answer says how many are needed.
    response = await create({ pow: { t: Math.floor(Date.now() / 1000), n: "", d: 0 } });
  }
  let answer = await response.json();
  for (let left = MAX_PROOFS; answer.status === "retry" && left > 0; left -= 1) {
    response = await create({ pow: await solve(address.trim().toLowerCase(), secondsOf(response), answer.required_difficulty) });
    answer = await response.json();
  }
  if (answer.status === "retry") throw new ApiError(429, "rate_limited", "");
  return answer;
}

/** The time of the server. @param {Response} response */
function secondsOf(response) {
  const date = Date.parse(response.headers.get("date") ?? "");
  return Math.floor((Number.isNaN(date) ? Date.now() : date) / 1000);
}

/** @param {string} address @param {number} t @param {number} d @returns {Promise<Proof>} */
async function solve(address, t, d) {
  const prefix = `${address}${t}`;
  for (let n = 0, paused = performance.now(); ; n += 1) {
    if (sha256Begins(prefix + n, d)) return { t, n: String(n), d };
    if (n % 512 === 0 && performance.now() - paused > SLICE_MS) {
      await new Promise((resolve) => { setTimeout(resolve); });
      paused = performance.now();
    }
  }
}

const encoder = new TextEncoder();

/** Whether the SHA-256 of a text begins with zero bits. @param {string} text @param {number} bits 0 to 32 */
function sha256Begins(text, bits) {
  return Math.clz32(new DataView(sha256(encoder.encode(text)).buffer).getUint32(0)) >= bits;
}
