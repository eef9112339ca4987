from pathlib import Path

import pytest

from plumbline.settings import Settings, SettingsError, describe, load


def test_an_empty_environment_means_the_defaults_with_embedded_servers() -> None:
    settings = load({"PATH": "/bin", "HOME": "/home/somebody"})
    assert (settings.port, settings.database_url, settings.s3_endpoint) == (8000, "", "")


def test_text_becomes_the_type_of_the_field() -> None:
    settings = load({"PLUMBLINE_PORT": "9000", "PLUMBLINE_RETENTION_DAYS": "7", "PLUMBLINE_DATA": "/srv/evidence"})
    assert (settings.port, settings.retention_days, settings.data) == (9000, 7, Path("/srv/evidence"))


def test_a_relative_data_folder_is_made_absolute() -> None:
    assert load({"PLUMBLINE_DATA": "here"}).data == Path.cwd() / "here"


def test_an_unknown_name_is_refused_with_a_hint() -> None:
    with pytest.raises(SettingsError, match=r"PLUMBLINE_PROT is not a setting\. Did you mean PLUMBLINE_PORT\?"):
        load({"PLUMBLINE_PROT": "1"})


def test_names_of_the_start_script_are_let_pass() -> None:
    assert load({"PLUMBLINE_VENV": "/tmp/venv", "PLUMBLINE_PYTHON": "python3"}).port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("RETENTION_DAYS", "0"), ("LOG_LEVEL", "loud")],
)
def test_a_value_that_does_not_fit_is_refused_and_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"PLUMBLINE_{name}: "):
        load({f"PLUMBLINE_{name}": value})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("MIGRATION_DATABASE_URL", "DATABASE_URL"),
        ("S3_ENDPOINT", "S3_ACCESS_KEY"),
        ("S3_ACCESS_KEY", "S3_ENDPOINT"),
    ],
)
def test_half_a_server_is_refused(given: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"PLUMBLINE_{given} is set without PLUMBLINE_{missing}"):
        load({f"PLUMBLINE_{given}": "http://somewhere"})


def test_migrations_fall_back_to_the_applications_own_role() -> None:
    assert load({"PLUMBLINE_DATABASE_URL": "postgresql://a/b"}).owner_url == "postgresql://a/b"


def test_every_setting_has_a_sentence() -> None:
    described = list(describe(Settings()))
    assert [one.name for one in described] == list(Settings.__struct_fields__)
    assert [one.name for one in described if not one.sentence.endswith((".", ")"))] == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://role:geheim@host/db",
        "postgresql://role:ge@geheim@host/db",
        "postgresql://host/db?user=role&password=geheim",
    ],
)
def test_secrets_are_not_shown(url: str) -> None:
    settings = Settings(database_url=url, migration_database_url=url, s3_secret_key="geheim")
    assert "geheim" not in repr([(one.value, one.default) for one in describe(settings)])
