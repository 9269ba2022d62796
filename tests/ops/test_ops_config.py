import json
import os

import pytest
from attrs import evolve, fields_dict

from turngate.errors import ConfigError
from turngate.ops.config import DEFAULT_LISTEN, DEFAULT_UPSTREAM, ELSEWHERE, KEYS, Config
from turngate.ops.loading import load
from turngate.session.policy import Waits

CANARY = "sk-canary-4711"
SIMULATOR = {"upstream": "simulator"}


@pytest.fixture
def written(tmp_path):
    """Write a configuration, and give the option that names it."""

    def write(text):
        path = tmp_path / "turngate.toml"
        path.write_text(text)
        return {"config": str(path)}

    return write


def test_defaults_are_the_loopback_and_the_real_api_when_there_is_a_key_only():
    """Without configuration but a key, nobody else can connect and the API is where it is."""
    settings = load({}, {"OPENAI_API_KEY": CANARY})
    assert Config(upstream_key=settings.upstream_key) == settings
    assert settings.listen == DEFAULT_LISTEN == ("tcp:8080:interface=127.0.0.1",)
    assert settings.upstream == DEFAULT_UPSTREAM == "wss://api.openai.com/v1/realtime?model={model}"
    assert settings.upstream_key() == CANARY
    assert settings.function_hosts == ()


SETTINGS = {
    "listen": ("['tcp:1']", ("tcp:1",), "tcp:2 tcp:3", ("tcp:2", "tcp:3"), ("tcp:4",)),
    "upstream": ("'simulator'", "simulator", "ws://127.0.0.1:1/", "ws://127.0.0.1:1/", "ws://127.0.0.1:2/"),
    "upstream_dialect": ("'beta'", "beta", "xai", "xai", "azure"),
    "model": ("'a'", "a", "b", "b", "c"),
    "log_level": ("'debug'", "debug", "warn", "warn", "error"),
    "allow_anonymous": ("true", True, "no", False, True),
    "client_keys_file": ("'a'", "a", "b", "b", "c"),
    "component_path": ("'/a'", "/a", "", "", "/c"),
    "component_settings": ("'acknowledge'", "acknowledge", "apply", "apply", "acknowledge"),
    "rollover": ("'off'", "off", "on", "on", "off"),
    "admin": ("'9090'", "9090", "9091", "9091", "unix:/run/admin"),
    "admin_token_file": ("'/a'", "/a", "/b", "/b", "/c"),
    "workers": ("2", "2", "auto", "auto", "4"),
    "late_voice": ("'move'", "move", "refuse", "refuse", "move"),
    "function_hosts": ("'a.test'", ("a.test",), "b.test:1 c.test+private", ("b.test:1", "c.test+private"), ("d.test",)),
}
"""For each setting: as written in the file and what that means, the same of the variable, and the option."""


@pytest.mark.parametrize("key", SETTINGS)
def test_option_beats_variable_beats_file(key, written):
    """The nearer a setting is to the start, the stronger it is."""
    toml, in_file, variable, in_environment, option = SETTINGS[key]
    others = "" if key == "upstream" else "upstream = 'simulator'\n"
    options = written(f"{others}{key} = {toml}\n")
    environment = {f"TURNGATE_{key.upper()}": variable}
    assert in_file == getattr(load(options, {}), key)
    assert in_environment == getattr(load(options, environment), key)
    assert option == getattr(load({**options, key: option}, environment), key)


def test_key_file_is_a_setting_like_the_others(tmp_path, written):
    """The file of the key can be named in all three places, and beats the variable with the key itself."""
    for name in ("file", "variable", "option"):
        (tmp_path / name).write_text(name)
    environment = {"OPENAI_API_KEY": CANARY}
    options = written(f"upstream_key_file = '{tmp_path}/file'")
    assert load({}, environment).upstream_key() == CANARY
    assert load(options, environment).upstream_key() == "file"
    environment["TURNGATE_UPSTREAM_KEY_FILE"] = f"{tmp_path}/variable"
    assert load(options, environment).upstream_key() == "variable"
    assert load({**options, "upstream_key_file": f"{tmp_path}/option"}, environment).upstream_key() == "option"


def test_every_setting_is_in_the_table_of_precedence():
    """A new setting is not forgotten by the tests above."""
    assert set(KEYS) == {*SETTINGS, "upstream_key_file"}


