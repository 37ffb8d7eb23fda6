// What the theme leaves out for keyboards and screen readers.
const all = (selector) => document.querySelectorAll(selector);
// Blocks that scroll sideways can be scrolled by keyboard.
for (const block of all("pre, .table-wrapper")) block.tabIndex = 0;
for (const caption of all("p.caption[role=heading]")) caption.setAttribute("aria-level", "2");
for (const header of all("th")) if (!header.textContent.trim()) header.setAttribute("role", "presentation");
for (const [selector, label] of [["aside.sidebar-drawer", "Pages"], ["aside.toc-drawer", "Sections of this page"]]) {
  document.querySelector(selector)?.setAttribute("aria-label", label);
}
