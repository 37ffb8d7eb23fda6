import { directionOf, language } from "./language.js";
import { texts as english } from "./texts/en.js";

/** @typedef {import("./texts/en.js").Texts} Texts */

/** Texts in the language of the user, in English if they cannot be loaded. Only this language is loaded besides English. */
async function load() {
  try {
    if (language === "de") return { texts: (await import("./texts/de.js")).texts, language };
    if (language === "ar") return { texts: (await import("./texts/ar.js")).texts, language };
  } catch {
    // The page works without a translation.
  }
  return { texts: english, language: /** @type {const} */ ("en") };
}

const loaded = await load();
document.documentElement.lang = loaded.language;
document.documentElement.dir = directionOf(loaded.language);

/** All texts of the page. */
export const texts = loaded.texts;
