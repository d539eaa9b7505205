"""Data → template: what each key may hold, what is inherited, and how everything wrong is told."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.texts import directory, inline, problems
from workspaces.core.limits import TemplateLimits
from workspaces.core.template import Node, ScheduleSpec, Template
from workspaces.core.validating.validation_context import brief
from workspaces.errors import OrgError, TemplateInvalid, TemplateTooLarge

HEAD = "name: Dev team\n"


def one(body: str, *, defaults: str = "", **files: str) -> Node:
    """The only workspace of a template: `body` are its keys, `files` stand beside `org.yaml`."""
    text = f"{HEAD}defaults: {{{defaults}}}\nworkspaces: [{{name: PM, {body}}}]"
    template = directory({"org.yaml": text, **files}) if files else inline(text)
    return template.workspaces[0]


def wrong(body: str, *, head: str = HEAD) -> list[str]:
    """What is wrong with a template whose only workspace stands on line 3."""
    return problems(inline, f"{head}workspaces:\n- {{{body}}}")


def test_a_full_workspace_fills_every_column() -> None:
    node = one(
        "role: Leads, tier: 3, runtime: claude-code, model: opus, external: true, url: 'https://pm.example/a',"
        "spawning: false, schedules: [{name: Pulse, cron_expr: '*/5 * * * *', timezone: Europe/Berlin, prompt: Go,"
        "enabled: false}], children: [{name: Dev}]"
    )
    schedule = ScheduleSpec(name="Pulse", cron_expr="*/5 * * * *", timezone="Europe/Berlin", prompt="Go", enabled=False)
    assert node == Node(
        name="PM",
        path="workspaces[0]",
        place="line 3",
        role="Leads",
        tier=3,
        runtime="claude-code",
        model="opus",
        external=True,
        url="https://pm.example/a",
        spawning=False,
        schedules=(schedule,),
        children=(Node(name="Dev", path="workspaces[0].children[0]", place="line 3"),),
    )


def test_a_bare_workspace_has_the_houses_defaults() -> None:
    assert one("role: null") == Node(name="PM", path="workspaces[0]", place="line 3", tier=2, runtime="langgraph")


def test_the_head_keeps_all_but_defaults_and_workspaces() -> None:
    template = inline("name: ' Dev '\ndescription: d\nglobal_memories: [1]\nrequired_env: [A]\nworkspaces: []")
    assert (template.name, template.description, template.workspaces) == ("Dev", "d", ())
    assert template.header == {"name": " Dev ", "description": "d", "global_memories": [1], "required_env": ["A"]}
    assert not template.warnings


@pytest.mark.parametrize("text", [HEAD, HEAD + "workspaces:", HEAD + "workspaces: []"])
def test_no_workspaces_and_an_empty_list_mean_the_same(text: str) -> None:
    assert inline(text).workspaces == ()


@pytest.mark.parametrize("children", ["", ", children: null", ", children: []"])
def test_no_children_and_an_empty_list_mean_the_same(children: str) -> None:
    assert inline(f"{HEAD}workspaces: [{{name: PM{children}}}]").workspaces[0].children == ()


def test_nodes_come_in_the_order_of_the_text() -> None:
    tree = "[{name: a, children: [{name: b, children: [{name: c}]}, {name: d}]}, {name: e}]"
    assert [node.name for node in inline(f"{HEAD}workspaces: {tree}").walk()] == list("abcde")


# What is wrong


def test_every_problem_is_told_at_once() -> None:
    text = (
        "name: ''\nworkspaces:\n- name: PM\n  tier: 9\n  children:\n  - role: 7\n  - name: QA\n    runtime: ''\n- 5\n"
    )
    assert problems(inline, text) == [
        "1 name: a name must not be empty",
        "4 workspaces[0].tier: must be an integer from 1 to 4",
        "6 workspaces[0].children[0].role: must be text; put it in quotes",
        "6 workspaces[0].children[0].name: is required",
        "8 workspaces[0].children[1].runtime: must not be empty",
        "9 workspaces[1]: a workspace must be a mapping with a name",
    ]


def test_what_has_no_line_of_its_own_has_that_of_its_owner() -> None:
    assert problems(inline, "description: x\n") == ["1 name: is required"]


@pytest.mark.parametrize("text", ["- 1", "text", "5"])
def test_a_template_is_a_mapping(text: str) -> None:
    assert problems(inline, text)[0] == "1 the template must be a mapping with a name and workspaces"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("name: PM, tier: '3'", "tier: must be an integer from 1 to 4"),
        ("name: PM, tier: true", "tier: must be an integer from 1 to 4"),
        ("name: PM, tier: 2.0", "tier: must be an integer from 1 to 4"),
        ("name: PM, tier: 0", "tier: must be an integer from 1 to 4"),
        ("name: PM, tier: 5", "tier: must be an integer from 1 to 4"),
        ("name: PM, role: true", "role: must be text; put it in quotes"),
        ("name: PM, model: 4.1", "model: must be text; put it in quotes"),
        ("name: PM, role: [a]", "role: must be text"),
        ("name: PM, spawning: 'yes'", "spawning: must be true or false"),
        ("name: PM, external: 1", "external: must be true or false"),
        ("name: PM, plugins: a", "plugins: must be a list"),
        ("name: PM, plugins: [a, 1]", "plugins[1]: must be text; put it in quotes"),
        ("name: PM, plugins: ['!']", "plugins[0]: a plugin must have a name"),
        ("name: PM, children: {a: 1}", "children: must be a list"),
        ("name: PM, schedules: 1", "schedules: must be a list"),
        ("name: PM, schedules: [1]", "schedules[0]: must be a mapping"),
        ("name: PM, files_dir: 1", "files_dir: must be text; put it in quotes"),
        ("name: PM, initial_prompt: 1", "initial_prompt: must be text; put it in quotes"),
        (f"name: PM, runtime: {'x' * 256}", "runtime: must have at most 255 characters"),
        ("name: 42", "name: must be text; put it in quotes"),
        ("name: null", "name: is required"),
        ("role: x", "name: is required"),
        ("name: '  '", "name: a name must not be empty"),
        (f"name: {'x' * 300}", "name: a name must have at most 255 characters, this one has 300"),
        ('name: "P\\u202eM"', "name: a name must not contain U+202E (at position 2)"),
        ('name: "P\\tM"', "name: a name must not contain U+0009 (at position 2)"),
        ("name: PM, external: true", "url: is required, because the workspace is external"),
        ("name: PM, url: 'ftp://x'", "url: a URL must begin with http:// or https:// and name a host"),
        ("name: PM, url: 'http://169.254.169.254/'", "url: link-local and metadata addresses are refused"),
        ("name: PM, schedules_extra: {}", "schedules_extra: is a reserved key"),
        (f"name: PM, plugins: [{'a, ' * 1001}]", "plugins: must have at most 1,000 entries"),
    ],
)
def test_a_wrong_value_is_refused_with_path_and_line(body: str, problem: str) -> None:
    assert wrong(body) == [f"3 workspaces[0].{problem}"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("cron_expr: '* * * * *'", "name: is required"),
        ("name: a", "cron_expr: is required"),
        ("name: a, cron_expr: '* * * *'", "cron_expr: not a cron expression: Wrong number of fields"),
        ("name: a, cron_expr: '61 * * * *'", "cron_expr: not a cron expression: Bad minute"),
        ("name: a, cron_expr: '0 0 31 2 *'", "cron_expr: not a cron expression: Bad day-of-month"),
        (
            f"name: a, cron_expr: '{'1,' * 200}1 * * * *'",
            "cron_expr: a cron expression must have at most 255 characters",
        ),
        ("name: a, cron_expr: '* * * * *', enabled: 1", "enabled: must be true or false"),
        ("name: a, cron_expr: '* * * * *', prompt: 1", "prompt: must be text; put it in quotes"),
        ("name: a, cron_expr: '* * * * *', timezone: Mars/Olympus", "timezone: not a known time zone (IANA names: …)"),
    ],
)
def test_a_wrong_schedule_is_refused_with_path_and_line(body: str, problem: str) -> None:
    (found,) = wrong(f"name: PM, schedules: [{{{body}}}]")
    assert found.replace("`UTC`, `Europe/Berlin`", "…") == f"3 workspaces[0].schedules[0].{problem}"


def test_siblings_must_not_share_a_name() -> None:
    nodes = "- name: Zoe\u0308\n- name: PM\n- name: ' Zo\u00eb '\n  children: [{name: PM}]\n- name: PM\n"
    assert problems(inline, f"{HEAD}workspaces:\n{nodes}") == [
        "5 workspaces[2].name: a sibling is called `Zoë` already (line 3)",
        "7 workspaces[3].name: a sibling is called `PM` already (line 4)",
    ]


def test_schedules_of_one_workspace_must_not_share_a_name() -> None:
    schedule = "{name: %s, cron_expr: '* * * * *'}"
    text = f"{HEAD}workspaces:\n- name: PM\n  schedules:\n  - {schedule % 'a'}\n  - {schedule % ' a'}\n"
    assert problems(inline, text) == [
        "6 workspaces[0].schedules[1].name: the workspace has a schedule of this name already (line 5)"
    ]


def test_only_a_workspace_itself_can_say_what_makes_it_one() -> None:
    found = problems(inline, HEAD + "defaults: {tier: 7, spawning: false, url: 'http://a'}\n")
    assert found == [
        "2 defaults.tier: must be an integer from 1 to 4",
        "2 defaults.spawning: belongs to a workspace, not to the defaults",
        "2 defaults.url: belongs to a workspace, not to the defaults",
    ]


def test_a_hundred_problems_are_told_and_the_others_counted() -> None:
    with pytest.raises(TemplateInvalid, match="has 249 errors, the first 100 of them listed") as error:
        inline(HEAD + "workspaces:\n" + "- name: PM\n" * 250)
    assert len(error.value.problems) == 100


def test_problems_name_the_file() -> None:
    files = {"org.yaml": f"{HEAD}workspaces:\n- !include pm.yaml", "pm.yaml": "name: PM\ntier: 9"}
    assert problems(directory, files) == ["pm.yaml:2 workspaces[0].tier: must be an integer from 1 to 4"]
    files["pm.yaml"] = "name: PM\nchildren:\n- name: QA"
    assert [node.place for node in directory(files).walk()] == ["pm.yaml:1", "pm.yaml:3"]


# Limits


def test_too_many_workspaces_are_too_large() -> None:
    limits = TemplateLimits(max_nodes=3)
    text = f"{HEAD}workspaces:\n- name: a\n  children:\n  - name: b\n- name: c\n"
    assert inline(text, limits=limits).count() == 3
    with pytest.raises(TemplateTooLarge, match="more than 3 workspaces") as error:
        inline(f"{text}  children:\n  - name: d\n", limits=limits)
    assert (error.value.problems[0].path, error.value.problems[0].line) == ("workspaces[1].children[0]", 8)


def nested(depth: int) -> str:
    return HEAD + "workspaces: [" + "{name: a, children: [" * (depth - 1) + "{name: a}" + "]}" * (depth - 1) + "]"


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_a_tree_too_deep_is_too_large(format: Any) -> None:
    def text(depth: int) -> str:
        return nested(depth) if format == "yaml" else as_json(nested(depth))

    assert inline(text(64), format=format).count() == 64
    with pytest.raises(TemplateTooLarge, match="depth of the tree is more than 64 levels"):
        inline(text(65), format=format)
    with pytest.raises(TemplateTooLarge, match="depth"):
        inline(text(500), format=format)


def as_json(flow: str) -> str:
    text = flow.replace(HEAD, "").replace("workspaces:", '{"name": "x", "workspaces":') + "}"
    return text.replace("name: a", '"name": "a"').replace("children:", '"children":')


def test_the_deepest_tree_that_can_be_set_still_survives_json() -> None:
    limits = TemplateLimits(max_depth=150)
    template = inline(nested(150), limits=limits)
    assert Template.from_json(json.loads(json.dumps(template.to_json()))) == template


def test_a_default_prompt_for_all_counts_for_each() -> None:
    limits = TemplateLimits(max_bytes=1000)
    text = f"{HEAD}defaults: {{initial_prompt: {'x' * 500}}}\nworkspaces:\n"
    assert inline(text + "".join(f"- name: a{n}\n" for n in range(10)), limits=limits).count() == 10
    with pytest.raises(TemplateTooLarge, match="expand to more than 8,000 bytes") as error:
        inline(text + "".join(f"- name: a{n}\n" for n in range(20)), limits=limits)
    assert error.value.problems[0].path == "workspaces[15]"


# What is inherited


def test_a_workspace_has_the_defaults_unless_it_says_otherwise() -> None:
    defaults = "tier: 3, runtime: claude-code, model: opus, role: Helps, initial_prompt: Hi, channels: [a], x: 1"
    node = one("tier: 1, role: null", defaults=defaults)
    assert (node.tier, node.runtime, node.model, node.role) == (1, "claude-code", "opus", "Helps")
    assert node.spec == {"initial_prompt": "Hi", "channels": ["a"], "x": 1}
    own = one("channels: [], x: 2, initial_prompt: '', model: ''", defaults=defaults)
    assert (own.model, own.spec) == ("", {"channels": [], "x": 2, "initial_prompt": ""})


@pytest.mark.parametrize(
    ("defaults", "own", "plugins"),
    [
        ("[a, b]", "[c, a]", ["a", "b", "c"]),
        ("[a, b, c]", "['!b', -c]", ["a"]),
        ("[a]", "['!a']", []),
        ("[]", "[a, '!a', b]", ["b"]),
        ("[a]", "null", ["a"]),
        ("null", "[]", []),
    ],
)
def test_plugins_are_a_union_with_the_defaults(defaults: str, own: str, plugins: list[str]) -> None:
    assert one(f"plugins: {own}", defaults=f"plugins: {defaults}").spec["plugins"] == plugins


def test_no_plugins_anywhere_leave_no_key() -> None:
    assert "plugins" not in one("role: x").spec


def test_nothing_of_a_workspace_is_lost() -> None:
    body = "workspace_dir: /w, canvas: {x: 1, deep: [{y: ${Z}}]}, required_env: [{any_of: [A, B]}], odd: null"
    node = one(body.replace("${Z}", "'${Z}'"))
    assert node.spec == {
        "workspace_dir": "/w",
        "canvas": {"x": 1, "deep": [{"y": "${Z}"}]},
        "required_env": [{"any_of": ["A", "B"]}],
        "odd": None,
    }


def test_what_a_schedule_says_beyond_its_columns_is_kept() -> None:
    node = one("schedules: [{name: a, cron_expr: '0 0 * * *', colour: red}]")
    assert node.spec == {"schedules_extra": {"a": {"colour": "red"}}}


# Prompts and files


@pytest.mark.parametrize("key", ["initial_prompt", "idle_prompt"])
def test_a_prompt_comes_from_the_nearest_place_that_has_one(key: str) -> None:
    files = {"d.md": "default file", "pm/own.md": "own file"}

    def prompt(own: str, defaults: str) -> object:
        node = one(f"files_dir: pm, {own}".replace("P", key), defaults=defaults.replace("P", key), **files)
        return node.spec.get(key)

    assert prompt("P: own, P_file: own.md", "P: default") == "own"
    assert prompt("P: '', P_file: own.md", "P: default") == "own file"
    assert prompt("P_file: own.md", "P: default") == "own file"
    assert prompt("", "P: default, P_file: d.md") == "default"
    assert prompt("", "P_file: d.md") == "default file"
    assert prompt("P: null", "") is None


def test_the_file_keys_stay_as_written_and_are_not_inherited() -> None:
    node = one("idle_prompt_file: b.md", defaults="initial_prompt_file: a.md", **{"a.md": "A", "b.md": "B"})
    assert node.spec == {"idle_prompt_file": "b.md", "idle_prompt": "B", "initial_prompt": "A"}


def test_a_schedules_prompt_file_lies_in_files_dir() -> None:
    body = "files_dir: pm, schedules: [{name: a, cron_expr: '0 0 * * *', prompt_file: ../x.md}]"
    node = one(body, **{"x.md": "\ufeffGo\r\n", "pm/y": ""})
    assert node.schedules[0].prompt == "Go\r\n"
    assert node.spec["schedules_extra"] == {"a": {"prompt_file": "../x.md"}}


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("no.md", "the prompt file no.md: no.md does not exist"),
        ("../no.md", "the path leads outside the template"),
        ("/etc/passwd", "a path must be relative"),
        (".env", "hidden files and folders are not read"),
        ("latin.md", "the file is not UTF-8 text"),
        ("nul.md", "text must not contain U+0000"),
    ],
)
def test_a_prompt_file_that_can_not_be_read_is_an_error_with_its_place(file: str, reason: str) -> None:
    files = {
        "org.yaml": f"{HEAD}workspaces:\n- name: PM\n  initial_prompt_file: {file}\n",
        "latin.md": b"caf\xe9",
        "nul.md": "a\0",
        ".env": "SECRET=1",
    }
    (problem,) = problems(directory, files)
    assert problem.startswith("org.yaml:4 workspaces[0].initial_prompt_file: the prompt file")
    assert reason in problem


def test_a_wrong_tier_hides_no_missing_file() -> None:
    files = {
        "org.yaml": f"{HEAD}workspaces: [{{name: PM, tier: 9, files_dir: ../x, idle_prompt_file: no.md}}, {{name: Q}}]"
    }
    assert [line.partition(": ")[2] for line in problems(directory, files)] == [
        "must be an integer from 1 to 4",
        "the path leads outside the template",
    ]


def test_prompt_files_count_in_bytes() -> None:
    files = {"org.yaml": f"{HEAD}workspaces: [{{name: a, idle_prompt_file: a}}, {{name: b, idle_prompt_file: a}}]"}
    limits = TemplateLimits(max_bytes=1000)
    assert directory({**files, "a": "x" * 400}, limits=limits).count() == 2
    with pytest.raises(TemplateTooLarge, match="more than 1,000 bytes in all its files") as error:
        directory({**files, "a": "x" * 500}, limits=limits)
    assert error.value.problems[0].path == "workspaces[1].idle_prompt_file"


@pytest.mark.parametrize("key", ["initial_prompt_file: a.md", "idle_prompt_file: a.md, idle_prompt: inline"])
def test_a_prompt_file_needs_files_around_it(key: str) -> None:
    (problem,) = wrong(f"name: PM, {key}")
    assert problem.endswith("_prompt_file: a prompt file needs a directory or a zip")
    (problem,) = problems(inline, f"{HEAD}defaults: {{{key}}}")
    assert problem.endswith("_prompt_file: a prompt file needs a directory or a zip")


def test_a_schedules_prompt_file_needs_files_around_it() -> None:
    (problem,) = wrong("name: PM, schedules: [{name: a, cron_expr: '0 0 * * *', prompt_file: a.md}]")
    assert problem == "3 workspaces[0].schedules[0].prompt_file: a prompt file needs a directory or a zip"


def test_a_missing_files_dir_is_a_warning() -> None:
    text = f"{HEAD}workspaces: [{{name: PM, files_dir: pm}}]"
    assert inline(text).warnings == (
        "`files_dir` needs a directory or a zip and is left empty: workspaces[0].files_dir (line 2)",
    )
    assert directory({"org.yaml": text}).warnings == (
        "`files_dir` is no folder of the template: workspaces[0].files_dir (org.yaml:2)",
    )
    assert directory({"org.yaml": text, "pm/a": ""}).warnings == ()


def test_a_files_dir_outside_the_template_is_an_error() -> None:
    for text in ("../pm", "/pm", "a/../../pm"):
        assert "files_dir: " in wrong(f"name: PM, files_dir: {text}")[0]


# Warnings


def test_an_unknown_key_is_one_warning_with_its_places_and_a_guess() -> None:
    nodes = "".join(f"- {{name: a{n}, teir: 3, shape: round}}\n" for n in range(5))
    template = inline(f"{HEAD}descripton: x\ndefaults: {{modle: x}}\nworkspaces:\n{nodes}")
    assert template.warnings == (
        "unknown key `descripton` (did you mean `description`?), kept but not used: descripton (line 2)",
        "unknown key `modle` (did you mean `model`?), kept but not used: defaults.modle (line 3)",
        "unknown key `teir` (did you mean `tier`?), kept but not used: workspaces[0].teir (line 5), "
        "workspaces[1].teir (line 6), workspaces[2].teir (line 7), workspaces[3].teir (line 8), "
        "workspaces[4].teir (line 9)",
        "unknown key `shape`, kept but not used: workspaces[0].shape (line 5), "
        "workspaces[1].shape (line 6), workspaces[2].shape (line 7), workspaces[3].shape (line 8), "
        "workspaces[4].shape (line 9)",
    )
    assert brief(template.warnings[2]).endswith("workspaces[2].teir (line 7), and 2 more")
    assert template.header["descripton"] == "x"
    assert template.workspaces[4].spec == {"teir": 3, "shape": "round", "modle": "x"}


def test_an_unknown_key_of_a_schedule_is_a_warning() -> None:
    template = inline(f"{HEAD}workspaces: [{{name: a, schedules: [{{name: b, cron_expr: '0 0 * * *', when: UTC}}]}}]")
    assert template.warnings == ("unknown key `when`, kept but not used: workspaces[0].schedules[0].when (line 2)",)


def test_the_known_keys_without_a_column_bring_no_warning() -> None:
    spec = {
        "template": "x", "workspace_dir": "x", "workspace_access": "x", "system_prompt": "x", "idle_prompt": "x",
        "idle_interval_seconds": 60, "category_routing": {}, "initial_memories": [], "max_concurrent_tasks": 3,
        "channels": [], "required_env": [{"any_of": ["A"]}], "recommended_env": ["B"], "canvas": {"x": 1.5},
    }  # fmt: skip
    body = json.dumps(spec)[1:-1]
    template = inline(f"{HEAD}global_memories: []\ntemplate_schema_version: 1\nworkspaces: [{{name: PM, {body}}}]")
    assert template.warnings == ()
    assert template.workspaces[0].spec == spec


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("canvas: text", "a mapping"), ("canvas: [1, 2]", "a mapping"), ("required_env: A", "a list"),
        ("required_env: {A: 1}", "a list"), ("channels: 1", "a list"), ("initial_memories: x", "a list"),
        ("category_routing: []", "a mapping"), ("max_concurrent_tasks: '3'", "a whole number"),
        ("max_concurrent_tasks: true", "a whole number"), ("max_concurrent_tasks: 1.5", "a whole number"),
        ("idle_interval_seconds: soon", "a number"), ("system_prompt: 5", "text"), ("workspace_dir: []", "text"),
        ("template: {}", "text"),
    ],
)  # fmt: skip
def test_a_known_key_of_another_type_is_kept_with_a_warning(text: str, word: str) -> None:
    key = text.partition(":")[0]
    template = inline(f"{HEAD}workspaces:\n- name: PM\n  {text}\n")
    assert template.warnings == (f"`{key}` should be {word}; it is kept as written: workspaces[0].{key} (line 4)",)
    assert key in template.workspaces[0].spec


def test_keys_of_another_type_are_told_in_defaults_and_at_the_top_too() -> None:
    warnings = inline(
        f"{HEAD}global_memories: x\ndefaults: {{canvas: x}}\nworkspaces: [{{name: PM, canvas: null}}]"
    ).warnings
    assert [warning.partition(": ")[2] for warning in warnings] == [
        "global_memories (line 2)",
        "defaults.canvas (line 3)",
    ]


TREE = (
    "workspaces:\n- name: Dev Lead\n  files_dir: lead\n  parent: {root}\n  children: [{{name: PM, parent: {child}}}]\n"
)


@pytest.mark.parametrize("child", ["Dev Lead", "dev-lead", "dev_lead", "lead", "null", "'Dev\u00a0 Lead'"])
def test_a_parent_that_repeats_the_nesting_is_dropped_without_a_word(child: str) -> None:
    template = directory({"org.yaml": HEAD + TREE.format(root="null", child=child), "lead/a": ""})
    assert template.warnings == ()
    assert "parent" not in template.workspaces[0].children[0].spec


@pytest.mark.parametrize(("root", "child", "path"), [
    ("null", "PM", "workspaces[0].children[0].parent"), ("null", "[Dev Lead]", "workspaces[0].children[0].parent"),
    ("Dev Lead", "Dev Lead", "workspaces[0].parent"), ("null", "''", "workspaces[0].children[0].parent"),
])  # fmt: skip
def test_a_parent_that_says_something_else_is_a_warning(root: str, child: str, path: str) -> None:
    template = directory({"org.yaml": HEAD + TREE.format(root=root, child=child), "lead/a": ""})
    (warning,) = template.warnings
    assert warning.startswith(f"`parent` is not what the nesting says, and is ignored: {path} (org.yaml:")


def test_what_is_not_spawned_is_a_warning() -> None:
    template = inline(f"{HEAD}workspaces: [{{name: a, spawning: false}}, {{name: b, spawning: true}}]")
    assert template.warnings == (
        "`spawning: false`: created by neither mode, with all below it; the names still count: workspaces[0] (line 2)",
    )
    assert [node.spawning for node in template.walk()] == [False, True]


def test_a_hundred_warnings_are_told_and_the_others_counted() -> None:
    warnings = inline(HEAD + "".join(f"key{n}: 1\n" for n in range(150))).warnings
    assert len(warnings) == 101
    assert warnings[-1] == "… and 50 more warnings"


def test_a_key_without_end_is_shortened_in_messages() -> None:
    template = inline(f"{HEAD}{'k' * 1000}: 1")
    assert len(template.warnings[0]) < 250


# Round trips


def test_a_template_survives_json() -> None:
    template = one("canvas: {x: [1, 2.5, null, true]}, schedules: [{name: a, cron_expr: '0 0 * * *', q: 1}]")
    whole = Template(name="x", workspaces=(template,), warnings=("w",))
    assert Template.from_json(json.loads(json.dumps(whole.to_json()))) == whole


names = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=3)
values = st.none() | st.booleans() | st.integers(0, 9) | st.text("a!${}:", max_size=4) | st.lists(names, max_size=2)
keys = st.sampled_from(
    [
        "role", "tier", "runtime", "model", "spawning", "external", "url", "schedules", "children", "canvas", "plugins",
        "initial_prompt", "initial_prompt_file", "idle_prompt_file", "files_dir", "template", "schedules_extra", "odd",
    ]
)  # fmt: skip
nodes = st.recursive(
    st.fixed_dictionaries({"name": names}) | st.dictionaries(keys, values) | values,
    lambda inner: st.fixed_dictionaries(
        {"name": names, "children": st.lists(inner, max_size=3)},
        optional={"tier": st.integers(0, 5), "plugins": values, "canvas": values, "files_dir": values, "odd": values},
    ),
    max_leaves=8,
)
templates = st.fixed_dictionaries(
    {"name": names, "workspaces": st.lists(nodes, max_size=3)},
    optional={"defaults": st.dictionaries(keys, values, max_size=3), "description": values, "odd": values},
)


@given(templates | nodes)
def test_any_data_is_a_template_that_survives_json_or_is_refused(data: Any) -> None:
    text = json.dumps(data)
    for load in (lambda: inline(text, format="json"), lambda: directory({"org.json": text, "a": "x", "b/c": "y"})):
        with suppress(OrgError):
            template = load()
            assert Template.from_json(json.loads(json.dumps(template.to_json()))) == template
