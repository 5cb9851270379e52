"""A server of the official SDK, for the gate to stand before: `mcp_server.py stdio` or `mcp_server.py http PORT
[DESCRIPTION]`, with what `echo` says of itself."""

import sys

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("own")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two whole numbers."""
    return a + b


@server.tool(description=sys.argv[3] if len(sys.argv) > 3 else None)
def echo(text: str) -> str:
    """Gives back a text."""
    return text


@server.tool()
async def count(upto: int, ctx: Context) -> str:
    """Counts, and reports its progress."""
    for number in range(upto):
        await ctx.report_progress(number + 1, upto)
    return "done"


@server.tool()
def fail() -> str:
    """Fails in its own way."""
    raise ValueError("out of order")


@server.tool()
def send(to: str, text: str) -> str:
    """Sends a text to somebody."""
    return f"sent to {to}"


@server.tool()
async def renew(ctx: Context) -> str:
    """Says to whoever listens that today's notes are others."""
    await ctx.notify_resource_updated("notes://today")
    await ctx.notify_tools_changed()
    return "said"


@server.resource("notes://today")
def today() -> str:
    """What was noted today."""
    return "nothing yet"


@server.prompt()
def greeting(name: str) -> str:
    """A greeting."""
    return f"Say hello to {name}."


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
