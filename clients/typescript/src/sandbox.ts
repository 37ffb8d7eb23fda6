//! Sandboxes.

import type { Call, Transport } from "./http.js";
import { Inbox, segment } from "./inbox.js";
import type { NewSandbox, SandboxChange, SandboxInfo } from "./types.js";

/** A sandbox: the messages that an application sent with its login, to any address. */
export class Sandbox extends Inbox {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly #transport: Transport;
  readonly #token: string;
  readonly #waitTimeoutMs: () => number;

  /** @internal Sandboxes come from a `Mayfly`. */
  constructor(transport: Transport, token: string, sandbox: SandboxInfo, waitTimeoutMs: () => number) {
    super({
      transport,
      token,
      label: `the sandbox ${JSON.stringify(sandbox.name)}`,
      all: "/pro/api/messages",
      messages: `/pro/api/accounts/${sandbox.account_id}/messages`,
      accountId: sandbox.account_id,
      waitTimeoutMs,
    });
    this.id = sandbox.id;
    this.name = sandbox.name;
    this.host = sandbox.smtp.host;
    this.port = sandbox.smtp.port;
    this.username = sandbox.username;
    this.#transport = transport;
    this.#token = token;
    this.#waitTimeoutMs = waitTimeoutMs;
  }

  /** Changes the settings that are named. */
  async update(change: SandboxChange): Promise<SandboxInfo> {
    return this.#transport.json<SandboxInfo>(this.#call("PATCH", "", change), ["id", "name"]);
  }

  /** Sets another password. The old one is refused at once. */
  async rotatePassword(): Promise<SandboxWithPassword> {
    const rotated = await this.#transport.json<NewSandbox>(this.#call("POST", "/rotate"), NEW_SANDBOX_KEYS);
    return new SandboxWithPassword(this.#transport, this.#token, rotated, this.#waitTimeoutMs);
  }

  /** Deletes the sandbox with its mail. */
  async delete(): Promise<void> {
    await this.#transport.send(this.#call("DELETE", ""));
  }

  #call(method: Call["method"], path: string, body?: unknown): Call {
    return { method, path: `/pro/api/sandboxes/${segment(this.id)}${path}`, token: this.#token, body };
  }
}

/** A sandbox whose password is known: it was created or its password was rotated. */
export class SandboxWithPassword extends Sandbox {
  /** Everything that an application needs, password included: `smtp://sb_…:mfs_…@host:port`. */
  readonly url: string;
  readonly password: string;

  /** @internal Sandboxes come from a `Mayfly`. */
  constructor(transport: Transport, token: string, sandbox: NewSandbox, waitTimeoutMs: () => number) {
    super(transport, token, sandbox, waitTimeoutMs);
    this.url = sandbox.url;
    this.password = sandbox.password;
  }

  /** `SMTP_URL`, `SMTP_HOST`, `SMTP_PORT`, `SMTP_USERNAME` and `SMTP_PASSWORD`, for the environment of an application. */
  env(): Record<string, string> {
    return {
      SMTP_URL: this.url,
      SMTP_HOST: this.host,
      SMTP_PORT: String(this.port),
      SMTP_USERNAME: this.username,
      SMTP_PASSWORD: this.password,
    };
  }
}

/** @internal What the answer with a password has. */
export const NEW_SANDBOX_KEYS = ["id", "account_id", "url", "smtp", "password"] as const;
