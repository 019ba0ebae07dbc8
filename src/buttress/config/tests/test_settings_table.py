"""The settings table is the whole truth about the environment, and says so when it is not obeyed."""

from pathlib import Path

import pytest

from buttress.config.settings_table import SETTINGS, SettingError, configuration


def test_an_empty_environment_keeps_everything_below_the_home_folder() -> None:
    given = configuration({})
    assert given.data == Path.home() / ".local/share/buttress"
    assert given.database_url == f"sqlite://{given.data}/buttress.sqlite3"
    assert (given.log_level, given.log_format, given.secret_key) == ("warning", "console", "")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_DATA_HOME": "/srv/share"}, "/srv/share/buttress"),
        ({"XDG_DATA_HOME": "share"}, f"{Path.home()}/.local/share/buttress"),
        ({"XDG_DATA_HOME": "/srv/share", "BUTTRESS_DATA": "/srv/ours"}, "/srv/ours"),
        ({"BUTTRESS_DATA": "~/ours"}, f"{Path.home()}/ours"),
    ],
)
def test_the_data_folder_is_ours_before_that_of_xdg(environment: dict[str, str], folder: str) -> None:
    assert str(configuration(environment).data) == folder


def test_the_default_database_lies_in_a_data_folder_of_any_name() -> None:
    from buttress.config.database_url import database_entry

    odd = "/srv/a b%20#c?d/é"
    assert database_entry(configuration({"BUTTRESS_DATA": odd}).database_url)["NAME"] == f"{odd}/buttress.sqlite3"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"BUTTRESS_LOG_LEVEL": "warn"}, ["BUTTRESS_LOG_LEVEL: found 'warn'", "debug, info", "Did you mean warning?"]),
        ({"BUTTRESS_LOG_FORMAT": "xml"}, ["found 'xml'", "console, json", "Unset it for console"]),
        ({"BUTTRESS_DATA": "ours"}, ["found 'ours'", "absolute path", f"{Path.cwd()}/ours"]),
        ({"BUTTRESS_SECRET_KEY": "guessme"}, ["found 7 characters", "at least 32", "openssl rand"]),
        ({"BUTTRESS_DATBASE_URL": "x"}, ["BUTTRESS_DATBASE_URL", "unknown", "Did you mean BUTTRESS_DATABASE_URL?"]),
    ],
)
def test_a_refused_value_is_told_with_what_was_expected_and_what_to_do(
    environment: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(SettingError) as refused:
        configuration(environment)
    assert [word for word in words if word not in str(refused.value)] == []
    assert "guessme" not in str(refused.value)


def test_variables_of_the_tests_and_of_others_are_left_alone() -> None:
    assert configuration({"BUTTRESS_TEST_REQUIRE": "postgres", "BUTTRESS_RELEASE": "7"}) == configuration({})


def test_what_the_environment_says_is_not_printed_whole() -> None:
    assert "s3cr3t" not in repr(configuration({"BUTTRESS_SECRET_KEY": "s3cr3t" * 8}))


def test_a_choice_has_a_default_among_its_choices() -> None:
    assert [s.name for s in SETTINGS if s.choices and s.default not in s.choices] == []
