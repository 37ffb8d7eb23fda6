//! What belongs to a Pro user: API tokens and webhooks.

import { idempotent, type Transport } from "./http.js";
import { segment } from "./inbox.js";
import type { NewToken, NewWebhook, Token, TokenLimits, Webhook, WebhookDelivery } from "./types.js";

/** What restricts an API token. Without any of it the token may do whatever its user may. */
export interface TokenOptions {
  /** What it may do, such as `["accounts:write", "messages:read"]`; docs/PRO.md has the table. */
  scopes?: string[];
  /** What it may act on. */
  limits?: TokenLimits;
  /** When it ends, from 1 minute to 366 days ahead. */
  expires_at?: Date | string;
}

/** How an API token is replaced. */
export interface RotationOptions {
  /** How long the old token stays valid, such as `24h`. By default it is revoked at once. */
  overlap?: string;
  /** When the new token ends; by default it lives as long as the old one was to live. */
  expires_at?: Date | string;
}

/** What a webhook receives. */
export interface WebhookOptions {
  /** A query, as of a search: only messages that fulfil it are sent. */
  filter?: string;
}

/** The part of the API under one path, as a Pro user. */
class Resource {
  readonly #transport: Transport;
  readonly #token: () => string;
  readonly #path: string;

  constructor(transport: Transport, token: () => string, path: string) {
    this.#transport = transport;
    this.#token = token;
    this.#path = path;
  }

  list<T extends object>(path: string, key: string): Promise<T[]> {
    return this.#transport.list<T>({ method: "GET", path: this.#path + path, token: this.#token() }, key);
  }

  get<T extends object>(path: string, ...keys: (keyof T & string)[]): Promise<T> {
    return this.#transport.json<T>({ method: "GET", path: this.#path + path, token: this.#token() }, keys);
  }

  /** Every POST below has an idempotency key, so that a repetition has no second effect. */
  post<T extends object>(path: string, body: unknown, ...keys: (keyof T & string)[]): Promise<T> {
    const call = { method: "POST", path: this.#path + path, token: this.#token(), body, ...idempotent() } as const;
    return this.#transport.json<T>(call, keys);
  }

  put<T extends object>(path: string, body: unknown, ...keys: (keyof T & string)[]): Promise<T> {
    return this.#transport.json<T>({ method: "PUT", path: this.#path + path, token: this.#token(), body }, keys);
  }

  async delete(path: string): Promise<void> {
    await this.#transport.send({ method: "DELETE", path: this.#path + path, token: this.#token() });
  }
}

/** The API tokens of a Pro user. A token with scopes, limits or an expiry can only call `current`. */
export class Tokens {
  readonly #tokens: Resource;

  /** @internal */
  constructor(transport: Transport, token: () => string) {
    this.#tokens = new Resource(transport, token, "/pro/api/tokens");
  }

  /** Creates a token. Its value is in this answer only. */
  async create(name: string, options: TokenOptions = {}): Promise<NewToken> {
    return this.#tokens.post<NewToken>("", { ...options, name }, "id", "token");
  }

  /** Every token, revoked and expired ones too. */
  async list(): Promise<Token[]> {
    return this.#tokens.list<Token>("", "tokens");
  }

  /** The token that makes the calls: what it may do, and when it ends. */
  async current(): Promise<Token> {
    return this.#tokens.get<Token>("/current", "id", "scopes");
  }

  /** Replaces a token by another with the same name, scopes and limits. */
  async rotate(id: string, options: RotationOptions = {}): Promise<NewToken> {
    return this.#tokens.post<NewToken>(`/${segment(id)}/rotate`, options, "id", "token");
  }

  /** Revokes a token: no request that begins after the answer is accepted with it. */
  async revoke(id: string): Promise<void> {
    await this.#tokens.delete(`/${segment(id)}`);
  }
}

/** The webhooks of a Pro user. */
export class Webhooks {
  readonly #webhooks: Resource;

  /** @internal */
  constructor(transport: Transport, token: () => string) {
    this.#webhooks = new Resource(transport, token, "/pro/api/webhooks");
  }

  /** Creates a webhook. Its secret is in this answer only. */
  async create(url: string, options: WebhookOptions = {}): Promise<NewWebhook> {
    return this.#webhooks.post<NewWebhook>("", { ...options, url }, "id", "secret");
  }

  async list(): Promise<Webhook[]> {
    return this.#webhooks.list<Webhook>("", "webhooks");
  }

  /** Sets the filter of a webhook, or removes it with null. It applies to messages that arrive later. */
  async setFilter(id: string, filter: string | null): Promise<Webhook> {
    return this.#webhooks.put<Webhook>(`/${segment(id)}`, { filter }, "id");
  }

  async delete(id: string): Promise<void> {
    await this.#webhooks.delete(`/${segment(id)}`);
  }

  /** Creates another secret and returns it. Both sign for a day, and a failed webhook is active again. */
  async rotateSecret(id: string): Promise<string> {
    return (await this.#webhooks.post<{ secret: string }>(`/${segment(id)}/rotate`, undefined, "secret")).secret;
  }

  /** Sends a sample; returns the id of its event. */
  async test(id: string): Promise<string> {
    return (await this.#webhooks.post<{ event_id: string }>(`/${segment(id)}/test`, undefined, "event_id")).event_id;
  }

  /** The newest 20 attempts to deliver an event. */
  async deliveries(id: string): Promise<WebhookDelivery[]> {
    return this.#webhooks.list<WebhookDelivery>(`/${segment(id)}/deliveries`, "deliveries");
  }

  /** Sends an event again, with its id; returns that id. */
  async replay(id: string, deliveryId: string): Promise<string> {
    const path = `/${segment(id)}/deliveries/${segment(deliveryId)}/replay`;
    return (await this.#webhooks.post<{ event_id: string }>(path, undefined, "event_id")).event_id;
  }
}
