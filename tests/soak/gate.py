"""A gate between clients and a server, through which every connection goes: it delays, holds up, breaks off and swallows
what passes. Bytes that pass, pass in order; a connection that lost some never gets another.

    gate = Gate(port)       # to 127.0.0.1:port; `at`: where it listens, by default on a free port
    gate.address            # where clients connect
    gate.links = Slow(…)    # from now on; Links() is a good network again
    gate.close()
"""

import asyncio
import contextlib
import socket
import struct
import threading

PIECE = 1 << 16
HELD = 64  # pieces of a connection and direction on their way


class Links:
    """A good network. `seen` counts what the links did to what passed."""

    def __init__(self):
        self.seen = 0

    def delay_s(self):
        """Of the next piece."""
        return 0

    def passing(self, connection, way, piece):
        """How many bytes of a piece get through; the connection is reset when that is fewer than all. None: the piece
        vanishes, and so does all that follows on that way, while the connection stays open."""
        return len(piece)


class Slow(Links):
    """Each piece takes up to `longest_s`; one of a hundred takes `stall_s`, as one that was lost and is sent again."""

    def __init__(self, dice, longest_s, stall_s):
        super().__init__()
        self._dice, self._longest_s, self._stall_s = dice, longest_s, stall_s

    def delay_s(self):
        self.seen += 1
        return self._stall_s if self._dice.random() < 0.01 else self._dice.uniform(0, self._longest_s)


class Cut(Links):
    """Each connection is reset after some bytes more, most often inside a message."""

    def __init__(self, dice, most_bytes):
        super().__init__()
        self._dice, self._most_bytes = dice, most_bytes
        self._left = {}

    def passing(self, connection, way, piece):
        left = self._left.setdefault(connection, self._dice.randrange(self._most_bytes))
        self._left[connection] = left - len(piece)
        if left >= len(piece):
            return len(piece)
        self.seen += 1
        return left


class HalfOpen(Links):
    """What goes one way (0: to the server, 1: to the client, None: both) vanishes."""

    def __init__(self, way):
        super().__init__()
        self._way = way

    def passing(self, connection, way, piece):
        if self._way not in (None, way):
            return len(piece)
        self.seen += 1
        return None


class Gate:
    def __init__(self, port, at=("127.0.0.1", 0)):
        self.links = Links()
        self._port = port
        self._listening = socket.create_server(at, family=socket.AF_INET6 if ":" in at[0] else socket.AF_INET)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        self._thread.start()

    def close(self):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self):
        server = await asyncio.start_server(self._connected, sock=self._listening)
        await self._over.wait()
        server.close()
        passing = asyncio.all_tasks() - {asyncio.current_task()}
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _connected(self, from_client, to_client):
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return reset(to_client)
        # asyncio sees to that on connections that it makes itself.
        to_client.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        both = Connection(to_client, to_server)
        with contextlib.suppress(asyncio.CancelledError):  # the gate is closed
            await asyncio.gather(self._take(both, 0, from_client, to_server), self._take(both, 1, from_server, to_client))

    async def _take(self, connection, way, reader, writer):
        held = asyncio.Queue(HELD)
        delivery = self._loop.create_task(deliver(held, writer))
        due, whole = 0, True
        try:
            while whole and (piece := await reader.read(PIECE)):
                links = self.links
                passing = None if way in connection.lost else links.passing(connection, way, piece)
                if passing is None:
                    connection.lost.add(way)
                    continue
                due = max(due, self._loop.time() + links.delay_s())
                whole = passing == len(piece)
                await held.put((due, piece[:passing]))
        except OSError:
            whole = False
        await held.put((due, b""))
        await delivery
        connection.end(whole)


async def deliver(held, writer):
    """Until an empty piece."""
    while True:
        due, piece = await held.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())  # lint: allow sleep: this is what delays
        if not piece:
            return
        if not writer.is_closing():
            writer.write(piece)
            with contextlib.suppress(OSError):
                await writer.drain()


class Connection:
    def __init__(self, *writers):
        self._writers = writers
        self.lost = set()  # ways on which bytes have vanished

    def end(self, in_good_order):
        for writer in self._writers:
            writer.close() if in_good_order else reset(writer)


def reset(writer):
    with contextlib.suppress(OSError):  # it is closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
