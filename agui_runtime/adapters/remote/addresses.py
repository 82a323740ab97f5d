"""Which network addresses may be connected to: no request forgery through URLs that users supply (ADR 0012)."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64 = "64:ff9b::"


class PrivateAddressError(OSError):
    """The host has no public address."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet, seen through the forms that embed an IPv4 address."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    embedded = _embedded(address) if isinstance(address, IPv6Address) else None
    if embedded is not None:
        return is_public(str(embedded))
    return address.is_global and not address.is_multicast


def refuse_private_literal(url: str) -> None:
    """Refuse a URL whose host is written as an address that is not public: such hosts are never resolved.

    Raises:
        PrivateAddressError: it is one.
    """
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not is_public(host):
        raise PrivateAddressError


class PublicResolver(AbstractResolver):
    """Gives a host's public addresses only. What it gives is what is connected to: nobody resolves a second time.

    Args:
        resolver: finds all addresses.
    """

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public ones.

        Raises:
            PrivateAddressError: there are only others.
            OSError: the host is not known.
        """
        found = await self._resolver.resolve(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if found and not public:
            raise PrivateAddressError
        return public

    async def close(self) -> None:
        """Close the resolver under it."""
        await self._resolver.close()


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if int(address) >> 32 == int(IPv6Address(_NAT64)) >> 32:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
