from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config.setting_fields import ANY_NAME, list_fields
from config.settings import Settings
from config.settings_errors import SettingsErrors
from config.workspace import WorkspaceSettings
from tests.fakes.sentences import check_sentence, refusal_of
from tests.fakes.settings_files import SettingsFolder

FIELDS = list_fields(Settings)
SECRETS = [field.path for field in FIELDS if field.secret]
STORE = '[store]\nkind = "dynamodb"\n'
BACKEND = '[backends.big]\nkind = "openai"\n'
KINDS = "'local', 'openai', 'aws', 'echo'"


@pytest.fixture
def folder(tmp_path: Path) -> SettingsFolder:
    return SettingsFolder(tmp_path)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("limits = 3", "limits must be a table; found a number (line 1)."),
        ('web = "s3cret"', "web must be a table; found text (line 1)."),
        ("web = true", "web must be a table; found true or false (line 1)."),
        ("web = 1979-05-27", "web must be a table; found a date or time (line 1)."),
        ("backends = []", "backends must be a table; found a list (line 1)."),
        ("[backends]", "backends must not be empty (line 1)."),
        ("[[limits]]\nmax_length = 1", "limits must be a table; found a list (line 1)."),
        ("[limitz]\na = 1", "there is no setting limitz (line 1). Did you mean limits?"),
        (
            "\n[limits]\nmax_lenght = 1",
            "there is no setting limits.max_lenght (line 3). Did you mean limits.max_length?",
        ),
        ("limits.max_lenght = 1", "there is no setting limits.max_lenght (line 1). Did you mean limits.max_length?"),
        ("[web]\nzzz = 1", "there is no setting web.zzz (line 2). There are host, port, token, allowed_hosts."),
        ('"a\\nb" = 1', 'there is no setting "a\\nb" (line 1). There are ' + ", ".join(Settings.model_fields) + "."),
        ("limits.max_length = 0", "limits.max_length must be at least 1; found 0 (line 1)."),
        ("[limits]\nmax_length = true", "limits.max_length must be a number; found true (line 2)."),
        ("[limits]\nmax_length = 1.5", "limits.max_length must be a whole number; found 1.5 (line 2)."),
        ("[limits]\nmax_length = []", "limits.max_length must be a whole number; found a list (line 2)."),
        ("[limits]\ndeadline_s = 0", "limits.deadline_s must be more than 0; found 0 (line 2)."),
        ("[limits]\ndeadline_s = inf", "limits.deadline_s must be a finite number; found inf (line 2)."),
        ("[limits]\ndeadline_s = nan", "limits.deadline_s must be a finite number; found nan (line 2)."),
        (
            "[limits]\nmax_length = " + "9" * 4000,
            "limits.max_length must be at most 8192; found a number with very many digits (line 2).",
        ),
        ("[web]\nport = 07:32:00", "web.port must be a whole number; found 07:32:00 (line 2)."),
        ('[web]\nhost = ""', "web.host must not be empty (line 2)."),
        ("[web]\nallowed_hosts = 3", "web.allowed_hosts must be a list; found 3 (line 2)."),
        ('[web]\nallowed_hosts = [\n"a",\n3]', "web.allowed_hosts.1 must be text; found 3 (line 2)."),
        ('[web]\ntoken = ""', "web.token is empty; give it a value or leave it out (line 2)."),
        ("[web]\ntoken = 3", "web.token must be text; found a value I won't show (line 2)."),
        ('[log]\njson_lines = "maybe"', "log.json_lines must be true or false; found 'maybe' (line 2)."),
        ("data_dir = 3", "data_dir must be a path; found 3 (line 1)."),
        ('data_dir = "a\\u0000b"', "data_dir holds a character that can't be used (line 1)."),
        ('cache_dir = "a\\u0000b"', "cache_dir holds a character that can't be used (line 1)."),
        *(
            (
                f'[backends.big]\nkind = "openai"\nbase_url = "{url}"',
                "backends.big.base_url must name a host, and a port between 0 and 65535 if any (line 3).",
            )
            for url in ("http://", "http://[", "http://:80/v1", "http://a:70000/v1", "https://a:b/v1")
        ),
        (
            'data_dir = "~nobodyhere/x"',
            "data_dir begins with ~, but I can't tell whose home folder that is (line 1).",
        ),
        ("[defaults]\ntemperature = 3", "defaults.temperature must be at most 2; found 3 (line 2)."),
        ("[defaults]\nseed = 3000000000", "defaults.seed must be at most 2147483647; found 3000000000 (line 2)."),
        ("[defaults]\ntop_n = 3", "there is no setting defaults.top_n (line 2). Did you mean defaults.top_k?"),
        ('[defaults]\nstop = ""', "defaults.stop can't hold an empty string (line 2)."),
        ('[defaults]\nstop = ["a","b","c","d","e"]', "defaults.stop takes at most 4; found 5 (line 2)."),
        ("[backends.big]\nmodel = 'x'", f"backends.big.kind is needed; make it one of {KINDS} (line 1)."),
        ("[backends.big]\nkind = 'x'", f"backends.big.kind must be one of {KINDS}; found 'x' (line 2)."),
        ("[store]\ntable = 'x'", "store.kind is needed; make it one of 'sqlite', 'dynamodb' (line 1)."),
        ("[store]\nkind = 'x'", "store.kind must be one of 'sqlite', 'dynamodb'; found 'x' (line 2)."),
        (STORE + "table = 'a b'", "store.table must be 3 to 255 letters, digits, dots, - and _ (line 3)."),
        (STORE + "tabel = 'x'", "there is no setting store.tabel (line 3). Did you mean store.table?"),
        ("store = 'x'", "store must be a table; found text (line 1)."),
        ("[backends]\nbig = 3", "backends.big must be a table; found a number (line 2)."),
        (BACKEND, "backends.big.base_url is needed; add it (line 1)."),
        (
            BACKEND + 'base_url = "ftp://me:s3cret@x"',
            "backends.big.base_url must be a URL that starts with http:// or https:// (line 3).",
        ),
        (
            BACKEND + 'base_url = "https://me:s3cret@x/v1"',
            "backends.big.base_url must not hold a user name or password; put a key into api_key (line 3).",
        ),
        (
            BACKEND + 'base_url = "http://x"\nmodle = 1',
            "there is no setting backends.big.modle (line 4). Did you mean backends.big.model?",
        ),
        (
            '[backends."Big One"]\nkind = "echo"',
            'backends."Big One" is not a usable name; take small letters, digits, - and _ (line 1).',
        ),
        ('\ndefault_backend = "x"', "default_backend must be one of 'local'; found 'x' (line 2)."),
        (
            '[backends.toy]\nkind = "echo"',
            "default_backend is needed, since no backend is called 'local'; make it one of 'toy'.",
        ),
    ],
    ids=lambda given: given.splitlines()[-1][:40] if given else "",
)
def test_file_errors_name_file_and_line(folder: SettingsFolder, toml: str, sentence: str) -> None:
    assert folder.refusal(toml) == f"inkling.toml: {sentence}"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"BACKENDS__BIG__KIND": "foo"}, f"INKLING_BACKENDS__BIG__KIND must be one of {KINDS}; found 'foo'."),
        ({"BACKENDS__BIG__MODEL": "x"}, f"INKLING_BACKENDS__BIG__KIND is needed; make it one of {KINDS}."),
        ({"BACKENDS__BIG__KIND": "openai"}, "INKLING_BACKENDS__BIG__BASE_URL is needed; add it."),
        ({"DEFAULT_BACKEND": "x"}, "INKLING_DEFAULT_BACKEND must be one of 'local'; found 'x'."),
        (
            {"LOG__LEVEL": "loud"},
            "INKLING_LOG__LEVEL must be one of 'debug', 'info', 'warning' or 'error'; found 'loud'.",
        ),
        ({"WEB__PORT": "99999"}, "INKLING_WEB__PORT must be at most 65535; found 99999."),
        ({"WEB__PORT": "1_000"}, "INKLING_WEB__PORT must be a number; found '1_000'."),
        ({"WEB__PORT": "1", "WEB__PORT__X": "2"}, "INKLING_WEB__PORT must be a whole number; found a table."),
        ({"WEB": '{"port": 99999}'}, "INKLING_WEB: port must be at most 65535; found 99999."),
        ({"WEB": "[1]"}, None),
        ({"WEB__HOST": "\ud800"}, "INKLING_WEB__HOST holds a character that can't be used."),
        ({"WEB__TOKEN": "a\ud800"}, "INKLING_WEB__TOKEN holds a character that can't be used."),
        ({"WEB__PROT": "1"}, "There is no setting INKLING_WEB__PROT. Did you mean INKLING_WEB__PORT?"),
        ({"WEBB__PORT": "1"}, "There is no setting INKLING_WEBB__PORT. Did you mean INKLING_WEB__PORT?"),
        (
            {"DEFAULTS__TEMP": "1"},
            "There is no setting INKLING_DEFAULTS__TEMP. Did you mean INKLING_DEFAULTS__TEMPERATURE?",
        ),
        ({"CONFG": "x"}, "There is no setting INKLING_CONFG. Did you mean INKLING_CONFIG?"),
        ({"WEB__": "1"}, "There is no setting INKLING_WEB__. There are host, port, token, allowed_hosts."),
    ],
    ids=str,
)
def test_environment_errors_name_the_variable(
    folder: SettingsFolder, environ: dict[str, str], sentence: str | None
) -> None:
    refusal = folder.refusal("# nothing is set here\n", **environ)
    assert refusal == (sentence or "INKLING_WEB must be a table; found a list.")


