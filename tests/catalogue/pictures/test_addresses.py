"""Which addresses are ever followed, and which places on the net count as open. Each refusal has its reason."""

from __future__ import annotations

import pytest

from catalogue.pictures import addresses
from catalogue.pictures.addresses import Address, AddressRefused

REFUSED = {
    "http://": "address_host",
    "https:///x.png": "address_host",
    "https://localhost/x.png": "address_host",
    "https://127.0.0.1/x.png": "address_host",
    "https://127.1/x.png": "address_host",
    "https://0/x.png": "address_host",
    "https://0.0.0.0/x.png": "address_host",
    "https://2130706433/x.png": "address_host",
    "https://017700000001/x.png": "address_host",
    "https://0177.0.0.1/x.png": "address_host",
    "https://0x7f000001/x.png": "address_host",
    "https://0x7f.1/x.png": "address_host",
    "https://0x7f.0.0.0x1/x.png": "address_host",
    "https://169.254.169.254/latest/meta-data/": "address_host",
    "https://8.8.8.8/x.png": "address_host",
    "https://[::1]/x.png": "address_host",
    "https://[::]/x.png": "address_host",
    "https://[::ffff:169.254.169.254]/x.png": "address_host",
    "https://[64:ff9b::a9fe:a9fe]/x.png": "address_host",
    "https://[2002:7f00:1::]/x.png": "address_host",
    "https://[fe80::1%25eth0]/x.png": "address_host",
    "https://user@pictures.example.com/x.png": "address_userinfo",
    "https://pictures.example.com@127.0.0.1/x.png": "address_userinfo",
    "https://pictures.example.com:443@localhost/": "address_userinfo",
    "https://pictures.example.com:80/x.png": "address_port",
    "https://pictures.example.com:22/x.png": "address_port",
    "https://pictures.example.com:/x.png": "address_port",
    "https://pictures.example.com:0443/x.png": "address_port",
    "http://pictures.example.com:443/x.png": "address_port",
    "http://pictures.example.com:6379/x.png": "address_port",
    "https://pictures.example.com./x.png": "address_host",
    "https://pictures。example。com/x.png": "address_host",
    "https://pictures．example.com/x.png": "address_host",
    "https://ⓔxample.com/x.png": "address_host",
    "https://１２７.0.0.1/x.png": "address_host",
    "https://bücher.example.com/x.png": "address_host",
    "https://%31%32%37.0.0.1/x.png": "address_host",
    "https://pictures_x.example.com/x.png": "address_host",
    "https://-pictures.example.com/x.png": "address_host",
    "https://pictures..example.com/x.png": "address_host",
    "https://pictures.example.com\\@localhost/x.png": "address_letters",
    "https:\\\\localhost\\x.png": "address_letters",
    "https://pictures.example.com/\r\nHost: localhost": "address_letters",
    "https://pictures.example.com/\x00x.png": "address_letters",
    "https://pictures.example.com /x.png": "address_host",
    "//pictures.example.com/x.png": "address_scheme",
    "file:///etc/passwd": "address_scheme",
    "ftp://pictures.example.com/x.png": "address_scheme",
    "gopher://pictures.example.com/x.png": "address_scheme",
    "jar:https://pictures.example.com/x.png!/": "address_scheme",
    "data://text/html,x": "address_scheme",
    "https:pictures.example.com/x.png": "address_scheme",
    f"https://pictures.example.com/{'x' * 2000}": "address_long",
    f"https://{'a.' * 130}example.com/": "address_host",
}
CLOSED = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:7f00:1::", "2001:0:808:808:0:0:80ff:fffe", "2001:10::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "4000::1", "metadata", "", "127.1", "0x7f000001", "2130706433",
)  # fmt: skip
OPEN = (
    "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.63.255.255", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
    "2002:808:808::1", "2001:4860:4860::8888",
)  # fmt: skip


def refusal(text: str) -> str:
    try:
        return f"read as {addresses.read(text)}"
    except AddressRefused as refused:
        return str(refused)


def test_an_address_that_could_lead_elsewhere_is_refused_with_a_reason() -> None:
    assert {text: refusal(text) for text in REFUSED} == REFUSED


def test_what_is_not_on_the_open_net_is_not_public() -> None:
    assert [number for number in CLOSED if addresses.is_public(number)] == []


def test_what_is_on_the_open_net_is_public_also_inside_another_protocol() -> None:
    assert [number for number in OPEN if not addresses.is_public(number)] == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://pictures.example.com/a/b.png?w=3&h=4#top", (False, "pictures.example.com", "/a/b.png?w=3&h=4")),
        ("HTTPS://Pictures.Example.COM:443", (False, "pictures.example.com", "/")),
        ("https://pictures.example.com?x", (False, "pictures.example.com", "/?x")),
        ("http://pictures.example.com:80/a b/红.png", (True, "pictures.example.com", "/a%20b/%E7%BA%A2.png")),
        ("https://xn--bcher-kva.example/%7Ea", (False, "xn--bcher-kva.example", "/%7Ea")),
    ],
)
def test_plain_addresses_are_read(text: str, read: tuple[bool, str, str]) -> None:
    assert addresses.read(text) == Address(*read)


def test_a_name_of_a_file_is_no_address() -> None:
    assert not any(map(addresses.is_address, ["mug.png", "a/b.png", "C:\\mug.png", "photo: 1.png", ""]))
    assert all(map(addresses.is_address, ["https://a.b/x", "HTTP://x", "//a.b/x", "gopher://x"]))
