//! Mayfly: disposable mailboxes for tests.

export * from "./errors.js";
export type { components } from "./api.js";
export type { CodeOptions, Inbox, SearchOptions, WaitOptions } from "./inbox.js";
export { Mailbox } from "./mailbox.js";
export { Mayfly, type MayflyOptions, type NewMailbox } from "./mayfly.js";
export { Sandbox, SandboxWithPassword } from "./sandbox.js";
export type {
  Account,
  Code,
  Domain,
  Link,
  LinkKind,
  MailboxInfo,
  Message,
  MessageItem,
  MessagePage,
  MessageReceived,
  NewSandbox,
  NewToken,
  NewWebhook,
  SandboxChange,
  SandboxInfo,
  SandboxRequest,
  SearchPage,
  Token,
  TokenLimits,
  Webhook,
  WebhookDelivery,
} from "./types.js";
export type { RotationOptions, TokenOptions, Tokens, WebhookOptions, Webhooks } from "./user.js";
