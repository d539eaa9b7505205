"""Which URLs an external workspace may have."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.core.validating.url_rule import check_url


@pytest.mark.parametrize(
    "url",
    [
        "http://agent.example", "https://agent.example:8443/a?b#c", "http://localhost:8000", "http://127.0.0.1",
        "http://10.0.0.7", "http://[::1]:80/", "http://[2001:db8::1]", "https://bücher.example", "http://169.254.x.y",
        "http://169253", "http://08.1.1.1", "http://1.2.3.999", "http://999999999999", "http://my-metadata.example",
    ],
)  # fmt: skip
def test_http_and_https_urls_pass(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest", "http://169.254.0.1:80", "http://169.254.169.254.", "http://a:b@169.254.169.254",
        "http://2852039166", "http://0xa9fea9fe", "http://0xA9.0xFE.169.254", "http://0251.0376.0251.0376",
        "http://025177524776", "http://169.16689662", "http://169.254.43518", "http://0xa9.254.0124776",
        "http://[fe80::1]", "http://[fe80::1%25eth0]", "http://[FE80::1]:80", "http://[fd00:ec2::254]",
        "http://[::ffff:169.254.169.254]", "http://[::ffff:a9fe:a9fe]", "http://[::169.254.169.254]",
        "http://[64:ff9b::a9fe:a9fe]", "http://[2002:a9fe:a9fe::]", "http://100.100.100.200",
        "http://metadata.google.internal/computeMetadata", "http://METADATA.google.internal.", "http://metadata",
        "http://１６９.254.169.254", "http://169。254。169。254", "http://169%2e254.169.254",
    ],
)  # fmt: skip
def test_link_local_and_metadata_addresses_are_refused_in_every_notation(url: str) -> None:
    with pytest.raises(ValueError, match="link-local and metadata addresses are refused"):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "agent.example",
        "//agent.example",
        "ftp://a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:a",
    ],
)
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        check_url(url)


@pytest.mark.parametrize("url", ["http://[::1", "http://a:99999", "http://a:b", "http://[x]"])
def test_a_broken_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL"):
        check_url(url)


@pytest.mark.parametrize("url", ["http://a b", "http://a\n", " http://a", "http://a\\@b", "http://a/" + "x" * 2048])
def test_spaces_backslashes_and_endless_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="at most 2,048 characters, no spaces and no backslashes"):
        check_url(url)


@given(st.one_of(st.text(), st.text("0x.[]:%@/aef1296", max_size=30).map("http://".__add__)))
def test_any_text_passes_or_is_refused(text: str) -> None:
    with suppress(ValueError):
        assert check_url(text) == text
