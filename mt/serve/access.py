"""Who may ask what: the size and the time of a request's body, its API key and its rate."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from mt.decoding.pausing import Pause, no_pause
from mt.options import ServeOptions
from mt.serve.body import SentFile, Values, read_form, read_values
from mt.serve.call import api_key
from mt.serve.keys import Key, Keys
from mt.serve.limits import RateLimiter, most_bytes
from mt.serve.processor import Line
from mt.serve.refusal import Gone, Refusal, slow_down

T = TypeVar("T")

BODY_SECONDS = 30.0  # for a client to send its body
BODIES = 2**27  # bytes of bodies whose requests are under way; a quarter for one client
LONG = 2**15  # bytes; what is longer is read outside of the event loop
GUESSES = 20  # wrong keys a minute from one client


@dataclass(frozen=True)
class Asked:
    """A request that is allowed: its values, and whose turn it takes."""

    values: Values
    client: str


class AccessControl:
    """Reads requests and refuses those that are not allowed. One for a server: it counts for each client."""

    def __init__(self, options: ServeOptions, keys: Keys | None, limiter: RateLimiter, line: Line) -> None:
        """line: where long bodies are read."""
        self._options, self._keys, self._limiter, self._line = options, keys, limiter, line
        self._most = most_bytes(options.char_limit, options.batch_limit)
        self._held: dict[str, int] = {}  # bytes of bodies under way, by client

    @asynccontextmanager
    async def admitted(self, request: Request) -> AsyncIterator[Asked]:
        """A request whose size, time, key and rate are allowed; while this is open, its body is counted.

        Raises Refusal, Gone if its client left.
        """
        kind, query = request.headers.get("content-type", ""), request.scope["query_string"]
        async with self._body(request, self._most) as body:
            values = await self._read(request, body, partial(read_values, body, kind, query))
            yield Asked(values, self.check(request, api_key(values)))

    @asynccontextmanager
    async def admitted_file(self, request: Request, most: int) -> AsyncIterator[tuple[Asked, SentFile]]:
        """As `admitted`, of a form of at most that many bytes; and the file in its field `file`."""
        kind = request.headers.get("content-type", "")
        async with self._body(request, most, status=413) as body:
            values, files = await self._read(request, body, partial(read_form, body, kind))
            asked = Asked(values, self.check(request, api_key(values)))
            if "file" not in files:
                raise Refusal("Invalid request: missing file parameter")
            yield asked, files["file"]

    async def _read(self, request: Request, body: bytes, read: Callable[[Pause], T]) -> T:
        """What is in a body: of a long one read in a thread, so that others are answered meanwhile."""
        return read(no_pause) if len(body) <= LONG else await self._line.run(read, client_of(request))

    def check(self, request: Request, given: str) -> str:
        """Whose turn a request with that key takes. Raises Refusal if key or rate is not allowed."""
        address = client_of(request)
        key = self._check_key(address, given)
        return address if key is None else f"key {key.name}"

    @asynccontextmanager
    async def _body(self, request: Request, most: int, *, status: int = 400) -> AsyncIterator[bytes]:
        """The whole body, of at most that many bytes. Raises Refusal, Gone."""
        address = client_of(request)
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    async for chunk in request.stream():
                        body += chunk
                        self._held[address] = self._held.get(address, 0) + len(chunk)
                        self._check_size(address, len(body), most, status)
            except TimeoutError:
                raise Refusal("the request's body did not arrive in time", status=408) from None
            except ClientDisconnect:
                raise Gone from None
            yield bytes(body)
        finally:
            self._held[address] = self._held.get(address, 0) - len(body)
            if self._held[address] <= 0:
                del self._held[address]

    def _check_size(self, address: str, size: int, most: int, status: int) -> None:
        if size > most:
            raise Refusal(f"Invalid request: the body is longer than {most} bytes", status=status)
        if self._held[address] > BODIES // 4 or sum(self._held.values()) > BODIES:
            raise slow_down("the server is reading as much text as it may; try again later", retry_after=1)

    def check_bearer(self, request: Request) -> None:
        """Raises Refusal where keys are asked for and there is none, as a bearer token or api_key."""
        if self._keys is None:
            return
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip() if kind.lower() == "bearer" else request.query_params.get("api_key", "")
        self._check_key(client_of(request), given)

    def _check_key(self, client: str, given: str) -> Key | None:
        """Reject as LibreTranslate does: no key 400, a wrong key 403, above the rate limit 429."""
        limit = self._options.rate_limit
        if self._keys is None:
            self._limiter.take(client, limit)
            return None
        guesses = f"guesses of {client}"
        if given:
            self._limiter.check(guesses, GUESSES)
        key = self._keys.find(given) if given else None
        if key is None:
            self._limiter.take(client, limit)
            if given:
                self._limiter.take(guesses, GUESSES)
                raise Refusal("Invalid API key", status=403)
            raise Refusal("Please contact the server operator to get an API key")
        self._limiter.take(f"key {key.name}", limit if key.limit is None else key.limit)
        return key


def client_of(request: Request) -> str:
    """What tells clients apart: the address; of IPv6 the network, within which a client may choose."""
    host = request.client.host if request.client else ""
    return network_of(host)


def network_of(host: str) -> str:
    """An IPv4 address as it is, of an IPv6 address its first 64 bits; anything else as it is."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False).network_address)
