//! A mailbox.

import type { Transport } from "./http.js";
import { Inbox } from "./inbox.js";
import type { MailboxInfo } from "./types.js";

/** A mailbox and its token. */
export interface MailboxCredentials {
  id: string;
  address: string;
  /** A JWT, valid for 7 days. */
  token: string;
  /** Known if the mailbox was created or signed in to with it. */
  password?: string | undefined;
}

/** A mailbox: an address that receives mail, and its messages. */
export class Mailbox extends Inbox {
  readonly id: string;
  readonly address: string;
  readonly token: string;
  readonly password: string | undefined;
  readonly #transport: Transport;

  /** @internal Mailboxes come from a `Mayfly`. */
  constructor(transport: Transport, credentials: MailboxCredentials, waitTimeoutMs: () => number) {
    const { id, address, token, password } = credentials;
    super({
      transport,
      token,
      label: address,
      all: "/api/messages",
      messages: "/api/messages",
      waitTimeoutMs,
    });
    this.id = id;
    this.address = address;
    this.token = token;
    this.password = password;
    this.#transport = transport;
  }

  /** Quota, used bytes and time of creation. */
  info(): Promise<MailboxInfo> {
    return this.#transport.json<MailboxInfo>({ method: "GET", path: "/api/me", token: this.token }, ["id", "address"]);
  }

  /** Delivers a message with a code and a link to this mailbox, without SMTP: shows that waiting works. Returns its id. */
  async sendTestMessage(): Promise<string> {
    const call = { method: "POST", path: "/api/test-message", token: this.token } as const;
    return (await this.#transport.json<{ id: string }>(call, ["id"])).id;
  }

  /** Deletes the mailbox with its mail. Its address cannot be used again. */
  async delete(): Promise<void> {
    await this.#transport.send({ method: "DELETE", path: "/api/me", token: this.token });
  }
}
