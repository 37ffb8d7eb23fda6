"""Writes _async.py from _sync.py, so that both have the same methods.

Usage: unasync.py < src/mayfly_client/_sync.py > src/mayfly_client/_async.py
"""

import re
import sys

RULES = [
    (r'^"""The library for ordinary code."""', '"""The library for asyncio and trio. Written by `clients/generate` from `_sync.py`: do not edit."""'),
    (r"^import httpx\n", "import anyio\nimport httpx\n"),
    (r"\b(Messages|Mailbox|Sandbox|SandboxWithPassword|Tokens|Webhooks|Mayfly)(\(|:\n|$)", r"Async\1\2"),
    (r"\((Messages|Sandbox)\)", r"(Async\1)"),
    (r"-> (Mailbox|Sandbox|SandboxWithPassword|Mayfly):", r"-> Async\1:"),
    (r"List\[Sandbox\]", "List[AsyncSandbox]"),
    (r"`Mayfly\.", "`AsyncMayfly."),
    (r"``Mayfly\(", "``AsyncMayfly("),
    (r"    def (?!__init__|env\b|server\b)", "    async def "),
    (r"__(enter|exit)__", r"__a\1__"),
    (r"(?<!def )\bself\.(_runner\.run|_mailbox|_call|close)\(", r"await self.\1("),
    (r"self\._runner\.http\.close\(", "await self._runner.http.aclose("),
    (r"time\.sleep\(", "await anyio.sleep("),
    (r"httpx\.Client\(", "httpx.AsyncClient("),
    (r"with self\.http\.stream", "async with self.http.stream"),
    (r"for part in response\.iter_bytes", "async for part in response.aiter_bytes"),
]

text = sys.stdin.read()
for pattern, replacement in RULES:
    text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
print(text, end="")
