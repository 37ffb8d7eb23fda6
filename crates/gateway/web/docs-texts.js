import { language } from "./language.js";
import { docsTexts as english } from "./texts/docs-en.js";

/** In the language of the user, in English if that cannot be loaded. */
async function load() {
  try {
    if (language === "de") return (await import("./texts/docs-de.js")).docsTexts;
    if (language === "ar") return (await import("./texts/docs-ar.js")).docsTexts;
  } catch {
    // The page works without a translation.
  }
  return english;
}

/** The texts of the API documentation, which the other pages do not load. */
export const docsTexts = await load();
