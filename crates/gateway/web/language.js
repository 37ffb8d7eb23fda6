/** The languages that the page has texts in. English is the fallback. @typedef {"en" | "de" | "ar"} Language */
/** @type {Language[]} */
const LANGUAGES = ["en", "de", "ar"];
/** @type {Language[]} */
const RIGHT_TO_LEFT = ["ar"];

/** @param {string} tag such as `de-AT` @returns {Language | undefined} */
function languageOf(tag) {
  const [wanted] = tag.toLowerCase().split(/[^a-z]/, 1);
  return LANGUAGES.find((one) => one === wanted);
}

/** The first of the user's languages that the page has, and its locale: the language with its region. @param {readonly string[]} wanted */
function choose(wanted) {
  for (const tag of wanted) {
    const language = languageOf(tag);
    if (language) return { language, locale: isLocale(tag) ? tag : language };
  }
  return { language: LANGUAGES[0], locale: LANGUAGES[0] };
}

/** Some systems name languages that formats refuse, such as `en-US@posix`. @param {string} tag */
function isLocale(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

export const { language, locale } = choose(navigator.languages);

/** The direction of a language. @param {Language} one */
export function directionOf(one) {
  return RIGHT_TO_LEFT.includes(one) ? "rtl" : "ltr";
}

/** A format of times. Dates of mail are Gregorian, also where the region has another calendar. @param {Intl.DateTimeFormatOptions} options */
export function timeFormat(options) {
  return new Intl.DateTimeFormat(locale, { calendar: "gregory", ...options });
}

const numberFormat = new Intl.NumberFormat(locale);

/** A number in the digits of the user. @param {number} value */
export function number(value) {
  return numberFormat.format(value);
}

const UNITS = /** @type {[string, number][]} */ ([["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]);

/** A time span in the largest unit that expresses it without a rest. @param {number} secs */
export function duration(secs) {
  const [unit, unitSecs] = UNITS.find(([, one]) => secs % one === 0) ?? UNITS[3];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(secs / unitSecs);
}

/** The IANA name of the time zone of the browser; null where it has none, such as an offset alone. */
export function timeZone() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return /^[A-Za-z]/.test(timeZone) && timeZone !== "Etc/Unknown" ? timeZone : null;
}
