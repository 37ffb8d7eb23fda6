//! Names for the schemas of the OpenAPI document.

import type { components, operations } from "./api.js";

type Schemas = components["schemas"];

/** A whole message. */
export type Message = Schemas["Message"];
/** A message in a list. */
export type MessageItem = Schemas["MessageItem"];
/** A message as a wait finds it. */
export type MessageReceived = Schemas["MessageReceived"];
/** A page of messages, newest first. */
export type MessagePage = Schemas["MessagePage"];
/** A one-time code. */
export type Code = Schemas["Code"];
/** A link. */
export type Link = Schemas["Link"];
/** The purpose of a link; `verify` also means a link to sign in with. */
export type LinkKind = Schemas["LinkKind"];
/** A domain for mailboxes. */
export type Domain = Schemas["SystemDomain"];
/** The mailbox of a token. */
export type MailboxInfo = Schemas["Me"];
/** A page of a search. */
export type SearchPage = Schemas["SearchPage"];
/** A mailbox of a Pro user. */
export type Account = Schemas["Account"];
/** A sandbox without its password. */
export type SandboxInfo = Schemas["Sandbox"];
/** A sandbox with its password. */
export type NewSandbox = Schemas["NewSandbox"];
/** What a sandbox is created with. */
export type SandboxRequest = Schemas["SandboxRequest"];
/** What changes in a sandbox. */
export type SandboxChange = Schemas["SandboxChange"];
/** An API token without its value. */
export type Token = Schemas["Token"];
/** An API token with its value. */
export type NewToken = Schemas["NewToken"];
/** What a token may act on. */
export type TokenLimits = Schemas["WantedLimits"];
/** A webhook without its secret. */
export type Webhook = Schemas["Webhook"];
/** A webhook with its secret. */
export type NewWebhook = Schemas["NewWebhook"];
/** An attempt to deliver an event. */
export type WebhookDelivery = Schemas["Delivery"];
/** The parameters of a wait in the HTTP API. */
export type WaitQuery = NonNullable<operations["wait_for_messages"]["parameters"]["query"]>;
