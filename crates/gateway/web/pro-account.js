import { explain } from "./api.js";
import { button, confirmed, field, fill, form, h, toast } from "./dom.js";
import * as session from "./session.js";
import { texts } from "./texts.js";

/** @param {string} name @param {string} label @param {string} autocomplete @param {number | null} [minlength] */
const passwordField = (name, label, autocomplete, minlength = null) =>
  field(label, h("input", { name, type: "password", required: true, minlength, autocomplete }));

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask @param {() => void} restart shows the page for the session of now */
export async function showAccount(into, ask, restart) {
  const user = await ask("GET", "/pro/api/me");
  const leave = (/** @type {string} */ done) => {
    session.rememberPro(null);
    restart();
    toast(done);
  };
  const signOut = async () => {
    const tokens = /** @type {HTMLInputElement} */ (withTokens.querySelector("input")).checked;
    if (!await confirmed(tokens ? texts.signOutTokensAsk : texts.signOutAsk, texts.signOutEverywhere)) return;
    try {
      await ask("DELETE", `/pro/api/sessions?tokens=${tokens}`);
      leave(texts.signedOutEverywhere);
    } catch (error) {
      toast(explain(error), "bad");
    }
  };
  const withTokens = h("label", { class: "row" }, h("input", { type: "checkbox" }), texts.revokeTokensToo);
  fill(into, h("h1", {}, texts.account), h("p", { class: "hint" }, user.email),
    h("h2", {}, texts.changePassword),
    form([
      passwordField("current", texts.currentPassword, "current-password"),
      passwordField("password", texts.newPassword, "new-password", 8),
    ], texts.changePassword, async (data) => {
      const answer = await ask("PUT", "/pro/api/me/password", { current_password: data.get("current"), password: data.get("password") });
      session.rememberPro({ email: answer.email, token: answer.token });
      restart();
      toast(texts.passwordChanged);
    }, explain),
    h("h2", {}, texts.signOutEverywhere), withTokens, h("p", {}, button(texts.signOutEverywhere, signOut)),
    h("h2", {}, texts.deleteAccount), h("p", { class: "hint" }, texts.deleteAccountIntro),
    form([passwordField("password", texts.password, "current-password")], texts.deleteAccount, async (data) => {
      if (!await confirmed(texts.deleteAsk(user.email), texts.deleteAccount)) return;
      await ask("POST", "/pro/api/me/delete", { password: data.get("password") });
      leave(texts.accountDeleted);
    }, explain, "danger"));
}
