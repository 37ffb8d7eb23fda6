/** The fractions of the cube roots of the first 64 primes, and of the square roots of the first 8 (FIPS 180-4). */
const [K, H0] = (() => {
  /** @type {number[]} */
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (/** @type {number} */ root) => (root % 1) * 2 ** 32 | 0;
  const constants = (/** @type {(prime: number) => number} */ root, /** @type {number} */ count) => Int32Array.from(primes.slice(0, count), (prime) => fraction(root(prime)));
  return [constants(Math.cbrt, 64), constants(Math.sqrt, 8)];
})();
const w = new Int32Array(64);

/** The SHA-256 of bytes. `crypto.subtle` needs HTTPS, and takes ten times as long for short ones. @param {Uint8Array<ArrayBuffer>} bytes */
export function sha256(bytes) {
  const blocks = (bytes.length + 8 >> 6) + 1;
  const padded = new Uint8Array(blocks * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const h = Int32Array.from(H0);
  for (let block = 0; block < blocks; block += 1) compress(h, view, block * 64);
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  h.forEach((word, index) => out.setInt32(index * 4, word));
  return digest;
}

/** @param {number} x @param {number} n */
const rotate = (x, n) => x >>> n | x << 32 - n;

/** @param {Int32Array} hash @param {DataView} view @param {number} offset */
function compress(hash, view, offset) {
  const at = (/** @type {number} */ i) => w[i] ?? 0;
  for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(offset + i * 4);
  for (let i = 16; i < 64; i += 1) {
    const s0 = rotate(at(i - 15), 7) ^ rotate(at(i - 15), 18) ^ at(i - 15) >>> 3;
    const s1 = rotate(at(i - 2), 17) ^ rotate(at(i - 2), 19) ^ at(i - 2) >>> 10;
    w[i] = at(i - 16) + s0 + at(i - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = h + s1 + (e & f ^ ~e & g) + (K[i] ?? 0) + at(i) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t1 | 0;
    d = c;
    c = b;
    b = a;
    a = t1 + t2 | 0;
  }
  const sum = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i += 1) hash[i] = (hash[i] ?? 0) + (sum[i] ?? 0);
}
