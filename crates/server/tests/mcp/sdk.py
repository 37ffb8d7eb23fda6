"""Gets a code with the Python SDK: over HTTP with a token, and over stdio without one, at both revisions."""

import asyncio
import os
import smtplib

import mcp
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

SERVER, TOKEN, BINARY = (os.environ[f"MAYFLY_{name}"] for name in ("SERVER", "TOKEN", "BINARY"))


def send(address):
    host, port = os.environ["MAYFLY_SMTP"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port)) as smtp:
        smtp.sendmail("shop@b.test", [address], f"Subject: Your code\r\nTo: {address}\r\n\r\nYour code is 482913.\r\n")


async def get_code(client):
    names = [tool.name for tool in (await client.list_tools()).tools]
    assert "get_code" in names and not any("send" in name for name in names), names
    created = (await client.call_tool("create_mailbox", {"prefix": "python-"})).structured_content
    send(created["address"])
    found = await client.call_tool("get_code", {"mailbox_id": created["mailbox_id"], "timeout_s": 20})
    assert found.structured_content["status"] == "found", found
    assert found.structured_content["untrusted"]["code"] == "482913", found
    refused = await client.call_tool("read_mail", {"message_id": "x"})
    assert refused.is_error and refused.content[0].text.startswith("not_found"), refused


async def main():
    for mode in ("legacy", "auto"):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        over_http = streamable_http_client(f"{SERVER}/mcp", http_client=create_mcp_http_client(headers=headers))
        over_stdio = mcp.StdioServerParameters(command=BINARY, args=["mcp"], env={"MAYFLY_SERVER": SERVER})
        for server in (over_http, over_stdio):
            async with mcp.Client(server, mode=mode) as client:
                await get_code(client)


asyncio.run(main())
