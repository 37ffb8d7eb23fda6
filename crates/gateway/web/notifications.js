import { h } from "./dom.js";
import { senderOf } from "./message-list.js";
import { fragment } from "./route.js";
import { texts } from "./texts.js";

const KEY = "mayfly.notifications";

function stored() {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

let isOn = stored();
window.addEventListener("storage", (event) => { if (event.key === KEY || event.key === null) isOn = stored(); });

/** @param {boolean} isWanted */
function turn(isWanted) {
  isOn = isWanted;
  try {
    localStorage.setItem(KEY, isWanted ? "on" : "off");
  } catch {
    // It lasts until the page is closed.
  }
}

/** Whether the browser can show notifications: only pages over HTTPS or on this machine may. */
const isSupported = () => window.isSecureContext && "Notification" in window;

/** Shows a notification; returns whether the browser can. @param {string} title @param {NotificationOptions} options @param {() => void} [onclick] */
function show(title, options, onclick) {
  try {
    const shown = new Notification(title, options);
    shown.onclick = () => {
      shown.close();
      window.focus();
      onclick?.();
    };
    return true;
  } catch {
    // Browsers of phones have the interface, and throw here.
    return false;
  }
}

/** Turns notifications on: asks for permission, and shows an example. Returns why that failed, else null. */
async function enable() {
  if (!isSupported()) return texts.notificationsUnsupported;
  if (await Notification.requestPermission() !== "granted") return texts.notificationsDenied;
  return show(texts.name, { body: texts.notificationsOn, tag: KEY }) ? null : texts.notificationsUnsupported;
}

/** Whether new messages are notified of. */
function isActive() {
  return isOn && isSupported() && Notification.permission === "granted";
}

/** The switch that turns notifications on and off. The browser asks for permission when it is turned on. */
export function notificationSwitch() {
  const problem = h("p", { class: "problem", role: "alert" });
  const box = h("input", { type: "checkbox", role: "switch", checked: isActive(), onchange: async () => {
    const failure = box.checked ? await enable() : null;
    problem.textContent = failure ?? "";
    if (failure) box.checked = false;
    turn(box.checked);
  } });
  if (isOn && !isActive()) problem.textContent = isSupported() ? texts.notificationsDenied : texts.notificationsUnsupported;
  return h("div", { class: "switch" }, h("label", { class: "row" }, box, texts.notifications), problem);
}

/**
 * Notifies of a new message while the page is hidden. A click opens the message. The tag is the message, so that several
 * tabs show one notification.
 * @param {import("./api.js").Item} item @param {string} address of its mailbox
 */
export function notifyReceived(item, address) {
  if (!document.hidden || item.is_read || !isActive()) return;
  show(senderOf(item), { body: item.subject || texts.noSubject, tag: item.id }, () => { location.hash = fragment(address, item.id); });
}
