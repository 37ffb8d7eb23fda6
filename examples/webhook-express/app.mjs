//! Receives webhooks. WEBHOOK_SECRET is the `secret` of the answer that created the webhook.

import express from "express";
import { Webhook } from "standardwebhooks";

/** Deliveries are repeated until they are answered. A database would keep these ids. */
export const processed = new Map();

export const app = express();

// The bytes as they came: JSON that is parsed and written again has another signature.
app.post("/mail", express.raw({ type: "application/json", limit: "1mb" }), (request, response) => {
  let event;
  try {
    // Refuses what was not signed with the secret, and what was recorded more than five minutes ago.
    event = new Webhook(process.env.WEBHOOK_SECRET).verify(request.body, request.headers);
  } catch {
    response.sendStatus(401);
    return;
  }
  if (!processed.has(event.id)) {
    processed.set(event.id, event);
    console.log(`${event.data.address}: ${event.data.subject}, codes ${event.data.codes.map((code) => code.value)}`);
  }
  response.sendStatus(204);
});

if (process.argv[1] === import.meta.filename) {
  app.listen(Number(process.env.PORT ?? 3000));
}
