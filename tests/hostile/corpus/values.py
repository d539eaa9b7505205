"""Invalid values in well-formed templates: names, addresses, schedules."""

from __future__ import annotations

from typing import Any

from tests.hostile.corpus.cases import Case, imported, node

NAMES: dict[str, Any] = {
    "none": None,
    "empty": "",
    "spaces alone": "  \t ",
    "a number": 5,
    "a list": ["PM"],
    "true": True,
    "256 characters": "n" * 256,
    "a megabyte": "n" * 2**20,
    "a newline": "P\nM",
    "a NUL": "P\0M",
    "an escape sequence": "P\x1b[2JM",
    "a C1 control character": "P\x9bM",
    "the delete character": "P\x7fM",
    "an override to the right": "\u202eMP",
    "an isolate": "P\u2066M",
    "a mark to the left": "P\u200eM",
    "no width": "P\u200bM",
    "a byte order mark inside": "P\ufeffM",
    "a soft hyphen": "P\u00adM",
    "a word joiner": "P\u2060M",
    "a stray joiner": "P\u200dM",
    "a line separator": "P\u2028M",
    "a tag character": "P\U000e0041M",
    "half a surrogate pair": "P\ud800M",
    "a Hangul filler": "\u3164",
    "a Hangul filler inside": "Data\u3164Analyst",
    "braille without a dot": "\u2800",
    "a grapheme joiner": "P\u034fM",
    "a variation selector": "PM\ufe0f",
    "a variation selector for ideographs": "葛\U000e0100",
    "a noncharacter": "P\ufdd0M",
    "a joiner that joins nothing": "é\u200dé",
    "a non-joiner that parts nothing": "é\u200cé",
    "half a million joiners": "ب" + "\u200cب" * 250_000,
    "marks alone": "\u0301\u0323",
    "no-break spaces alone": "\u00a0\u202f",
}
URLS = {
    "the metadata service": "http://169.254.169.254/latest/meta-data/",
    "in decimal": "http://2852039166/",
    "in octal": "http://0251.0376.0251.0376/",
    "in one octal": "http://025177524776/",
    "in hexadecimal": "http://0xa9fea9fe/",
    "in mixed notation": "http://0xa9.254.0124776/",
    "in two parts": "http://169.16689662/",
    "as an IPv6 address": "http://[::ffff:169.254.169.254]/",
    "as an IPv6 address in hexadecimal": "http://[::ffff:a9fe:a9fe]/",
    "through NAT64": "http://[64:ff9b::a9fe:a9fe]/",
    "through 6to4": "http://[2002:a9fe:a9fe::]/",
    "in wide digits": "http://１６９.254.169.254/",
    "with ideographic dots": "http://169。254。169。254/",
    "with circled digits": "http://①⑥⑨.254.169.254/",
    "with a trailing dot": "http://169.254.169.254./",
    "percent-encoded": "http://%31%36%39.254.169.254/",
    "with a name before it": "http://example.com@169.254.169.254/",
    "with a password before it": "http://user:pass@169.254.169.254:80/",
    "another link-local address": "https://169.254.0.1:8443/",
    "a link-local IPv6 address": "http://[fe80::1]/",
    "a link-local address with a zone": "http://[fe80::1%25eth0]/",
    "Amazon's IPv6 address": "http://[fd00:ec2::254]/",
    "Alibaba's address": "http://100.100.100.200/",
    "Google's name": "http://metadata.google.internal/",
    "Google's name in upper case": "http://METADATA.GOOGLE.INTERNAL./",
    "a file": "file:///etc/passwd",
    "a script": "javascript:alert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "no scheme": "//169.254.169.254/",
    "no host": "http:///",
    "a backslash": "http://example.com\\@169.254.169.254/",
    "a newline": "http://example.com/\r\nHost: evil",
    "a space": "http://exa mple.com/",
    "a NUL": "http://example.com/\0",
    "a port beyond ports": "http://example.com:99999/",
    "a bracket that never closes": "http://[::1",
    "three thousand characters": "http://example.com/" + "a" * 3_000,
    "a number": 2852039166,
    "nothing": "",
}
CRONS = {
    "sixty minutes": "60 * * * *",
    "four fields": "* * * *",
    "seven fields": "* * * * * * *",
    "a megabyte": "*" * 2**20,
    "a step of nothing": "*/0 * * * *",
    "a negative step": "*/-5 * * * *",
    "a day that never comes": "0 0 30 2 *",
    "a command": "* * * * * ; reboot",
    "a range backwards without end": "9999999999999999999-0 * * * *",
    "commas without end": ",".join(["1"] * 100_000) + " * * * *",
    "a NUL": "* * * * *\0",
    "a list": ["*"],
    "other digits": "٣ * * * *",
}
ZONES = {
    "one that does not exist": "Mars/Olympus",
    "a path": "../../../../etc/passwd",
    "an absolute path": "/etc/localtime",
    "a folder": "Europe",
    "a NUL": "UTC\0",
    "the machine's own": "localtime",
    "a megabyte": "U" * 2**20,
    "a number": 5,
    "other letters": "ＵＴＣ",
}
NODES: dict[str, dict[str, Any]] = {
    "a tier of five": {"tier": 5},
    "a tier of a thousand digits": {"tier": 10**1_000},
    "a tier that is text": {"tier": "2"},
    "a tier that is true": {"tier": True},
    "children that are a mapping": {"children": {"name": "x"}},
    "children that are text": {"children": "x"},
    "a twin": {"children": [{"name": "a"}, {"name": "a"}]},
    "a twin but for its form": {"children": [{"name": "\u00e9"}, {"name": "e\u0301"}]},
    "an external one without an address": {"external": True},
    "spawning that is a word": {"spawning": "no"},
    "plugins that are text": {"plugins": "a"},
    "a NUL in a prompt": {"initial_prompt": "a\0b"},
    "half a surrogate pair in a prompt": {"initial_prompt": "\udfff"},
    "a NUL in a value nobody knows": {"anything": {"deep": ["\0"]}},
    "a prompt file without files": {"initial_prompt_file": "/etc/passwd"},
    "a role that is a list": {"role": ["x"]},
    "a runtime of a megabyte": {"runtime": "r" * 2**20},
}


def _schedule(**values: Any) -> dict[str, Any]:
    return node(schedules=[{"name": "Pulse", "cron_expr": "0 0 * * *", "prompt": "x", **values}])


def _cases(kind: str, templates: dict[str, dict[str, Any]]) -> list[Case]:
    return [Case(kind=kind, name=name, data=imported(template=template)) for name, template in templates.items()]


VALUES = [
    *_cases("name", {what: node(name=name) for what, name in NAMES.items()}),
    *_cases(
        "template's name", {what: {"name": name} for what, name in NAMES.items() if what in ("none", "empty", "a NUL")}
    ),
    *_cases("url", {what: node(external=True, url=url) for what, url in URLS.items()}),
    *_cases("cron", {what: _schedule(cron_expr=cron) for what, cron in CRONS.items()}),
    *_cases("zone", {what: _schedule(timezone=zone) for what, zone in ZONES.items()}),
    *_cases("node", {what: node(**values) for what, values in NODES.items()}),
]
