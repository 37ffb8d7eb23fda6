import globals from "globals";

const rules = {
  "no-undef": "error", "no-unused-vars": "error", "no-var": "error", "prefer-const": "error", eqeqeq: "error",
  "no-eval": "error", "no-implied-eval": "error", "no-new-func": "error",
};
// A mail is only ever text: nothing on the page may read a string as HTML.
const readers = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "srcdoc", "write"];
const onlyText = { "no-restricted-properties": ["error", ...readers.map((property) => ({ property }))] };

// Run from crates/gateway.
export default [
  { files: ["web/**/*.js"], languageOptions: { globals: globals.browser }, rules: { ...rules, ...onlyText } },
  { files: ["web-tests/**/*.js"], languageOptions: { globals: { ...globals.node, ...globals.browser } }, rules },
];
