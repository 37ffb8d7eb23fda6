//! A server.

import { randomBytes } from "node:crypto";

import { ApiError, InvalidResponseError, MayflyError } from "./errors.js";
import { type Call, Transport } from "./http.js";
import { segment } from "./inbox.js";
import { Mailbox } from "./mailbox.js";
import { NEW_SANDBOX_KEYS, Sandbox, SandboxWithPassword } from "./sandbox.js";
import type { Account, Domain, MailboxInfo, NewSandbox, SandboxInfo, SandboxRequest } from "./types.js";
import { Tokens, Webhooks } from "./user.js";

const DEFAULT_SERVER = "http://127.0.0.1:8080";
const REQUEST_TIMEOUT_MS = 30_000;
const WAIT_TIMEOUT_MS = 30_000;
/** How an API token of a Pro user begins. */
const PRO_TOKEN = "tm_pro_";
/** 32 characters, so that each byte gives one with equal probability. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** How a server is used. */
export interface MayflyOptions {
  /** The URL; by default `MAYFLY_SERVER`, else `http://127.0.0.1:8080`. */
  server?: string | undefined;
  /** The API token or JWT of a Pro user, who then owns the mailboxes; by default `MAYFLY_TOKEN` if that is an API token. */
  token?: string | undefined;
  /** Milliseconds for one call; 30,000 by default. */
  requestTimeoutMs?: number | undefined;
  /** Milliseconds for a wait that names none; 30,000 by default. A function is called at each wait. */
  waitTimeoutMs?: number | (() => number) | undefined;
}

/** What a mailbox is created with. */
export interface NewMailbox {
  /** By default random, on the server's default domain. With an API token that has limits, it fits them. */
  address?: string;
  /** By default random. */
  password?: string;
}

/** A Mayfly server. */
export class Mayfly {
  /** The API tokens of the Pro user. */
  readonly tokens: Tokens;
  /** The webhooks of the Pro user. */
  readonly webhooks: Webhooks;
  readonly #transport: Transport;
  readonly #token: string | undefined;
  readonly #waitTimeoutMs: () => number;
  #randomAddresses: { prefix: string; domain: string } | undefined;

