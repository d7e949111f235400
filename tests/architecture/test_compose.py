"""docker-compose.yml and the files beside it: valid, hardened, and each secret with the half that needs it alone."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings as BotSettings
from shared.settings import CommonSettings
from shared.settings_reader import list_secret_names, list_variables
from worker.settings import Settings as WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
SECRET_FILES = sorted((ROOT / "deploy" / "compose").glob("*.yml"))

SET_BY_COMPOSE = {"REDIS_URL", "DATABASE_URL"}
SET_BY_IMAGE = {"HEARTBEAT_FILE"}
OPENTELEMETRY = {
    *("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES"),
    *("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
}
AWS_CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"}
SECRETS = {
    "bot": set(list_secret_names(BotSettings)),
    "worker": set(list_secret_names(WorkerSettings)),
    "postgresql": {"POSTGRES_PASSWORD"},
}
NETWORKS = {
    "redis": {"queue"},
    "bot": {"default", "queue", "database", "pictures", "metrics"},
    "worker": {"default", "queue", "pictures", "metrics"},
    "postgresql": {"database"},
    "s3": {"pictures"},
    "prometheus": {"metrics"},
    "grafana": {"default", "metrics"},  # the host reaches it by default's way
}


def read_services(path: Path = COMPOSE_FILE) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(path.read_text())["services"]
    return services


@pytest.mark.parametrize("path", [COMPOSE_FILE, *SECRET_FILES], ids=lambda path: path.name)
def test_the_compose_files_are_what_the_compose_specification_says(path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_containers_have_no_rights_they_do_not_need() -> None:
    services = read_services()

    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    redis = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in redis
    assert "--maxmemory-policy noeviction" in redis
    assert services["redis"]["volumes"] == ["redis:/data"]


@pytest.mark.parametrize(
    ("half", "settings", "credentials"),
    [("bot", BotSettings, set[str]()), ("worker", WorkerSettings, AWS_CREDENTIALS)],
    ids=["bot", "worker"],
)
def test_each_container_gets_the_settings_and_secrets_of_its_half_alone(
    half: str, settings: type[CommonSettings], credentials: set[str]
) -> None:
    service = read_services()[half]
    names = {variable for field in settings.model_fields for variable in list_variables(settings, field)}

    passed_on = {name for name, value in service["environment"].items() if value is None}

    assert "env_file" not in service
    assert passed_on == (names | credentials | OPENTELEMETRY) - SET_BY_COMPOSE - SET_BY_IMAGE
    assert service["environment"].keys() - passed_on == names & SET_BY_COMPOSE


@pytest.mark.parametrize("path", SECRET_FILES, ids=lambda path: path.name)
def test_a_secret_file_is_mounted_where_its_variable_points_and_nowhere_else(path: Path) -> None:
    services = read_services(path)
    declared = yaml.safe_load(path.read_text())["secrets"]

    assert sorted(secret for service in services.values() for secret in service["secrets"]) == sorted(declared)
    for name, service in services.items():
        assert {secret.upper() for secret in service["secrets"]} <= SECRETS[name]
        files = {key: value for key, value in service["environment"].items() if value}
        assert files == {f"{secret.upper()}_FILE": f"/run/secrets/{secret}" for secret in service["secrets"]}
        fixed = {key for key, value in read_services()[name]["environment"].items() if value is not None}
        hidden = {key for key, value in service["environment"].items() if value == ""}
        assert {key.removesuffix("_FILE") for key in files} & fixed <= hidden, "a value beside its file is refused"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert all(secret["file"].startswith("./secrets/") for secret in declared.values())
    assert "secrets/" in ignored


def test_containers_have_limits_on_memory_and_logs_and_a_health_check_that_notices_errors() -> None:
    services = read_services()

    for name, service in services.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["pids_limit"] <= 512, name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert "healthcheck" in service or "build" in service, name
    (shell, check) = services["redis"]["healthcheck"]["test"]
    assert shell == "CMD-SHELL"
    answers = {"PONG": 0, "NOAUTH Authentication required.": 1, "MISCONF Redis is configured to save": 1, "": 1}
    for answer, code in answers.items():
        faked = check.replace("redis-cli ping", f"printf '%s\\n' '{answer}'")
        assert subprocess.run(["/bin/sh", "-c", faked], check=False).returncode == code, answer


def test_a_worker_has_more_processes_than_threads_for_its_jobs_and_longer_to_stop_than_a_call_may_last() -> None:
    worker = read_services()["worker"]

    grace = int(worker["stop_grace_period"].removesuffix("s"))
    assert grace > WorkerSettings.model_fields["bedrock_call_seconds"].default
    (concurrency,) = (
        limit.le for limit in WorkerSettings.model_fields["worker_concurrency"].metadata if hasattr(limit, "le")
    )
    assert worker["pids_limit"] >= 2 * concurrency


def test_services_can_be_scaled_and_started_with_or_without_their_profiles() -> None:
    services = read_services()

    assert {name for name, service in services.items() if "profiles" not in service} == {"redis", "bot", "worker"}
    for name, service in services.items():
        assert "container_name" not in service, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        for other, condition in service.get("depends_on", {}).items():
            assert condition["condition"] == "service_healthy", name
            assert condition.get("required", True) is ("profiles" not in services[other]), f"{name} on {other}"
    assert ":?" not in COMPOSE_FILE.read_text(), "Compose would refuse to start without the values of a profile"
    mounts = [mount for service in services.values() for mount in service.get("volumes", []) if mount.startswith("./")]
    assert [mount for mount in mounts if not (ROOT / mount.partition(":")[0]).exists()] == []


def test_each_server_is_reached_by_those_that_need_it_alone() -> None:
    compose = yaml.safe_load(COMPOSE_FILE.read_text())
    networks = {name for name, network in compose["networks"].items() if not network.get("internal")}

    assert {name: set(service["networks"]) for name, service in compose["services"].items()} == NETWORKS
    assert networks == {"default"}, "only the way out is open"
