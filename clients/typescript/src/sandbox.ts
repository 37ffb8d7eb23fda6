//! A sandbox.

import type { Transport } from "./http.js";
import { Inbox } from "./inbox.js";
import type { NewSandbox } from "./types.js";

/** A sandbox: a login for SMTP, and the messages that an application sent with it, to any address. */
export class Sandbox extends Inbox {
  readonly id: string;
  readonly name: string;
  /** Everything that an application needs, password included: `smtp://sb_…:mfs_…@host:port`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly #transport: Transport;
  readonly #token: string;

  /** @internal Sandboxes come from a `Mayfly`. */
  constructor(transport: Transport, token: string, sandbox: NewSandbox, waitTimeoutMs: () => number) {
    super({
      transport,
      token,
      label: `the sandbox ${JSON.stringify(sandbox.name)}`,
      wait: "/pro/api/messages/wait",
      messages: `/pro/api/accounts/${sandbox.account_id}/messages`,
      accountId: sandbox.account_id,
      waitTimeoutMs,
    });
    this.id = sandbox.id;
    this.name = sandbox.name;
    this.url = sandbox.url;
    this.host = sandbox.smtp.host;
    this.port = sandbox.smtp.port;
    this.username = sandbox.username;
    this.password = sandbox.password;
    this.#transport = transport;
    this.#token = token;
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

  /** Deletes the sandbox with its mail. */
  async delete(): Promise<void> {
    await this.#transport.send({ method: "DELETE", path: `/pro/api/sandboxes/${this.id}`, token: this.#token });
  }
}
