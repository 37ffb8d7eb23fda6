import { download, explain, send } from "./api.js";
import { button, dialog, fill, h, size, toast } from "./dom.js";
import { messagePath } from "./source.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Attachment} Attachment */
/** @typedef {import("./source.js").Source} Source */

/** Larger attachments are only offered for download. */
const MAX_PREVIEW_BYTES = 10 * 1024 * 1024;
const MAX_TEXT_BYTES = 1024 * 1024;
/** Types that browsers show as an image without running anything; SVG is not one of them. */
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
const TEXTS = ["application/json", "application/xml", "application/x-yaml", "message/rfc822"];
const PDF = "application/pdf";

/** @param {Attachment} one @returns {"image" | "text" | "pdf" | null} */
function previewOf(one) {
  const type = one.content_type.split(";", 1)[0].trim().toLowerCase();
  if (one.size > MAX_PREVIEW_BYTES) return null;
  if (IMAGES.includes(type)) return "image";
  if (type === PDF) return "pdf";
  return type.startsWith("text/") || TEXTS.includes(type) ? "text" : null;
}

/** The attachments of a message. @param {Source} source @param {import("./api.js").Message} message */
export function attachments(source, message) {
  if (!message.attachments.length) return null;
  return h("ul", { class: "attachments", "aria-label": texts.attachments }, ...message.attachments.map((one) => {
    const name = one.filename || texts.unnamed(one.index);
    const path = `${messagePath(source, message.id)}/attachments/${one.index}`;
    const save = () => download(path, source.token, name).catch((error) => toast(explain(error), "bad"));
    const kind = previewOf(one);
    return h("li", {},
      h("span", { class: "name", dir: "auto", title: name }, name),
      h("small", {}, `${one.content_type} · ${size(one.size)}`),
      h("span", { class: "row" },
        kind ? button(texts.preview, () => preview(source, path, name, kind), "small") : null,
        h("button", { type: "button", class: "small", "aria-label": `${texts.download}: ${name}`, onclick: save }, texts.download)));
  }));
}

/**
 * Shows an attachment. Its bytes get the type of the preview, never one that a browser would run.
 * @param {Source} source @param {string} path @param {string} name @param {"image" | "text" | "pdf"} kind
 */
async function preview(source, path, name, kind) {
  const body = h("div", { class: "preview-body" }, h("p", { class: "hint", role: "status" }, texts.loading));
  const box = dialog(name, body);
  box.classList.add("wide");
  try {
    const bytes = await (await send("GET", path, source.token)).blob();
    if (kind === "text") {
      fill(body, h("pre", { class: "source", tabindex: "0", dir: "auto" }, (await bytes.slice(0, MAX_TEXT_BYTES).text())));
      return;
    }
    const url = URL.createObjectURL(new Blob([bytes], { type: kind === "pdf" ? PDF : IMAGES.find((type) => bytes.type.startsWith(type)) ?? "image/png" }));
    box.addEventListener("close", () => URL.revokeObjectURL(url));
    fill(body, kind === "pdf"
      // No browser shows a PDF in a sandboxed frame. Its own viewer in another tab keeps the document away from this page.
      ? h("p", {}, h("a", { href: url, target: "_blank", rel: "noopener" }, texts.openPdf))
      : h("img", { src: url, alt: name, onerror: () => fill(body, h("p", { class: "problem", role: "alert" }, texts.noPreview)) }));
  } catch (error) {
    fill(body, h("p", { class: "problem", role: "alert" }, explain(error)));
  }
}
