"""Which addresses count as public, whatever they are dressed as."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from agui_runtime.adapters.remote.addresses import (
    PrivateAddressError,
    PublicResolver,
    is_public,
    refuse_private_literal,
)
from tests.support.aio import run


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not to listen on
        "255.255.255.255",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1:0:0:80ff:fffe",
        "",
        "host",
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::1]:80/", "https://169.254.169.254/latest"])
def test_a_private_address_in_a_url_is_refused(url: str) -> None:
    with pytest.raises(PrivateAddressError):
        refuse_private_literal(url)


@pytest.mark.parametrize("url", ["https://8.8.8.8/", "https://example.com/", "http://2130706433/", "http://127.1/"])
def test_names_and_odd_spellings_are_left_to_the_resolver(url: str) -> None:
    refuse_private_literal(url)


class Fixed(AbstractResolver):
    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=a, port=port, family=family, proto=0, flags=0) for a in self._addresses
        ]

    async def close(self) -> None:
        return


def test_of_a_host_with_both_only_the_public_addresses_are_given() -> None:
    found = run(PublicResolver(Fixed("10.0.0.1", "8.8.8.8")).resolve("mixed", 80))
    assert [each["host"] for each in found] == ["8.8.8.8"]


def test_a_host_with_private_addresses_only_is_refused() -> None:
    with pytest.raises(PrivateAddressError):
        run(PublicResolver(Fixed("10.0.0.1", "::1")).resolve("inside", 80))