def test_file_is_named_by_the_option_rather_than_by_the_variable(tmp_path, written):
    """TURNGATE_CONFIG names the file where no option does."""
    other = tmp_path / "other.toml"
    other.write_text("upstream = 'simulator'\nmodel = 'other'")
    variable = {"TURNGATE_CONFIG": str(other)}
    assert load({}, variable).model == "other"
    assert load(written("upstream = 'simulator'\nmodel = 'named'"), variable).model == "named"


def test_no_file_is_read_when_none_is_named(tmp_path, monkeypatch):
    """What lies about in the working directory configures nothing."""
    (tmp_path / "turngate.toml").write_text("model = 'found'")
    monkeypatch.chdir(tmp_path)
    assert load(SIMULATOR, {}).model == "gpt-realtime"


def test_empty_variable_is_as_if_absent(written):
    """Many set-ups write an empty variable for one that is not set."""
    options = written("upstream = 'simulator'\nlisten = 'tcp:1'\nallow_anonymous = true")
    environment = {f"TURNGATE_{key.upper()}": "" for key in (*KEYS, "config") if key != "component_path"}
    settings = load(options, environment)
    assert settings.listen == ("tcp:1",)
    assert settings.allow_anonymous


@pytest.mark.parametrize(("word", "truth"), [("1", True), ("Yes", True), ("false", False), ("off", False)])
def test_variable_of_a_switch_says_yes_or_no(word, truth):
    """The usual words are understood in any case."""
    assert truth == load(SIMULATOR, {"TURNGATE_ALLOW_ANONYMOUS": word}).allow_anonymous


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("upstrem = 'simulator'", "unknown key 'upstrem'; did you mean 'upstream'?"),
        ("log-level = 'info'", "unknown key 'log-level'; did you mean 'log_level'?"),
        ("[limits]\nsessions = 1", "unknown key 'limits'; there are listen, upstream"),
        ("listen = 8080", "listen is an endpoint string, or a list of them"),
        ("listen = ['tcp:1', 2]", "listen is an endpoint string, or a list of them"),
        ("listen = []", "listen names no endpoint"),
        ("model = 4", "model is a string"),
        ("text_ends_response = 'yes'", "text_ends_response is true or false"),
        ("component_path = 'openai'", "component_path is a path such as /openai, not 'openai'"),
        ("component_path = '/openai?x'", "component_path is a path such as /openai, not '/openai?x'"),
        ("component_path = '/v1/agent/converse'", "component_path is a path such as /openai"),
        ("component_settings = 'drop'", "component_settings is apply or acknowledge, not 'drop'"),
        ("rollover = 'perhaps'", "rollover is on or off, not 'perhaps'"),
        ("workers = 0", "workers is a number from 1 to 64, or auto, not '0'"),
        ("workers = 65", "workers is a number from 1 to 64, or auto, not '65'"),
        ("workers = 'many'", "workers is a number from 1 to 64, or auto, not 'many'"),
        ("workers = true", "workers is a string"),
        ("late_voice = 'later'", "late_voice is refuse or move, not 'later'"),
        ("session_limit_s = 10", "session_limit_s is from 60 to 86400 seconds, not 10"),
        ("function_hosts = 8443", "function_hosts is a host, or a list of them"),
        ("function_hosts = ['a.test', 2]", "function_hosts is a host, or a list of them"),
        (
            "function_hosts = ['a.test', '*.test']",
            "the function host '*.test' cannot be used: give a host or host:port",
        ),
        ("function_host = 'a.test'", "unknown key 'function_host'; did you mean 'function_hosts'?"),
        ("allow_anonymous = 'yes'", "allow_anonymous is true or false"),
        ("log_level = 'loud'", "log_level is one of debug, info, warn, error, not 'loud'"),
        ("upstream = 'https://a.example/'", "must be ws://host... or wss://host..."),
        ("upstream = 'wss://{model}.example/'", "takes the model in its path or query only"),
        ("upstream = ", "is no valid TOML"),
    ],
)
def test_file_is_refused_in_one_line_when_something_in_it_is_wrong(text, words, written):
    """The line says what to change, and the nearest right word where there is one."""
    with pytest.raises(ConfigError) as caught:
        load(written(text), {"OPENAI_API_KEY": CANARY})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "a\nb", "a\0b"], ids=["empty", "two lines", "null"])
