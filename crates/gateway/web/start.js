import { ApiError, call, explain, send } from "./api.js";
import { button, field, fill, form, h } from "./dom.js";
import { randomName, randomPassword } from "./names.js";
import { withProof } from "./proof-of-work.js";
import { remember } from "./session.js";
import { texts } from "./texts.js";

/** How many random names are tried when a name is taken. */
const MAX_ATTEMPTS = 3;

/** Creates a mailbox with a random name on the default domain, and stores it. Returns its address. */
export async function quickMailbox() {
  const domain = (await domains())[0];
  for (let left = MAX_ATTEMPTS; ; left -= 1) {
    try {
      return await createMailbox(`${randomName()}@${domain}`, randomPassword());
    } catch (error) {
      if (left === 1 || !(error instanceof ApiError) || error.code !== "address_taken") throw error;
    }
  }
}

/** @param {string} address @param {string} password @returns {Promise<string>} */
async function createMailbox(address, password) {
  const create = (/** @type {object} */ proof, headers = {}) => send("POST", "/api/accounts", null, { address, password, ...proof }, { headers });
  const account = await withProof(address, async (pow) => {
    try {
      return await create(pow);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "captcha_required") throw error;
      return (await import("./captcha.js")).withCaptcha((headers) => create(pow, headers));
    }
  });
  remember({ ...account, password });
  return account.address;
}

/** The public domains, the default first. @returns {Promise<string[]>} */
export async function domains() {
  const answer = await call("GET", "/api/domains", null);
  /** @type {{domain: string, default: boolean, pro_only: boolean}[]} */
  const list = answer.domains;
  return list.filter((one) => !one.pro_only).sort((a, b) => Number(b.default) - Number(a.default)).map((one) => one.domain);
}

/** A form that creates a mailbox with a name of the user's choice. @param {(address: string) => void} done */
export function chooseForm(done) {
  const select = h("select", { name: "domain" });
  const problem = h("p", { class: "problem", role: "alert" });
  /** @type {Promise<string[]>} */
  let listed;
  const load = async () => {
    fill(problem);
    listed = domains();
    try {
      fill(select, ...(await listed).map((name) => h("option", { value: name }, name)));
    } catch (error) {
      fill(problem, explain(error), " ", button(texts.retry, load, "small"));
    }
  };
  void load();
  return form([
    field(texts.localPart, h("input", { name: "name", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
    field(texts.domain, select), problem,
  ], texts.create, async (data) => {
    // A user can be faster than the list of domains.
    await listed;
    done(await createMailbox(`${data.get("name")}@${select.value}`, randomPassword()));
  }, explain);
}

/** A form that signs in to a mailbox. @param {(address: string) => void} done @param {string} [address] */
export function signInForm(done, address = "") {
  return form([
    field(texts.address, h("input", { name: "address", type: "email", required: true, autocomplete: "username", value: address })),
    field(texts.password, h("input", { name: "password", type: "password", required: true, autocomplete: "current-password" })),
  ], texts.signIn, async (data) => {
    const answer = await call("POST", "/api/token", null, { address: data.get("address"), password: data.get("password") });
    remember({ ...answer, password: null });
    done(answer.address);
  }, explain);
}
