"""The program that stands for IB Gateway in a test: the emulated one, on the port it is given."""

from __future__ import annotations

import asyncio
import sys

from robotrader.emulator import Server
from tests.robotrader.emulator.kit import made


async def main(port: int) -> None:
    server = Server(made(), port=port)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