@pytest.mark.parametrize("key", ["listen", "upstream", "model", "upstream_key_file", "function_hosts"])
def test_setting_is_refused_when_it_is_empty_or_could_not_be_written_on_a_line(key, text, written):
    """No name, address or path looks like that; without the check, some would be a traceback and others a bad URL."""
    settings = {"upstream": "simulator", key: [text] if key in {"listen", "function_hosts"} else text}
    options = written("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    with pytest.raises(ConfigError, match=f"^{key} is empty, or holds characters that no name has [(]file "):
        load(options, {"OPENAI_API_KEY": CANARY})


def test_file_is_missed_when_its_name_is_empty():
    """A script whose variable is unset asked for a file; the proxy does not start without it."""
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load({**SIMULATOR, "config": ""}, {})


def test_file_is_refused_when_it_is_not_text(tmp_path):
    """Bytes that are no UTF-8 are no TOML."""
    (tmp_path / "turngate.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no valid TOML"):
        load({"config": str(tmp_path / "turngate.toml")}, {})


def test_path_of_components_may_be_empty(written):
    """No component is served then; an empty variable says so too."""
    options = written("upstream = 'simulator'\ncomponent_path = ''")
    assert load(options, {}).component_path == ""
    assert load(SIMULATOR, {"TURNGATE_COMPONENT_PATH": ""}).component_path == ""
    assert load(SIMULATOR, {}).component_path == "/openai"


def test_list_of_function_hosts_may_be_empty(written):
    """It says what is so by default: no function is called."""
    assert load(written("upstream = 'simulator'\nfunction_hosts = []"), {}).function_hosts == ()


def test_variable_of_a_switch_is_refused_when_it_is_neither_yes_nor_no():
    """A word that is not understood is not taken for no."""
    with pytest.raises(ConfigError, match="TURNGATE_ALLOW_ANONYMOUS is true or false, not 'perhaps'"):
        load(SIMULATOR, {"TURNGATE_ALLOW_ANONYMOUS": "perhaps"})


@pytest.mark.parametrize("url", [DEFAULT_UPSTREAM, "wss://API.openai.com/v1/realtime?model=a"])
def test_start_is_refused_when_the_api_would_be_called_without_a_key(url):
    """Every call would fail; the line names both ways to give a key, and the one without."""
    with pytest.raises(ConfigError, match=r"OPENAI_API_KEY.*--upstream-key-file.*--upstream simulator"):
        load({"upstream": url}, {})


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/", "wss://other.example/", "simulator"])
def test_no_key_is_needed_when_the_upstream_is_another(url):
    """Others may let us in by other means."""
    assert load({"upstream": url}, {}).upstream_key is None


@pytest.mark.row(45)
def test_start_is_refused_when_a_key_would_be_sent_in_the_clear():
    """A key goes over TLS, or stays on this machine."""
    environment = {"OPENAI_API_KEY": CANARY}
    with pytest.raises(ConfigError, match="in the clear") as caught:
        load({"upstream": "ws://upstream.example/"}, environment)
    assert CANARY not in str(caught.value)
    assert load({"upstream": "ws://127.0.0.1:1/"}, environment).upstream_key() == CANARY


def test_simulator_is_shown_no_key():
    """It needs none; but a file that was named must be there all the same."""
    assert load(SIMULATOR, {"OPENAI_API_KEY": CANARY}).upstream_key is None
    with pytest.raises(ConfigError, match="No such file"):
        load({**SIMULATOR, "upstream_key_file": "/absent"}, {})


@pytest.mark.row(43)
def test_key_is_not_shown_when_the_configuration_is_printed():
    """A configuration may be logged whole."""
    assert CANARY not in repr(load({}, {"OPENAI_API_KEY": CANARY}))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TURNGATE_MODLE", "TURNGATE_MODEL"),
        ("TURNGATE_LOGLEVEL", "TURNGATE_LOG_LEVEL"),
        ("TURNGATE_UPSTREAM_KEY", "TURNGATE_UPSTREAM_KEY_FILE"),
        ("TURNGATE_COFNIG", "TURNGATE_CONFIG"),
        ("TURNGATE_FUNCTION_HOST", "TURNGATE_FUNCTION_HOSTS"),
    ],
)
def test_variable_is_reported_when_it_is_nearly_a_setting(name, meant):
    """A misspelled variable is not an error, but it is not passed over either."""
    assert ((name, meant),) == load(SIMULATOR, {name: "a"}).near_misses


@pytest.mark.parametrize(
    "name",
    [
        "TURNGATE_PORT",
        "TURNGATE_SERVICE_HOST",
        "TURNGATE_SERVICE_PORT_HTTP",
        "TURNGATE_PORT_8080_TCP_ADDR",
        "TURNGATE_PORT_8080_TCP_PROTO",
        "TURNGATE_MODEL",
        "OTHER_MODLE",
    ],
)
def test_variable_is_not_reported_when_it_is_a_setting_or_an_orchestrators(name):
    """A service called turngate makes variables of its own in a cluster."""
    assert load(SIMULATOR, {name: "a"}).near_misses == ()


