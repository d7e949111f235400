"""The doctors look at the bucket of PICTURES_URL, and a command of the bot sets its lifecycle rule."""

import json
from collections.abc import Iterator

import pytest

from bot.__main__ import main
from shared.doctor.findings import Status
from shared.doctor.pictures import check_pictures, check_pictures_of
from shared.pictures.access import S3Access
from shared.pictures.lifecycle import build_rule
from shared.pictures.s3_bucket import S3Bucket
from shared.settings import CommonSettings
from tests.support.s3_store import ACCESS_KEY, BUCKET, REGION, S3Store, run_s3_store


@pytest.fixture(scope="module")
def running_store() -> Iterator[S3Store]:
    with run_s3_store() as opened:
        yield opened


@pytest.fixture
def store(running_store: S3Store) -> S3Store:
    running_store.reset()
    running_store.bucket.save_lifecycle_rules([{**build_rule("other/", 3), "ID": "other"}])
    return running_store


def list_states(bucket: S3Bucket) -> dict[str, Status]:
    return {finding.name: finding.status for finding in check_pictures(bucket)}


def test_a_good_bucket_is_described_and_the_probe_is_deleted(store: S3Store) -> None:
    store.bucket.save_lifecycle_rules([build_rule(store.bucket.address.prefix)])

    findings = check_pictures(store.bucket)

    assert [finding.text for finding in findings] == [
        "A picture was stored, read and deleted in the bucket.",
        "Pictures are encrypted (AES256).",
        f"The bucket is in {REGION}.",
        "What is left over is deleted after 400 days.",
    ]
    assert store.list_keys() == []


def test_faults_of_a_bucket_are_told_with_advice(store: S3Store) -> None:
    wrong = store.bucket.address.__class__(BUCKET, "waiting/", region="eu-central-1")
    elsewhere = S3Bucket(wrong, S3Access(store.url, *ACCESS_KEY))
    without_rule = {finding.name: finding for finding in check_pictures(store.bucket)}
    store.bucket.save_lifecycle_rules([build_rule("", 30)])

    assert without_rule["pictures.lifecycle"].advice == "Run `python -m bot pictures-lifecycle --apply`."
    assert list_states(store.bucket)["pictures.lifecycle"] is Status.ERROR
    assert list_states(elsewhere)["pictures.region"] is Status.WARNING


@pytest.mark.parametrize("fault", ["away", "no bucket"])
def test_a_bucket_that_cannot_be_used_is_an_error(store: S3Store, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = dict(store.settings)
    store.is_down = fault == "away"
    if fault == "no bucket":
        settings["PICTURES_URL"] = "s3://another-bucket"
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    (finding,) = check_pictures_of(CommonSettings())

    assert (finding.name, finding.status) == ("pictures.access", Status.ERROR)
    assert "docs/operate/pictures.md" in finding.advice


def test_the_command_prints_the_rule_and_sets_it_beside_the_others(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"DISCORD_TOKEN": "abc", **store.settings}.items():
        monkeypatch.setenv(name, value)

    printed = main(["pictures-lifecycle"]), json.loads(capsys.readouterr().out)
    before = store.bucket.load_lifecycle_rules()
    applied = main(["pictures-lifecycle", "--apply", "--days", "420"]), json.loads(capsys.readouterr().out)
    with pytest.raises(SystemExit):
        main(["pictures-lifecycle", "--days", "30"])

    assert printed == (0, {"Rules": [build_rule("waiting/")]})
    assert [rule["ID"] for rule in before] == ["other"]
    assert applied[0] == 0
    assert [rule["ID"] for rule in applied[1]["Rules"]] == ["other", "pentimento-pictures"]
    assert store.bucket.load_lifecycle_rules()[-1]["Expiration"] == {"Days": 420}


def test_without_a_bucket_the_command_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "abc")

    assert main(["pictures-lifecycle"]) == 2
    assert "PICTURES_URL is not set" in capsys.readouterr().err
