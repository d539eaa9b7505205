"""The four forms of an import, and what each refuses."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.conftest import Caller
from workspaces.models import Workspace

TEMPLATE = {"name": "Dev team", "workspaces": [{"name": "PM", "children": [{"name": "Dev Lead"}]}]}
YAML = "name: Dev team\nworkspaces:\n- name: PM\n  children:\n  - name: Dev Lead\n"


def file(text: str | bytes = YAML, name: str = "dev.yaml") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"dev/{name}.yaml", text)
    return buffer.getvalue()


def problems(answer: Any) -> list[tuple[str, int | None, str]]:
    return [(row["path"], row["line"], row["message"]) for row in answer.json()["errors"]]


def test_a_json_body_carries_the_template_and_its_fields(as_alice: Caller) -> None:
    answer = as_alice.post("/org/import", {"template": TEMPLATE, "org": "acme", "reason": "first"})
    assert (answer.status_code, answer.json()["created_count"]) == (201, 2)
    assert sorted(Workspace.objects.values_list("name", flat=True)) == ["Dev Lead", "PM"]


def test_a_json_body_names_a_directory_of_the_server(as_alice: Caller, settings: Any, tmp_path: Path) -> None:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "org.yaml").write_text(YAML)
    answer = as_alice.post("/org/import", {"dir": "dev", "org": "acme"})
    assert (answer.status_code, answer.json()["org"]) == (201, "Dev team")


@pytest.mark.parametrize("name", ["nothing", "..", ".", "", "/etc", "dev/..", "x" * 5000])
def test_a_directory_that_is_none_is_not_found(as_alice: Caller, name: str) -> None:
    answer = as_alice.post("/org/import", {"dir": name, "org": "acme"})
    assert answer.status_code == (404 if name else 400)
    assert answer.json()["error"]


def test_a_yaml_body_takes_its_fields_from_the_query(as_alice: Caller) -> None:
    for media_type in ("application/yaml", "application/x-yaml", "text/yaml; charset=utf-8"):
        answer = as_alice.post("/org/import", YAML, type=media_type, org="acme", dry_run="1")
        assert (answer.status_code, answer.json()["dry_run"]) == (200, True)


def test_a_file_is_uploaded_with_its_fields_in_the_form(as_alice: Caller) -> None:
    answer = as_alice.upload("/org/import", file=file(), org="acme", mode="reconcile", dry_run="true")
    assert (answer.status_code, answer.json()["mode"]) == (200, "reconcile")


def test_a_zip_is_read_with_its_includes(as_alice: Caller) -> None:
    archive = zipped(org="name: Dev\nworkspaces:\n- !include pm.yaml\n", pm="name: PM\n")
    answer = as_alice.upload("/org/import", file=file(archive, "dev.zip"), org="acme")
    assert (answer.status_code, answer.json()["count"]) == (201, 1)


def test_every_form_works_with_a_trailing_slash_and_keeps_its_body(as_alice: Caller) -> None:
    asked = {"template": TEMPLATE, "org": "acme", "dry_run": True}
    assert as_alice.post("/org/import/", asked).json() == as_alice.post("/org/import", asked).json()


@pytest.mark.parametrize("value", ["warn", "error", ""])
def test_a_missing_prompt_file_is_a_warning_where_the_import_says_so(
    as_alice: Caller, settings: Any, tmp_path: Path, value: str
) -> None:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path
    (tmp_path / "dev").mkdir()
    org = "name: Dev\nworkspaces: [{name: PM, initial_prompt_file: gone.md}]"
    (tmp_path / "dev" / "org.yaml").write_text(org)
    answers = [
        as_alice.post("/org/import", {"dir": "dev", "org": "acme", "missing_files": value}),
        as_alice.upload("/org/import", file=file(zipped(org=org), "dev.zip"), org="acme", missing_files=value),
    ]
    assert [answer.status_code for answer in answers] == [201 if value == "warn" else 400] * 2
    told = [str(answer.json()["warnings" if value == "warn" else "errors"]) for answer in answers]
    assert all("gone.md does not exist" in each for each in told)


def test_a_yaml_body_takes_the_field_too_and_reads_no_file_all_the_same(as_alice: Caller) -> None:
    for value, text in (("warn", YAML), ("", YAML), ("warn", YAML + "    initial_prompt_file: x.md\n")):
        answer = as_alice.post("/org/import", text, type="application/yaml", org="acme", missing_files=value)
        assert answer.status_code == (201 if text == YAML else 400)


@pytest.mark.parametrize("value", ["Warn", "yes", True, 1, ["warn"], {}])
def test_any_other_word_for_missing_files_is_refused(as_alice: Caller, value: Any) -> None:
    answer = as_alice.post("/org/import", {"template": TEMPLATE, "org": "acme", "missing_files": value})
    assert problems(answer) == [("missing_files", 1, "must be error or warn")]


ALL = {"moves": True, "updates": True, "retire": True, "overwrite": True, "prefer": "oldest"}


def test_every_form_takes_the_options(as_alice: Caller) -> None:
    as_alice.post("/org/import", {"template": TEMPLATE, "org": "acme"})
    told = {"org": "acme", "mode": "reconcile", "dry_run": "true", **{key: str(ALL[key]).lower() for key in ALL}}
    answers = [
        as_alice.post(
            "/org/import", {"template": TEMPLATE, "org": "acme", "mode": "reconcile", "dry_run": True, **ALL}
        ),
        as_alice.upload("/org/import", file=file(), **told),
        as_alice.post("/org/import", YAML, type="application/yaml", **told),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["fingerprint"] for answer in answers}) == 1
    plain = as_alice.upload("/org/import", file=file(), org="acme", mode="reconcile", dry_run="true")
    assert plain.json()["fingerprint"] != answers[0].json()["fingerprint"]


ONLY_RECONCILE = "only with mode reconcile"
OLDEST_MOVES, OVERWRITE_UPDATES = "oldest moves workspaces", "it updates workspaces"


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"retire": True}, {"retire": ONLY_RECONCILE}),
        ({"mode": "merge", "overwrite": True, "updates": True}, {"overwrite": ONLY_RECONCILE}),
        ({"mode": "", "prefer": "oldest", "moves": True}, {"prefer": ONLY_RECONCILE}),
        ({"retire": True, "prefer": "oldest"}, {"retire": ONLY_RECONCILE, "prefer": ONLY_RECONCILE}),
        ({"mode": "reconcile", "moves": False, "prefer": "oldest"}, {"prefer": OLDEST_MOVES}),
        ({"mode": "reconcile", "updates": False, "overwrite": True}, {"overwrite": OVERWRITE_UPDATES}),
    ],
)
def test_options_that_do_not_go_together_are_refused_by_name(
    as_alice: Caller, asked: dict[str, Any], refused: dict[str, str]
) -> None:
    body = {"template": TEMPLATE, "org": "acme", **asked}
    told = {path: message.partition(":")[0] for path, _, message in problems(as_alice.post("/org/import", body))}
    assert told == refused
    query = {key: str(value).lower() for key, value in asked.items()}
    answer = as_alice.post("/org/import", YAML, type="application/yaml", org="acme", **query)
    assert (answer.status_code, {path for path, _, _ in problems(answer)}) == (400, set(refused))


@pytest.mark.parametrize(
    "body", [{}, {"template": TEMPLATE, "dir": "dev"}, {"template": None, "dir": "dev"}, {"mode": "merge"}]
)
def test_exactly_one_of_template_and_dir_is_wanted(as_alice: Caller, body: dict[str, Any]) -> None:
    answer = as_alice.post("/org/import", {**body, "org": "acme"})
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
        400,
        "give exactly one of `template` and `dir`",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "Reconcile"), ("mode", False), ("mode", ["merge"]), ("mode", 0),
        ("org", 5), ("org", None), ("org", ""), ("org", {"slug": "acme"}),
        ("dry_run", "yes"), ("dry_run", 1), ("dry_run", None), ("dry_run", ""), ("dry_run", []),
        ("fingerprint", 5), ("fingerprint", ""),
        ("confirm_removals", True), ("confirm_removals", -1), ("confirm_removals", 1.5), ("confirm_removals", "1.0"),
        ("confirm_removals", "all"), ("confirm_removals", 10**15), ("confirm_removals", ""),
        pytest.param("reason", "x" * 2001, id="reason-long"), ("reason", 5),
        ("moves", "yes"), ("updates", 1), ("retire", "all"), ("overwrite", []), ("moves", ""),
        ("prefer", "Oldest"), ("prefer", True), ("prefer", ["oldest"]), ("prefer", "newest"),
        ("dryrun", True), ("Dry_run", True), ("confirm-removals", 1),
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_named_and_nothing_is_applied(as_alice: Caller, field: str, value: Any) -> None:
    answer = as_alice.post("/org/import", {"template": TEMPLATE, "org": "acme", field: value})
    assert answer.status_code == 400
    assert [path for path, _, _ in problems(answer)] == [field]
    assert not Workspace.objects.exists()


def test_null_means_left_out_where_nothing_can_go_wrong(as_alice: Caller) -> None:
    nulls = dict.fromkeys(("mode", "fingerprint", "confirm_removals", "reason", "missing_files", *ALL))
    answer = as_alice.post("/org/import", {"template": TEMPLATE, "org": "acme", **nulls})
    assert (answer.status_code, answer.json()["mode"]) == (201, "merge")


def test_an_empty_word_means_the_usual(as_alice: Caller) -> None:
    answer = as_alice.upload("/org/import", file=file(), org="acme", mode="", prefer="", missing_files="")
    assert answer.status_code == 201


@pytest.mark.parametrize("value", ["\\u0000", "\\ud800"])
@pytest.mark.parametrize("field", ["reason", "org", "fingerprint", "mode", "dir"])
def test_text_that_no_database_holds_is_refused(as_alice: Caller, field: str, value: str) -> None:
    other = "" if field == "dir" else '"template": {"name": "Dev"}, '
    answer = as_alice.post("/org/import", f'{{{other}"{field}": "a{value}b"}}')
    assert answer.status_code == 400


def test_all_problems_of_the_fields_come_at_once_with_their_lines(as_alice: Caller) -> None:
    body = '{"template": {},\n "mode": "all",\n "dryrun": true,\n "confirm_removals": "x"}'
    answer = as_alice.post("/org/import", body)
    assert sorted((path, line) for path, line, _ in problems(answer)) == [
        ("confirm_removals", 4),
        ("dryrun", 3),
        ("mode", 2),
    ]


def test_a_key_that_stands_twice_is_refused(as_alice: Caller) -> None:
    answer = as_alice.post("/org/import", '{"template": {"name": "Dev"}, "dry_run": true, "dry_run": false}')
    assert (answer.status_code, problems(answer)[0][0]) == (400, "dry_run")


def test_a_query_beside_json_or_a_file_is_refused(as_alice: Caller) -> None:
    json = as_alice.post("/org/import", {"template": TEMPLATE, "org": "acme"}, dry_run="true")
    form = as_alice.client.post("/org/import?dry_run=true", {"file": file(), "org": "acme"}, headers=as_alice.headers)
    assert [json.status_code, form.status_code] == [400, 400]
    assert not Workspace.objects.exists()


@pytest.mark.parametrize(
    "query", [{"dryrun": "1"}, {"mode": ["merge", "reconcile"]}, {"template": "x"}, {"dry_run": ""}]
)
def test_a_yaml_body_with_an_odd_query_is_refused(as_alice: Caller, query: dict[str, Any]) -> None:
    answer = as_alice.post("/org/import", YAML, type="application/yaml", **{"org": "acme", **query})
    assert (answer.status_code, Workspace.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    "form",
    [
        {}, {"file": "name: Dev"}, {"upload": file()}, {"file": [file(), file()]}, {"file": file(), "more": file()},
        {"file": file(), "dryrun": "1"}, {"file": file(), "mode": ["merge", "reconcile"]}, {"file": file(), "dir": "x"},
        {"file": file(), "reason": "a\0b"},
    ],
)  # fmt: skip
def test_a_form_wants_one_file_and_known_fields_once(as_alice: Caller, form: dict[str, Any]) -> None:
    answer = as_alice.upload("/org/import", **{"org": "acme", **form})
    assert (answer.status_code, Workspace.objects.count()) == (400, 0)
    assert answer.json()["errors"]


@pytest.mark.parametrize("name", ["dev.txt", "dev", "dev.tar.gz", "org.yaml.exe"])
def test_a_file_of_another_kind_is_refused_with_a_sentence(as_alice: Caller, name: str) -> None:
    answer = as_alice.upload("/org/import", file=file(name=name), org="acme")
    assert answer.status_code == 400
    assert answer.json()["error"].endswith("is none of .yaml, .yml, .json, .zip.")


@pytest.mark.parametrize("body", ["", "[]", "5", "null", '"text"', "{", "{'a': 1}", b"\xff\xfe", '{"a": 1} {}', "NaN"])
def test_a_body_that_is_no_json_object_is_malformed(as_alice: Caller, body: str | bytes) -> None:
    answer = as_alice.post("/org/import", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


def test_the_problems_of_a_template_come_with_path_and_line(as_alice: Caller) -> None:
    body = '{"org": "acme",\n "template": {"name": "Dev",\n  "workspaces": [\n   {"name": "PM", "tier": 9}]}}'
    answer = as_alice.post("/org/import", body)
    assert (answer.status_code, problems(answer)) == (
        400,
        [("workspaces[0].tier", 4, "must be an integer from 1 to 4")],
    )


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json"])
def test_another_media_type_is_not_read(as_alice: Caller, media_type: str) -> None:
    answer = as_alice.post("/org/import", "template=x", type=media_type)
    assert answer.status_code == 415
    assert set(answer.json()) == {"error", "errors"}


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "utf-7", "no-such"])
def test_another_character_set_is_not_read(as_alice: Caller, charset: str) -> None:
    answer = as_alice.post("/org/import?mode=x", "{}", type=f"application/json; charset={charset}")
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"]
)
def test_a_broken_form_is_malformed(as_alice: Caller, content_type: str) -> None:
    answer = as_alice.post("/org/import", b"--y\r\n\r\nnothing", type=content_type)
    assert answer.status_code == 400


def test_what_is_wrong_with_a_previous_name_comes_with_its_line(as_alice: Caller) -> None:
    text = "name: Dev team\npreviously: [Old, 5]\nworkspaces:\n- name: PM\n  previously:\n  - Boss\n  - [Root, {}]\n"
    answer = as_alice.post("/org/import", text, type="application/yaml", org="acme")
    assert (answer.status_code, problems(answer)) == (
        400,
        [("workspaces[0].previously[1][1]", 7, "must be a name"), ("previously[1]", 2, "must be a name")],
    )