def test_wrong_value_in_a_file_names_the_variable_that_names_the_file(folder: SettingsFolder, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("x\n")
    refusal = folder.refusal("", WEB__PORT_FILE=str(tmp_path / "port"))
    assert refusal == "INKLING_WEB__PORT_FILE must be a number; found 'x'."


def test_missing_belongs_to_whoever_began_the_table(folder: SettingsFolder) -> None:
    assert folder.refusal(BACKEND, BACKENDS__BIG__MODEL="x") == (
        "inkling.toml: backends.big.base_url is needed; add it (line 1)."
    )


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"defaults": {"temperature": 3}}, "defaults.temperature must be at most 2; found 3."),
        ({"ceilings": {"lenght": 3}}, "There is no setting ceilings.lenght. Did you mean ceilings.length?"),
        (
            {"presets": {"Bad Name": {}}},
            'presets."Bad Name" is not a usable name; take small letters, digits, - and _.',
        ),
        ({"channels": {"C1": {"defaults": {"top_n": 3}}}}, None),
        ({"regenerate_by": "me"}, "regenerate_by must be one of 'requester', 'anyone' or 'admins'; found 'me'."),
        ({"word_filter": "x"}, "word_filter must be a list; found 'x'."),
        ({"cooldown_s": -1}, "cooldown_s must be at least 0; found -1."),
        ({"regenerate_emoji": ""}, "regenerate_emoji must not be empty."),
    ],
    ids=str,
)
def test_rules_made_in_chat_are_named_as_they_are_there(rules: dict[str, object], sentence: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        WorkspaceSettings.model_validate(rules)
    explained = SettingsErrors(list_fields(WorkspaceSettings)).explain(caught.value.errors()[0]).sentence
    check_sentence(explained)
    assert explained == (
        sentence or "There is no setting channels.C1.defaults.top_n. Did you mean channels.C1.defaults.top_k?"
    )


def test_there_are_secrets() -> None:
    assert ("web", "token") in SECRETS
    assert ("backends", ANY_NAME, "api_key") in SECRETS


def _nested(path: tuple[str, ...], value: object) -> dict[str, object]:
    tree: object = value
    for part in reversed(path):
        tree = {"big" if part == ANY_NAME else part: tree}
    assert isinstance(tree, dict)
    return tree


WRONG_ELSEWHERE = st.sampled_from(
    [
        {"INKLING_LIMITS__MAX_LENGTH": "0"},
        {"INKLING_LIMITZ": "1"},
        {"INKLING_WEB__PROT": "1"},
        {"INKLING_WEB__PORT": "x"},
        {"INKLING_BACKENDS__BIG__KIND": "foo"},
        {"INKLING_BACKENDS__BIG__BASE_URL": "no"},
        {"INKLING_DEFAULT_BACKEND": "x"},
        {"INKLING_WEB": "{"},
        {},
    ]
)
SHAPES = ("plain", "list", "table", "json", "broken json", "typo", "control", "file and value")


def _with_secret(path: tuple[str, ...], secret: str, shape: str, folder: Path) -> dict[str, str]:
    """An environment that sets the secret at `path`, well or badly."""
    name = "INKLING_" + "__".join("big" if part == ANY_NAME else part for part in path).upper()
    top = "INKLING_" + path[0].upper()
    whole = json.dumps(_nested(path[1:], secret))
    match shape:
        case "list":
            return {top: json.dumps(_nested(path[1:], [secret]))}
        case "table":
            return {f"{name}__X": secret}
        case "json":
            return {top: whole}
        case "broken json":
            return {top: whole[:-1]}
        case "typo":
            return {name[:-1]: secret}
        case "control":
            return {name: secret + "\x1b"}
        case "file and value":
            (folder / "secret").write_text(secret)
            return {name: secret, f"{name}_FILE": str(folder / "secret")}
    return {name: secret}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    path=st.sampled_from(SECRETS),
    secret=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789!?{[\"'", min_size=8, max_size=40),
    shape=st.sampled_from(SHAPES),
    wrong=WRONG_ELSEWHERE,
)
def test_secret_never_appears(
    tmp_path: Path, path: tuple[str, ...], secret: str, shape: str, wrong: dict[str, str]
) -> None:
    environ = {**_with_secret(path, secret, shape, tmp_path), **wrong}
    refusal = refusal_of(lambda: SettingsFolder(tmp_path).load("", environ))
    if refusal is None:
        assume(False)
        return
    for start in range(len(secret) - 7):
        assert secret[start : start + 8] not in refusal
