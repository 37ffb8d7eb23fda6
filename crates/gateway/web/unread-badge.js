import { under } from "./api.js";
import { number } from "./language.js";
import { texts } from "./texts.js";

/** The side of the icon in pixels. Browsers scale it down. */
const SIDE = 64;
/** A larger number does not fit on the icon. */
const MAX_COUNT = 99;

const link = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
const plainUrl = link.href;
/** @type {Promise<HTMLImageElement> | null} */
let plainIcon = null;
/** What the icon shows. */
let label = "";

/** Shows the number of unread messages in the title and on the icon of the page. @param {number} count */
export function showUnread(count) {
  document.title = count ? `(${number(count)}) ${texts.name}` : texts.name;
  const next = count > MAX_COUNT ? `${MAX_COUNT}+` : count ? String(count) : "";
  if (next === label) return;
  label = next;
  plainIcon ??= load();
  // Without the image the title alone shows the number.
  plainIcon.then((icon) => { if (next === label) setIcon(next ? draw(icon, next) : plainUrl); }).catch(() => {});
}

/** @returns {Promise<HTMLImageElement>} */
async function load() {
  const icon = new Image(SIDE, SIDE);
  icon.src = under("/web/icon.svg");
  await icon.decode();
  return icon;
}

/** @param {string} url */
function setIcon(url) {
  link.type = url === plainUrl ? "image/svg+xml" : "image/png";
  link.href = url;
}

/** The icon with a text in its lower corner. @param {HTMLImageElement} icon @param {string} text */
function draw(icon, text) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  if (!context) return plainUrl;
  const [width, height] = [Math.min(SIDE, 18 + 20 * text.length), 40];
  context.drawImage(icon, 0, 0, SIDE, SIDE);
  context.fillStyle = "#a3271b";
  context.beginPath();
  context.roundRect(SIDE - width, SIDE - height, width, height, 14);
  context.fill();
  context.fillStyle = "#fff";
  context.font = "bold 36px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, SIDE - width / 2, SIDE - height / 2 + 2, width - 6);
  return canvas.toDataURL("image/png");
}