  constructor(options: MayflyOptions = {}) {
    const { MAYFLY_SERVER, MAYFLY_TOKEN } = process.env;
    const server = options.server ?? (MAYFLY_SERVER || DEFAULT_SERVER);
    this.#transport = new Transport(server, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
    // The variable can have the token of a mailbox, which creates none.
    this.#token = options.token ?? (MAYFLY_TOKEN?.startsWith(PRO_TOKEN) ? MAYFLY_TOKEN : undefined);
    const wait = options.waitTimeoutMs ?? WAIT_TIMEOUT_MS;
    this.#waitTimeoutMs = typeof wait === "number" ? () => wait : wait;
    this.tokens = new Tokens(this.#transport, () => this.#proToken());
    this.webhooks = new Webhooks(this.#transport, () => this.#proToken());
  }

  /** The URL of the server, without a slash at the end. */
  get server(): string {
    return this.#transport.server;
  }

  /** Creates a mailbox. One that exists is signed in to, if the password is right. */
  async createMailbox(options: NewMailbox = {}): Promise<Mailbox> {
    const address = options.address ?? (await this.#randomAddress());
    const password = options.password ?? randomWord(26);
    try {
      // With these, a repeated call finds the mailbox that the first one created.
      return await this.#signedIn("/api/accounts", { address, password }, this.#token);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "address_taken")) {
        throw error;
      }
      try {
        return await this.signIn(address, password);
      } catch {
        throw error;
      }
    }
  }

  /** Signs in to a mailbox. */
  signIn(address: string, password: string): Promise<Mailbox> {
    return this.#signedIn("/api/token", { address, password });
  }

  /** The mailbox of a token, such as one from `mayfly mailbox create`. */
  async openMailbox(token: string): Promise<Mailbox> {
    const call: Call = { method: "GET", path: "/api/me", token };
    const { id, address } = await this.#transport.json<MailboxInfo>(call, ["id", "address"]);
    return new Mailbox(this.#transport, { id, address, token }, this.#waitTimeoutMs);
  }

  /** The mailboxes of the Pro user. */
  async mailboxes(): Promise<Account[]> {
    const call: Call = { method: "GET", path: "/pro/api/accounts", token: this.#proToken() };
    return this.#transport.list<Account>(call, "accounts");
  }

  /** Deletes a mailbox of the Pro user with its mail. Its address cannot be used again. */
  async deleteMailbox(id: string): Promise<void> {
    await this.#transport.send({ method: "DELETE", path: `/pro/api/accounts/${segment(id)}`, token: this.#proToken() });
  }

  /** Creates a sandbox for an application. Needs the token of a Pro user. */
  async createSandbox(name: string, options: Omit<SandboxRequest, "name"> = {}): Promise<SandboxWithPassword> {
    const token = this.#proToken();
    const call: Call = { method: "POST", path: "/pro/api/sandboxes", token, body: { ...options, name } };
    const created = await this.#transport.json<NewSandbox>(call, NEW_SANDBOX_KEYS);
    return new SandboxWithPassword(this.#transport, token, created, this.#waitTimeoutMs);
  }

  /** The sandboxes of the Pro user. */
  async sandboxes(): Promise<Sandbox[]> {
    const token = this.#proToken();
    const call: Call = { method: "GET", path: "/pro/api/sandboxes", token };
    const sandboxes = await this.#transport.list<SandboxInfo>(call, "sandboxes");
    return sandboxes.map((sandbox) => new Sandbox(this.#transport, token, sandbox, this.#waitTimeoutMs));
  }

  /** The sandbox with a name, such as that of an application which is deployed. */
  async sandbox(name: string): Promise<Sandbox> {
    const found = (await this.sandboxes()).find((sandbox) => sandbox.name === name);
    if (found === undefined) {
      throw new MayflyError(`${this.server}: no sandbox has the name ${JSON.stringify(name)}`);
    }
    return found;
  }

  /** Registers a Pro user; returns a JWT, which is valid for 7 days: `new Mayfly({ token })`. */
  register(email: string, password: string): Promise<string> {
    return this.#userToken("/pro/api/register", email, password);
  }

  /** Signs in as a Pro user; returns a JWT, as `register` does. */
  login(email: string, password: string): Promise<string> {
    return this.#userToken("/pro/api/login", email, password);
  }

  /** The domains on which mailboxes can be created. */
  async domains(): Promise<Domain[]> {
    return this.#transport.list<Domain>({ method: "GET", path: "/api/domains" }, "domains");
  }

  #proToken(): string {
    if (this.#token === undefined) {
      throw new MayflyError("this call needs a Pro user: set token, or MAYFLY_TOKEN to an API token");
    }
    return this.#token;
  }

  async #userToken(path: string, email: string, password: string): Promise<string> {
    const call: Call = { method: "POST", path, body: { email, password } };
    return (await this.#transport.json<{ token: string }>(call, ["token"])).token;
  }

  async #randomAddress(): Promise<string> {
    if (this.#randomAddresses === undefined) {
      // A token whose address would not fit is answered that nothing is there.
      const limits = this.#token?.startsWith(PRO_TOKEN) ? (await this.tokens.current()).limits : null;
      const domain = limits?.domains?.[0] ?? (await this.#defaultDomain());
      this.#randomAddresses = { prefix: limits?.address_prefix ?? "", domain };
    }
    const { prefix, domain } = this.#randomAddresses;
    return `${prefix}${randomWord(12)}@${domain}`;
  }

  async #defaultDomain(): Promise<string> {
    const found = (await this.domains()).find((domain) => domain.default);
    if (found === undefined) {
      throw new InvalidResponseError(`${this.server}: no default domain`);
    }
    return found.domain;
  }

  async #signedIn(path: string, body: { address: string; password: string }, token?: string): Promise<Mailbox> {
    const call: Call = { method: "POST", path, token, body, isRepeatable: true };
    const answer = await this.#transport.send(call);
    if (path === "/api/accounts" && answer.status === 200) {
      throw new MayflyError(`${this.server}: asks for a proof of work for a new mailbox: set the token of a Pro user`);
    }
    const keys = ["id", "address", "token"] as const;
    const created = this.#transport.parse<{ id: string; address: string; token: string }>(answer, keys);
    return new Mailbox(this.#transport, { ...created, password: body.password }, this.#waitTimeoutMs);
  }
}

/** A random word with 5 bits a character. */
function randomWord(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
