//! Mayfly: disposable mailboxes for tests.

export * from "./errors.js";
export type { components } from "./api.js";
export type { CodeOptions, Inbox, WaitOptions } from "./inbox.js";
export { Mailbox } from "./mailbox.js";
export { Mayfly, type MayflyOptions, type NewMailbox } from "./mayfly.js";
export { Sandbox } from "./sandbox.js";
export type {
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
  SandboxRequest,
} from "./types.js";
