"""The environment is read once, and every bad variable is named at once with what to write."""

import stat

import pytest

from config.environment import WHAT_TO_WRITE, Environment
from config.parsing import (
    parse_count,
    parse_database,
    parse_hosts,
    parse_rate,
    parse_redis,
    parse_site,
    parse_zone,
)


@pytest.mark.parametrize("written", ["5", " 5 "])
def test_whole_number_in_range_is_read(written):
    environment = Environment({"TICK_SECONDS": written})

    assert environment.between("TICK_SECONDS", 30, 1, 60) == 5
    assert environment.problems == {}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("ten", "is not a whole number"),
        ("2.5", "is not a whole number"),
        ("-3", "is not a whole number"),
        ("0", "is not between 1 and 60"),
        ("61", "is not between 1 and 60"),
    ],
)
def test_whole_number_that_cannot_be_used_is_a_problem(written, problem):
    environment = Environment({"TICK_SECONDS": written})

    assert environment.between("TICK_SECONDS", 30, 1, 60) == 30
    assert environment.problems == {"TICK_SECONDS": problem}


def test_blank_variable_counts_as_not_set():
    environment = Environment({"PORT": "  "})

    assert environment.between("PORT", 8000, 1, 65535) == 8000
    assert environment.problems == {}


@pytest.mark.parametrize(("written", "value"), [("true", True), ("1", True), ("No", False), ("off", False)])
def test_flag_is_read(written, value):
    assert Environment({"DEBUG": written}).flag("DEBUG", not value) is value


def test_flag_that_is_neither_true_nor_false_is_a_problem():
    environment = Environment({"DEBUG": "perhaps"})

    assert environment.flag("DEBUG") is False
    assert environment.problems == {"DEBUG": "is neither true nor false"}


def test_choice_outside_the_list_is_a_problem():
    environment = Environment({"LOG_LEVEL": "LOUD"})

    assert environment.choice("LOG_LEVEL", "INFO", ["INFO", "ERROR"]) == "INFO"
    assert environment.problems.keys() == {"LOG_LEVEL"}


def test_required_variable_may_be_left_out_in_embedded_mode():
    environment = Environment({})

    assert environment.required("REDIS_URL", parse_redis, "") == ""
    assert environment.problems == {}


def test_required_variable_must_be_set_beside_a_database():
    environment = Environment({"DATABASE_URL": "postgres://db/aftercare"})

    environment.required("REDIS_URL", parse_redis, "")

    assert environment.problems == {"REDIS_URL": "is not set"}


def test_hosts_are_split_at_commas_and_stripped():
    assert parse_hosts("one.example.com, two.example.com,") == ["one.example.com", "two.example.com"]


def test_zone_outside_the_tz_database_is_refused():
    assert parse_zone("Europe/Madrid") == "Europe/Madrid"
    with pytest.raises(ValueError, match="is not a time zone"):
        parse_zone("Europe/Atlantis")


@pytest.mark.parametrize(("written", "rate"), [("14", 14.0), ("0.5", 0.5)])
def test_rate_may_be_a_fraction(written, rate):
    assert parse_rate(written) == rate


@pytest.mark.parametrize("written", ["0", "-1", "fast", "nan", "inf", "1e9"])
def test_rate_that_is_no_positive_number_is_refused(written):
    with pytest.raises(ValueError, match="is not"):
        parse_rate(written)


def test_count_is_a_positive_whole_number():
    assert parse_count("50000") == 50_000


@pytest.mark.parametrize("written", ["0", "-1", "2.5", "many", "9999999999", "٣"])
def test_count_that_is_no_positive_whole_number_is_refused(written):
    with pytest.raises(ValueError, match="is not"):
        parse_count(written)


def test_site_is_kept_without_its_trailing_slash():
    assert parse_site("https://aftercare.example.com/") == "https://aftercare.example.com"


