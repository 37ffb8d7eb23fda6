//! An application with a sign-up: it sends a code by mail, and welcomes who enters it. SMTP_URL names its mail server.

import { randomInt } from "node:crypto";
import { createServer } from "node:http";

import { createTransport } from "nodemailer";

const mail = createTransport(process.env.SMTP_URL, { from: "Shop <no-reply@shop.example>" });
/** The code of each address. */
const codes = new Map();

const page = (content) => `<!doctype html><meta charset="utf-8"><title>Shop</title>${content}`;
const signUp = page(`<form method="post" action="/code"><label>E-mail <input name="email"></label> <button>Sign up</button></form>`);
const enterCode = (email) =>
  page(`<form method="post" action="/welcome"><input type="hidden" name="email" value="${encodeURIComponent(email)}">
    <label>Code <input name="code"></label> <button>Continue</button></form>`);

async function answer(request) {
  let body = "";
  for await (const part of request) {
    body += part;
  }
  const form = new URLSearchParams(body);
  switch (`${request.method} ${request.url}`) {
    case "POST /code": {
      const email = form.get("email");
      const code = String(randomInt(1_000_000)).padStart(6, "0");
      codes.set(email, code);
      await mail.sendMail({ to: email, subject: "Your code", text: `Your code for Shop is ${code}. It is valid for ten minutes.` });
      return enterCode(email);
    }
    case "POST /welcome":
      return page(codes.get(decodeURIComponent(form.get("email"))) === form.get("code") ? "<h1>Welcome</h1>" : "<h1>Wrong code</h1>");
    default:
      return signUp;
  }
}

createServer(async (request, response) => {
  const html = await answer(request);
  response.setHeader("Content-Type", "text/html");
  response.end(html);
}).listen(Number(process.env.PORT), "127.0.0.1");
