//! A server.

import { randomBytes } from "node:crypto";

import { ApiError, InvalidResponseError, MayflyError } from "./errors.js";
import { type Call, Transport } from "./http.js";
import { Mailbox } from "./mailbox.js";
import { Sandbox } from "./sandbox.js";
import type { Domain, MailboxInfo, NewSandbox, SandboxRequest } from "./types.js";

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
  /** By default random, on the server's default domain. */
  address?: string;
  /** By default random. */
  password?: string;
}

/** A Mayfly server. */
export class Mayfly {
  readonly #transport: Transport;
  readonly #token: string | undefined;
  readonly #waitTimeoutMs: () => number;
  #defaultDomain: string | undefined;

  constructor(options: MayflyOptions = {}) {
    const { MAYFLY_SERVER, MAYFLY_TOKEN } = process.env;
    const server = options.server ?? (MAYFLY_SERVER || DEFAULT_SERVER);
    this.#transport = new Transport(server, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
    // The variable can have the token of a mailbox, which creates none.
    this.#token = options.token ?? (MAYFLY_TOKEN?.startsWith(PRO_TOKEN) ? MAYFLY_TOKEN : undefined);
    const wait = options.waitTimeoutMs ?? WAIT_TIMEOUT_MS;
    this.#waitTimeoutMs = typeof wait === "number" ? () => wait : wait;
  }

  /** The URL of the server, without a slash at the end. */
  get server(): string {
    return this.#transport.server;
  }

  /** Creates a mailbox. One that exists is signed in to, if the password is right. */
  async createMailbox(options: NewMailbox = {}): Promise<Mailbox> {
    const address = options.address ?? `${randomWord(12)}@${await this.#domain()}`;
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

  /** Creates a sandbox for an application. Needs the token of a Pro user. */
  async createSandbox(name: string, options: Omit<SandboxRequest, "name"> = {}): Promise<Sandbox> {
    const token = this.#token;
    if (token === undefined) {
      throw new MayflyError("a sandbox belongs to a Pro user: set token, or MAYFLY_TOKEN to an API token");
    }
    const call: Call = { method: "POST", path: "/pro/api/sandboxes", token, body: { ...options, name } };
    const created = await this.#transport.json<NewSandbox>(call, ["id", "account_id", "url", "smtp", "password"]);
    return new Sandbox(this.#transport, token, created, this.#waitTimeoutMs);
  }

  /** The domains on which mailboxes can be created. */
  async domains(): Promise<Domain[]> {
    const call: Call = { method: "GET", path: "/api/domains" };
    return (await this.#transport.json<{ domains: Domain[] }>(call, ["domains"])).domains;
  }

  async #domain(): Promise<string> {
    if (this.#defaultDomain === undefined) {
      const found = (await this.domains()).find((domain) => domain.default);
      if (found === undefined) {
        throw new InvalidResponseError(`${this.server}: no default domain`);
      }
      this.#defaultDomain = found.domain;
    }
    return this.#defaultDomain;
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
