import { language } from "./language.js";
import { adminTexts as english } from "./texts/admin-en.js";

/** In the language of the user, in English if that cannot be loaded. */
async function load() {
  try {
    if (language === "de") return (await import("./texts/admin-de.js")).adminTexts;
    if (language === "ar") return (await import("./texts/admin-ar.js")).adminTexts;
  } catch {
    // The page works without a translation.
  }
  return english;
}

/** The texts of the administration, which only operators load. */
export const adminTexts = await load();