@pytest.mark.parametrize(
    ("key", "toml", "variable", "value"),
    [
        ("client_idle_s", "30", "30", 30.0),
        ("speech_lead_s", "0.5", "0.5", 0.5),
        ("resume_s", "0", "0", 0.0),
        ("resume_s", "120", "120", 120.0),
        ("dial_tries", "5", "5", 5),
        ("dial_budget_s", "20", "20", 20.0),
        ("dial_total_s", "30", "30", 30.0),
        ("dial_try_s", "2.5", "2.5", 2.5),
        ("dial_first_word_s", "4", "4", 4.0),
        ("max_sessions", "2000", "2000", 2000),
        ("max_key_sessions", "7", "7", 7),
        ("max_address_sessions", "8", "8", 8),
        ("connects_per_s", "9", "9", 9),
        ("connect_burst", "10", "10", 10),
        ("client_frames_per_s", "1000", "1000", 1000),
        ("trusted_proxies", "1", "1", 1),
        ("allowed_origins", "['https://a.test']", "https://a.test", ("https://a.test",)),
        ("pass_g711", "false", "no", False),
        ("text_ends_response", "true", "yes", True),
    ],
)
def test_setting_without_an_option_is_taken_from_file_and_variable(written, key, toml, variable, value):
    """What is seldom changed has no option; the variable beats the file."""
    assert value == getattr(load(written(f"upstream = 'simulator'\n{key} = {toml}"), {}), key)
    assert value == getattr(load(SIMULATOR, {f"TURNGATE_{key.upper()}": variable}), key)
    assert getattr(load(SIMULATOR, {}), key) == getattr(Config(), key)


@pytest.mark.parametrize("name", [name for name in fields_dict(Waits) if name not in ELSEWHERE])
def test_every_wait_can_be_set(written, name):
    """Each by its name in the rules, and the others stay as they are."""
    settings = load(written(f"upstream = 'simulator'\n[waits]\n{name} = 7"), {})
    assert evolve(Waits(), **{name: 7.0}) == settings.waits


@pytest.mark.parametrize(("value", "words"), [("many", "a whole number, not 'many'"), ("11", "from 1 to 10")])
def test_variable_of_a_count_is_a_whole_number_within_bounds(value, words):
    """As in a file."""
    with pytest.raises(ConfigError, match=f"TURNGATE_DIAL_TRIES is {words}"):
        load(SIMULATOR, {"TURNGATE_DIAL_TRIES": value})


def test_names_are_taken_from_tables_of_the_file(written):
    """Voices, models and languages are the operator's to map."""
    settings = load(
        written(
            """upstream = 'simulator'
            [voices]
            "cartesia:a" = "sage"
            [models]
            "gpt-4o-mini" = "gpt-realtime-mini"
            [languages]
            "yue" = "zh"
            """
        ),
        {},
    )
    assert settings.voices == {"cartesia:a": "sage"}
    assert settings.models == {"gpt-4o-mini": "gpt-realtime-mini"}
    assert settings.languages == {"yue": "zh"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("client_idle_s = 'long'", "client_idle_s is a number of seconds"),
        ("client_idle_s = true", "client_idle_s is a number of seconds"),
        ("client_idle_s = 0", "client_idle_s is from 1 to 86400 seconds, not 0"),
        ("[waits]\nclient_return_s = 7", "[waits] has no client_return_s; set resume_s, outside of the table"),
        ("[waits]\nlimit_s = 7", "[waits] has no limit_s; set session_limit_s, outside of the table"),
        ("resume_s = -1", "resume_s is from 0 to 3600 seconds, not -1"),
        ("speech_lead_s = 90", "speech_lead_s is from 0.05 to 60 seconds, not 90"),
        ("dial_budget_s = nan", "dial_budget_s is from 0.1 to 120 seconds, not nan"),
        ("dial_tries = 0", "dial_tries is from 1 to 10"),
        ("dial_tries = 2.5", "dial_tries is a whole number"),
        ("dial_tries = true", "dial_tries is a whole number"),
        ("waits = 3", "[waits] is a table of seconds, such as tool_results_s = 30"),
        ("[waits]\ntool_result_s = 3", "[waits] has an unknown key 'tool_result_s'; did you mean 'tool_results_s'?"),
        ("[waits]\ntool_results_s = '3'", "tool_results_s in [waits] is a number of seconds"),
        ("[waits]\nretry_s = true", "retry_s in [waits] is a number of seconds"),
        ("[waits]\nretry_s = 0", "retry_s in [waits] is from 0.01 to 86400 seconds, not 0"),
        ("[waits]\nretry_s = inf", "retry_s in [waits] is from 0.01 to 86400 seconds, not inf"),
        ("pass_g711 = 1", "pass_g711 is true or false"),
        ("voices = 'alloy'", '[voices] is a table of names, such as "deepgram:aura-2-thalia-en" = "marin"'),
        ("[models]\n'a' = 1", "[models] is a table of names"),
    ],
)
def test_setting_of_the_wrong_kind_is_named(written, text, words):
    """One line says which setting and what it is."""
    with pytest.raises(ConfigError) as refused:
        load(written(f"upstream = 'simulator'\n{text}"), {})
    assert words in str(refused.value)


