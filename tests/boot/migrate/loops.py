# SPDX-License-Identifier: GPL-2.0
"""Event loops of Python that go on while their process moves.

loops.py ROUTE    prints what it found; ROUTE are numbers of nodes, one behind another, or "-" for
                  none: others may move it then. A process that stays where it is prints the same.
"""

import asyncio
import os
import selectors
import signal
import sys
import time

ROUTE = sys.argv[1].split(",")
ROUNDS = 4
LINES = 300


def go(node):
    if node == "-":
        return
    with open("/proc/self/goto", "w") as file:
        file.write(node)
    with open("/proc/self/where") as file:
        assert file.read().strip() == node


async def wander():
    for _ in range(ROUNDS):
        for node in ROUTE:
            await asyncio.sleep(0.02)
            go(node)


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def talk(port, name):
    """What comes back over a connection is what was said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(LINES):
        line = f"{name} {number}\n".encode()
        writer.write(line)
        if await reader.readline() != line:
            return "wrong"
        await asyncio.sleep(0.001)
    writer.close()
    return "all came back"


async def sockets():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    said = await asyncio.gather(*(talk(port, name) for name in "abc"))
    server.close()
    return said


async def pipes():
    """Bytes keep their order."""
    loop = asyncio.get_running_loop()
    out, into = os.pipe()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out, "rb"))
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(into, "wb"))
    wrong = 0
    for number in range(LINES):
        transport.write(f"{number}\n".encode())
        wrong += await reader.readline() != f"{number}\n".encode()
        await asyncio.sleep(0.001)
    transport.close()
    return wrong


async def timers():
    """None comes early, and later ones do not overtake."""
    loop = asyncio.get_running_loop()
    came, early = [], 0
    start = loop.time()
    for number in range(100):
        loop.call_later(number / 100, came.append, number)
    for _ in range(50):
        before = time.monotonic()
        await asyncio.sleep(0.01)
        early += time.monotonic() - before < 0.0099
    while len(came) < 100:
        await asyncio.sleep(0.01)
    return early, came == sorted(came), loop.time() - start >= 0.99


async def signals():
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    count = 0
    loop.add_signal_handler(signal.SIGUSR1, came.set)
    for _ in range(50):
        came.clear()
        os.kill(os.getpid(), signal.SIGUSR1)
        await came.wait()
        count += 1
        await asyncio.sleep(0.005)
    return count


async def everything():
    found = await asyncio.gather(wander(), sockets(), pipes(), timers(), signals())
    for name, what in zip(("sockets", "pipes", "timers", "signals"), found[1:]):
        print(f"{name}: {what}")


def selected():
    """A loop by hand, over what is there in a file."""
    out, into = os.pipe()
    told = os.eventfd(0)
    selector = selectors.DefaultSelector()
    selector.register(out, selectors.EVENT_READ, "pipe")
    selector.register(told, selectors.EVENT_READ, "counter")
    seen = []
    for number, node in enumerate(ROUTE * ROUNDS):
        os.write(into, b"x")
        os.eventfd_write(told, number + 1)
        go(node)
        ready = {}
        while len(ready) < 2:
            ready.update((key.data, key.fd) for key, _ in selector.select(5))
        seen.append((os.read(ready["pipe"], 9), os.eventfd_read(ready["counter"])))
        assert not selector.select(0)
    print(type(selector).__name__, seen == [(b"x", n + 1) for n in range(len(seen))], len(seen))


asyncio.run(everything())
selected()
