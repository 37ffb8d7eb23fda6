import { ApiError, call } from "./api.js";
import { sha256 } from "./sha256.js";

/**
 * A challenge of ALTCHA: find a counter, so that the key that is derived from it begins with a prefix.
 * @typedef {{parameters: {algorithm: string, cost: number, keyPrefix: string, nonce: string, salt: string}, signature: string}} Challenge
 */

/** How long the page computes before it handles events again. */
const SLICE_MS = 25;
/** How often another challenge is solved: one expires while a computer sleeps. */
const MAX_CHALLENGES = 2;

/**
 * Calls the API with a solved captcha.
 * @template T
 * @param {(headers: Record<string, string>) => Promise<T>} send
 * @returns {Promise<T>}
 */
export async function withCaptcha(send) {
  for (let left = MAX_CHALLENGES; ; left -= 1) {
    const solution = await solve(await call("GET", "/web/captcha.json", null));
    try {
      return await send({ "X-Captcha": solution });
    } catch (error) {
      if (left === 1 || !(error instanceof ApiError) || error.code !== "invalid_captcha") throw error;
    }
  }
}

/** The solution in base64. @param {Challenge} challenge */
export async function solve(challenge) {
  const { algorithm, cost, keyPrefix, nonce, salt } = challenge.parameters;
  if (algorithm !== "SHA-256") throw new ApiError(0, "internal_error", algorithm);
  const input = Uint8Array.from([...bytesOf(salt), ...bytesOf(nonce), 0, 0, 0, 0]);
  const view = new DataView(input.buffer);
  for (let counter = 0, paused = performance.now(); ; counter += 1) {
    view.setUint32(input.length - 4, counter);
    let key = input;
    for (let round = 0; round < cost; round += 1) key = sha256(key);
    const derivedKey = hexOf(key);
    if (derivedKey.startsWith(keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    if (performance.now() - paused > SLICE_MS) {
      await new Promise((resolve) => { setTimeout(resolve); });
      paused = performance.now();
    }
  }
}

/** @param {string} hex */
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Uint8Array} bytes */
const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
