//! An application with a sign-in by a link: it sends the link by mail, and greets who follows it. SMTP_URL names its mail server.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { createTransport } from "nodemailer";

const mail = createTransport(process.env.SMTP_URL, { from: "Shop <no-reply@shop.example>" });
/** The address of each link that was not followed yet. */
const links = new Map();

const page = (content) => `<!doctype html><meta charset="utf-8"><title>Shop</title>${content}`;

async function answer(request) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  if (request.method === "POST") {
    let body = "";
    for await (const part of request) {
      body += part;
    }
    const email = new URLSearchParams(body).get("email");
    const token = randomUUID();
    links.set(token, email);
    const link = `${url.origin}/magic?token=${token}`;
    await mail.sendMail({ to: email, subject: "Sign in to Shop", text: `Sign in with this link: ${link}` });
    return page("<p>A mail is on its way.</p>");
  }
  if (url.pathname === "/magic") {
    const isKnown = links.delete(url.searchParams.get("token"));
    return page(isKnown ? "<h1>Welcome</h1>" : "<h1>This link is not valid</h1>");
  }
  return page('<form method="post"><label>E-mail <input name="email"></label> <button>Sign in</button></form>');
}

createServer(async (request, response) => {
  const html = await answer(request);
  response.setHeader("Content-Type", "text/html");
  response.end(html);
}).listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => console.log("ready"));
