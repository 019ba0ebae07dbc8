"""The address of a database is read strictly, and never shown with its password."""

import pytest

from buttress.config.database_url import database_entry
from buttress.config.settings_table import SettingError


@pytest.mark.parametrize("url", ["sqlite:////srv/ours/r.sqlite3", "sqlite:///srv/ours/r.sqlite3"])
def test_three_slashes_and_four_mean_the_same_file(url: str) -> None:
    assert database_entry(url)["NAME"] == "/srv/ours/r.sqlite3"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:pw@db:5433/reg", ("reg", "ada", "pw", "db", 5433)),
        ("postgres://ada@db/reg", ("reg", "ada", "", "db", "")),
        ("postgresql://a%40b:p%2Fw%3A@[::1]/reg", ("reg", "a@b", "p/w:", "::1", "")),
        ("postgresql://ada@/reg?host=/run/postgresql", ("reg", "ada", "", "/run/postgresql", "")),
        ("postgresql:///reg", ("reg", "", "", "", "")),
    ],
)
def test_the_parts_of_a_server_address_are_decoded(url: str, expected: tuple[object, ...]) -> None:
    entry = database_entry(url)
    assert tuple(entry[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == expected


def test_options_of_encryption_reach_the_driver() -> None:
    options = database_entry("postgresql://ada@db/reg?sslmode=verify-full&sslrootcert=/etc/ca.pem")["OPTIONS"]
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/ca.pem")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://ada:s3cr3t@db/reg", "Only SQLite and PostgreSQL"),
        ("sqlite:///register.sqlite3", "whole path"),
        ("sqlite:///:memory:", "whole path"),
        ("sqlite:///srv/../etc/r.sqlite3", "whole path"),
        ("sqlite://srv/ours/r.sqlite3", "no host"),
        ("sqlite:////srv/ours/r.sqlite3?mode=ro", "no options"),
        ("postgresql://ada:s3cr3t@db", "name of one database"),
        ("postgresql://ada:s3cr3t@db/one/two", "name of one database"),
        ("postgresql://ada:s3cr3t@db:port/reg", "percent-encoded"),
        ("postgresql://ada:s3cr3t/x@db/reg", "percent-encoded"),
        ("postgresql://ada:s3cr3t#x@db/reg", "percent-encoded"),
        ("postgresql://ada:s3cr3t", "percent-encoded"),
        ("postgresql://[ada:s3cr3t@db/reg", "percent-encoded"),
        ("sqlite:////srv/ours/r.sqlite3#s3cr3t", "%23"),
        ("postgresql://ada:s3cr3t@db/reg?options=-c%20fsync=off", "'options' is not"),
        ("postgresql://db/reg?password=s3cr3t", "'password' is not"),
        ("", "Only SQLite and PostgreSQL"),
    ],
)
def test_another_address_is_refused_without_its_password(url: str, words: str) -> None:
    with pytest.raises(SettingError) as refused:
        database_entry(url)
    message = str(refused.value)
    assert message.startswith("BUTTRESS_DATABASE_URL: found ")
    assert "postgresql://user:password@host:port/database" in message
    assert words in message
    assert "s3cr3t" not in message