@pytest.mark.parametrize(
    "written",
    ["aftercare.example.com", "ftp://example.com", "https://", "https://example.com/path", "https://[::1"],
)
def test_site_that_is_not_a_bare_web_address_is_refused(written):
    with pytest.raises(ValueError, match=r"."):
        parse_site(written)


@pytest.mark.parametrize(
    "written", ["redis://localhost:6379/0", "rediss://:pw@redis.example.com/1", "unix:///run/redis.sock"]
)
def test_redis_address_is_kept_as_written(written):
    assert parse_redis(written) == written


@pytest.mark.parametrize("written", ["localhost:6379", "amqp://localhost", "redis://localhost:port"])
def test_redis_address_of_another_form_is_refused(written):
    with pytest.raises(ValueError, match=r"."):
        parse_redis(written)


def test_database_password_may_hold_escaped_characters():
    found = parse_database("postgres://nurse:p%40ss%2Fword@db.example.com:6543/aftercare")

    assert (found["PASSWORD"], found["HOST"], found["PORT"]) == ("p@ss/word", "db.example.com", 6543)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("postgresql", "is not a database address"),
        ("pigeon://nurse:s3cret@db/aftercare", "is not a database address"),
        ("postgres://nurse:s3cret@db:70000000/aftercare", "is not a database address"),
        ("mysql://nurse:s3cret@db/aftercare", "names a database other than PostgreSQL and SQLite"),
        ("postgres://nurse:s3cret@db", "names no database"),
    ],
)
def test_database_address_that_cannot_be_used_is_refused(written, problem):
    with pytest.raises(ValueError, match=f"^{problem}$"):
        parse_database(written)


def test_secret_key_that_is_short_is_a_problem(tmp_path):
    environment = Environment({"SECRET_KEY": "short"})

    environment.secret_key(tmp_path / "secret_key")

    assert environment.problems == {"SECRET_KEY": "is shorter than 32 characters"}
    assert not (tmp_path / "secret_key").exists()


def test_secret_key_of_embedded_mode_is_made_once_for_the_owner_only(tmp_path):
    kept_in = tmp_path / "secret_key"

    first, second = (Environment({}).secret_key(kept_in) for _ in range(2))

    assert first == second
    assert len(first) >= 50
    assert stat.S_IMODE(kept_in.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [kept_in]


def test_secret_key_is_not_made_up_beside_a_database(tmp_path):
    environment = Environment({"DATABASE_URL": "postgres://db/aftercare"})

    assert environment.secret_key(tmp_path / "secret_key") == ""
    assert environment.problems == {"SECRET_KEY": "is not set"}
    assert not (tmp_path / "secret_key").exists()


def test_var_folder_that_cannot_be_made_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("in the way")
    environment = Environment({"AFTERCARE_VAR": str(tmp_path / "file" / "var")})

    environment.var_folder(tmp_path)
    environment.secret_key(tmp_path / "secret_key")

    assert "cannot be made" in environment.problems["AFTERCARE_VAR"]


def test_finish_without_problems_lets_the_process_go_on():
    environment = Environment({"PORT": "8001"})
    environment.between("PORT", 8000, 1, 65535)

    environment.finish()

    assert environment.problems == {}


def test_finish_names_every_problem_and_what_to_write():
    environment = Environment(
        {"PORT": "http", "DATABASE_URL": "postgres://nurse:s3cret@db:x/a", "DEBUG": "?"}
    )
    environment.between("PORT", 8000, 1, 65535)
    environment.required("DATABASE_URL", parse_database, parse_database("sqlite:///embedded"))
    environment.required("REDIS_URL", parse_redis, "")
    environment.flag("DEBUG")

    with pytest.raises(SystemExit) as stopped:
        environment.finish()

    message = str(stopped.value)
    for name in ("PORT", "DATABASE_URL", "REDIS_URL", "DEBUG"):
        assert f"  {name} is" in message
        assert WHAT_TO_WRITE[name] in message
    assert "s3cret" not in message
