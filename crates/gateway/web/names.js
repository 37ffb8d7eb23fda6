const FIRST = "amber autumn brave bright calm clever cool coral crisp dawn early fair fern gentle glad golden green happy hazel honest ivory jolly keen kind lucky lunar merry misty mossy neat noble olive proud quick quiet rapid ruby sandy silver snowy solar sunny swift tidy violet warm wild wise".split(" ");
const SECOND = "badger beaver bison brook canyon cedar cloud comet crane creek delta dune falcon field finch forest fox garden glade grove harbor hare heron hill island lake lark lynx maple meadow moon moth otter owl panda peak pine pond raven reef river robin seal sparrow spruce star stone swan tern valley willow wren".split(" ");
const ALPHABET = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A uniformly distributed integer below a bound (rejection sampling). @param {number} bound */
function randomBelow(bound) {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  const sample = new Uint32Array(1);
  do crypto.getRandomValues(sample); while (sample[0] >= limit);
  return sample[0] % bound;
}

/** A pronounceable local part: two words and four digits. */
export function randomName() {
  return `${FIRST[randomBelow(FIRST.length)]}-${SECOND[randomBelow(SECOND.length)]}-${1000 + randomBelow(9000)}`;
}

/** A password of about 115 bits. */
export function randomPassword() {
  return Array.from({ length: 20 }, () => ALPHABET[randomBelow(ALPHABET.length)]).join("");
}
