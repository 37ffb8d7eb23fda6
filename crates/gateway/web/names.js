const FIRST = "amber autumn brave bright calm clever cool coral crisp dawn early fair fern gentle glad golden green happy hazel honest ivory jolly keen kind lucky lunar merry misty mossy neat noble olive proud quick quiet rapid ruby sandy silver snowy solar sunny swift tidy violet warm wild wise".split(" ");
const SECOND = "badger beaver bison brook canyon cedar cloud comet crane creek delta dune falcon field finch forest fox garden glade grove harbor hare heron hill island lake lark lynx maple meadow moon moth otter owl panda peak pine pond raven reef river robin seal sparrow spruce star stone swan tern valley willow wren".split(" ");
const SIGNS = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A number below a bound, each equally likely. @param {number} bound */
function below(bound) {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  const draw = new Uint32Array(1);
  do crypto.getRandomValues(draw); while (draw[0] >= limit);
  return draw[0] % bound;
}

/** A local part that can be read aloud: two words and four digits. */
export function randomName() {
  return `${FIRST[below(FIRST.length)]}-${SECOND[below(SECOND.length)]}-${1000 + below(9000)}`;
}

/** A password of about 115 bits. */
export function randomPassword() {
  return Array.from({ length: 20 }, () => SIGNS[below(SIGNS.length)]).join("");
}
