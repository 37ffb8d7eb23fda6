// The page has English texts in itself, for browsers without scripts.
import { texts } from "./texts.js";

const { title, heading, text, link } = texts.notFound;
document.title = `${title} · ${texts.name}`;
for (const [selector, shown] of [["h1", heading], [".lead", text], ["main a", link]]) {
  const element = document.querySelector(selector);
  if (element) element.textContent = shown;
}