@pytest.mark.parametrize("value", ["long", "0", "1e9"])
def test_variable_of_seconds_is_a_number_within_bounds(value):
    """As in a file."""
    with pytest.raises(ConfigError, match="TURNGATE_CLIENT_IDLE_S is"):
        load(SIMULATOR, {"TURNGATE_CLIENT_IDLE_S": value})


# --- dialects ---------------------------------------------------------------------------------------------------------

FOUND = {
    "by the URL": ({"upstream": "wss://api.x.ai"}, "xai", "wss://api.x.ai/v1/realtime?model={model}"),
    "by name, with its own URL": (
        {"upstream_dialect": "qwen"},
        "qwen",
        "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime?model={model}",
    ),
    "by name, at a host": (
        {"upstream_dialect": "azure", "upstream": "wss://me.example"},
        "azure",
        "wss://me.example/openai/v1/realtime?model={model}",
    ),
    "by name, whatever the URL is known for": (
        {"upstream_dialect": "beta", "upstream": "wss://api.x.ai/x"},
        "beta",
        "wss://api.x.ai/x",
    ),
    "of the simulator": ({"upstream_dialect": "speaches", "upstream": "simulator"}, "speaches", "simulator"),
    "not at all": ({}, "ga", DEFAULT_UPSTREAM),
}


@pytest.mark.parametrize("how", FOUND)
def test_dialect_is_found(how):
    """It brings the URL, the path and the model that nobody named."""
    options, name, url = FOUND[how]
    settings = load(options, {"OPENAI_API_KEY": CANARY})
    assert (name, url) == (settings.dialect.name, settings.upstream)
    assert settings.model == (settings.dialect.model or "gpt-realtime")
    assert "m" == load({**options, "model": "m"}, {"OPENAI_API_KEY": CANARY}).model


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"upstream_dialect": "klingon"}, "upstream_dialect is one of ga, beta, azure, azure-preview, xai, qwen, "),
        ({"upstream_dialect": "azure"}, "the dialect azure has no upstream of its own; give one, such as"),
    ],
)
def test_dialect_that_cannot_be_is_refused(options, words):
    """With the list, or with what is missing."""
    with pytest.raises(ConfigError, match=words):
        load(options, {"OPENAI_API_KEY": CANARY})


def test_transcription_model_is_read(written):
    """From the file, or from the environment."""
    options = written("upstream = 'simulator'\ntranscription_model = 'a'\n")
    assert "a" == load(options, {}).transcription_model
    assert "b" == load(options, {"TURNGATE_TRANSCRIPTION_MODEL": "b"}).transcription_model


@pytest.mark.parametrize(
    "origin", ["*", "https://*.a.test", "a.test", "https://a.test/page", "null", "https://a@b.test"]
)
def test_origin_that_no_page_has_is_refused(origin):
    """It would let nobody in, or be taken for a wildcard."""
    with pytest.raises(ConfigError, match="an origin is a scheme and a host"):
        load({**SIMULATOR}, {"TURNGATE_ALLOWED_ORIGINS": origin})


def test_workers_are_as_many_as_cores_where_it_is_left_to_us():
    """Of those cores that this process may use."""
    assert 1 == load(SIMULATOR, {}).worker_count
    assert 3 == load({**SIMULATOR, "workers": "3"}, {}).worker_count
    assert len(os.sched_getaffinity(0)) == load({**SIMULATOR, "workers": "auto"}, {}).worker_count
