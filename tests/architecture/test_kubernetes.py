"""The manifests for Kubernetes: valid, hardened, and each secret with the half that needs it alone."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import redis
import yaml

from bot.domain.shards import parse_shards
from bot.metrics.definitions import BOT_METRICS
from bot.settings import Settings as BotSettings
from demo.redis import run_redis
from shared import __version__
from shared.settings import CommonSettings
from shared.settings_reader import list_secret_names, list_variables
from tests.support.secured_redis import read_documented_users
from worker.settings import Settings as WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATIONS = sorted((ROOT / "deploy").rglob("kustomization.yaml"))
MANIFESTS = sorted(path for path in FOLDER.rglob("*.yaml") if path not in KUSTOMIZATIONS)
SHARD_VARIABLES = ("POD_INDEX", "SHARDS")
USERS = ROOT / "deploy" / "redis" / "users.acl"
KUBECTL = shutil.which("kubectl") or ""
PROMTOOL = shutil.which("promtool") or ""
HALVES: dict[str, type[CommonSettings]] = {"bot": BotSettings, "worker": WorkerSettings}
SECRET_FOLDERS = {
    "redis": "/run/secrets/redis",
    "postgresql": "/run/secrets/postgresql",
    "grafana": "/run/secrets/grafana",
    "bot": "/run/secrets/pentimento",
    "worker": "/run/secrets/pentimento",
}


def read_documents(*paths: Path) -> list[dict[str, Any]]:
    return [document for path in paths for document in yaml.safe_load_all(path.read_text()) if document]


def list_workloads(documents: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """List the pods that workloads make, by the name of the workload."""
    for document in documents:
        if document["kind"] in {"Deployment", "StatefulSet"}:
            yield document["metadata"]["name"], document["spec"]["template"]
        elif document["kind"] == "CronJob":
            yield document["metadata"]["name"], document["spec"]["jobTemplate"]["spec"]["template"]


def validate(document: dict[str, Any]) -> None:
    """Validate what Kubernetes defines; KEDA's schema is not at hand, and its one object has a test below."""
    if document["kind"] != "ScaledObject":
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def render(folder: Path) -> list[dict[str, Any]]:
    rendered = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False)
    assert rendered.returncode == 0, rendered.stderr
    return [document for document in yaml.safe_load_all(rendered.stdout) if document]


WORKLOADS = dict(list_workloads(read_documents(*MANIFESTS)))


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: path.parent.name)
def test_a_kustomization_names_files_and_workloads_that_exist(path: Path) -> None:
    (kustomization,) = read_documents(path)

    files = [*kustomization.get("resources", []), *kustomization.get("components", [])]
    for generator in kustomization.get("configMapGenerator", []):
        files += [*generator.get("envs", []), *(file.rpartition("=")[2] for file in generator.get("files", []))]
    assert [file for file in files if not (path.parent / file).exists()] == []
    assert {patch["target"]["name"] for patch in kustomization.get("patches", [])} <= WORKLOADS.keys()
    listed = {(path.parent / name).resolve() for name in kustomization.get("resources", [])}
    assert set(path.parent.glob("*.yaml")) - {path} <= listed, "a manifest that nothing applies"


def test_every_alert_and_every_dashboard_is_in_a_config_map() -> None:
    for folder, pattern in (
        ("prometheus", "*.yml"),
        ("grafana", "dashboards/*.json"),
        ("grafana", "provisioning/*/*.yml"),
    ):
        (kustomization,) = read_documents(ROOT / "deploy" / folder / "kustomization.yaml")
        listed = {file for generator in kustomization["configMapGenerator"] for file in generator["files"]}
        files = {str(path.relative_to(ROOT / "deploy" / folder)) for path in (ROOT / "deploy" / folder).glob(pattern)}
        assert files <= listed, f"list these in deploy/{folder}/kustomization.yaml: {sorted(files - listed)}"


@pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed (Debian: apt-get install prometheus)")
def test_prometheus_reads_its_configuration_and_finds_every_bot_and_worker() -> None:
    file = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    checked = subprocess.run([PROMTOOL, "check", "config", file], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    found = {
        (name, discovery["port"])
        for job in yaml.safe_load(file.read_text())["scrape_configs"]
        for discovery in job["dns_sd_configs"]
        for name in discovery["names"]
    }
    ports = {(half, WORKLOADS[half]["spec"]["containers"][0]["ports"][0]["containerPort"]) for half in HALVES}
    assert ports <= found


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_manifests_are_valid(path: Path) -> None:
    for document in read_documents(path):
        validate(document)


@pytest.mark.skipif(not KUBECTL, reason="kubectl is not installed")
@pytest.mark.parametrize("name", ["base", "overlays/example"])
def test_kustomize_makes_valid_manifests_whose_names_fit_together(name: str) -> None:
    documents = render(FOLDER / name)

    names = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for document in documents:
        validate(document)
        assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "pentimento"
    pods = dict(list_workloads(documents))
    for workload, pod in pods.items():
        account = pod["spec"].get("serviceAccountName")
        assert account is None or ("ServiceAccount", account) in names
        for source in pod["spec"]["containers"][0].get("envFrom", []):
            assert ("ConfigMap", source["configMapRef"]["name"]) in names, workload
    labels = [pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods.values()]
    for document in documents:
        if document["kind"] in {"Service", "PodDisruptionBudget"}:
            selector = document["spec"]["selector"]
            assert labels.count(selector.get("matchLabels", selector)["app.kubernetes.io/name"]) == 1
    if name == "overlays/example":
        images = {pod["spec"]["containers"][0]["image"] for pod in pods.values()}
        assert {f"registry.example/pentimento-{half}:{__version__}" for half in HALVES} <= images


@pytest.mark.parametrize("name", WORKLOADS)
def test_pods_have_no_rights_they_do_not_need_and_limits(name: str) -> None:
    pod = WORKLOADS[name]["spec"]
    (container,) = pod["containers"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"].keys() >= {"memory"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    if name in HALVES:
        dockerfile = (ROOT / name / "Dockerfile").read_text()
        assert f"--uid {pod['securityContext']['runAsUser']} " in dockerfile


def test_pods_are_as_the_containers_of_compose() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for name in ("redis", "bot", "worker", "postgresql", "prometheus", "grafana"):
        pod, service = WORKLOADS[name]["spec"], services[name]
        assert f"{pod['terminationGracePeriodSeconds']}s" == service["stop_grace_period"]
        limit = pod["containers"][0]["resources"]["limits"]["memory"]
        assert limit.removesuffix("i").lower() == service["mem_limit"]
        assert name in HALVES or pod["containers"][0]["image"] == service["image"]
    assert WORKLOADS["prometheus"]["spec"]["containers"][0]["args"] == services["prometheus"]["command"]
    variables = {item["name"]: item["value"] for item in WORKLOADS["grafana"]["spec"]["containers"][0]["env"]}
    assert variables.pop("GF_SECURITY_ADMIN_PASSWORD__FILE") == f"{SECRET_FOLDERS['grafana']}/password"
    assert variables.items() <= services["grafana"]["environment"].items()
    arguments = WORKLOADS["redis"]["spec"]["containers"][0]["args"]
    assert arguments == [*services["redis"]["command"], "--aclfile", f"{SECRET_FOLDERS['redis']}/users.acl"]


@pytest.mark.parametrize("half", HALVES)
def test_each_half_is_probed_has_settings_that_it_reads_and_its_own_secrets_alone(half: str) -> None:
    pod, settings = WORKLOADS[half]["spec"], HALVES[half]
    container = pod["containers"][0]

    probes = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    lines = (FOLDER / "base" / f"{half}.env").read_text().split()
    known = {variable for field in settings.model_fields for variable in list_variables(settings, field)}
    assert {line.partition("=")[0] for line in lines} <= known
    (port,) = (port["containerPort"] for port in container["ports"])
    assert f"HTTP_ADDRESS=0.0.0.0:{port}" in lines
    (secret,) = (volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume)
    assert secret == f"pentimento-{half}"
    patches = [
        operation["value"]
        for path in KUSTOMIZATIONS
        for patch in read_documents(path)[0].get("patches", [])
        if patch["target"]["name"] == half
        for operation in yaml.safe_load(patch["patch"])
        if operation["path"].endswith("/env/-")
    ]
    secrets = [variable for variable in [*container["env"], *patches] if variable["name"] not in SHARD_VARIABLES]
    for variable in secrets:
        secret_name = variable["name"].removesuffix("_FILE")
        assert secret_name in list_secret_names(settings)
        assert variable["value"] == f"{SECRET_FOLDERS[half]}/{secret_name.lower()}"


def test_each_shard_is_run_by_one_of_the_bots() -> None:
    (bot,) = (
        document for document in read_documents(FOLDER / "base" / "bot.yaml") if document["kind"] == "StatefulSet"
    )
    (component,) = read_documents(FOLDER / "components" / "shards" / "kustomization.yaml")
    apply_operations(bot, yaml.safe_load(component["patches"][0]["patch"]))
    environment = {variable["name"]: variable for variable in bot["spec"]["template"]["spec"]["containers"][0]["env"]}
    documented = re.findall(
        r"^\| (\d+) \| `(\S*POD_INDEX\S*)` \|", (ROOT / "docs" / "operate" / "scaling.md").read_text(), re.MULTILINE
    )

    validate(bot)
    assert list(environment)[-2:] == [*SHARD_VARIABLES], "what a variable is made of comes before it"
    field = environment["POD_INDEX"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert field == "metadata.labels['apps.kubernetes.io/pod-index']"
    assert (str(bot["spec"]["replicas"]), environment["SHARDS"]["value"]) in documented
    assert len(documented) == 2
    for pod_count, value in documented:
        pods = [parse_shards(value.replace("$(POD_INDEX)", str(index))) for index in range(int(pod_count))]
        (count,) = {pod.count for pod in pods}
        assert sorted(shard_id for pod in pods for shard_id in pod.ids) == list(range(count))
    assert bot["spec"]["podManagementPolicy"] == "Parallel", "a bot that is not ready keeps no other from starting"
    (settings,) = component["configMapGenerator"]
    assert settings == {"name": "bot-settings", "behavior": "merge", "literals": ["DATABASE_URL="]}, "no SQLite each"


def apply_operations(document: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    """Apply a patch of RFC 6902 with the two operations that ours have."""
    for operation in operations:
        place: Any = document
        *path, name = operation["path"].removeprefix("/").split("/")
        for part in path:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            assert (operation["op"], name) == ("add", "-")
            place.append(operation["value"])
        else:
            assert (operation["op"] == "replace") is (name in place), operation
            place[name] = operation["value"]


def test_nothing_is_reached_that_no_policy_names() -> None:
    policies = [document["spec"] for document in read_documents(*MANIFESTS) if document["kind"] == "NetworkPolicy"]

    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in policies
    open_to = [
        (policy["podSelector"]["matchLabels"]["app.kubernetes.io/name"], rule["ports"][0]["port"])
        for policy in policies
        for rule in policy.get("egress", [])
        for peer in rule["to"]
        if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
    ]
    assert sorted(open_to) == [("bot", 443), ("worker", 443)]
    assert all(rule["from"] for policy in policies for rule in policy.get("ingress", []))


def test_redis_lets_everybody_ask_whether_it_is_well_and_its_users_do_what_the_documentation_says(
    tmp_path: Path,
) -> None:
    users = tmp_path / "users.acl"
    users.write_text(USERS.read_text().replace(">PASSWORD", ">secret"))
    documented = {
        name: [rule for rule in rules if rule != ">PASSWORD"] for name, rules in read_documented_users().items()
    }

    written = dict(line.split(" ", 2)[1:] for line in USERS.read_text().splitlines())
    assert {name: written[name].replace(" >PASSWORD", "").split() for name in documented} == documented
    assert written.keys() == documented.keys() | {"default"}
    with run_redis("--aclfile", str(users)) as server:
        anybody = redis.Redis(port=server.port)
        assert anybody.ping()
        for command in (("GET", "pentimento:x"), ("INFO",), ("CONFIG", "GET", "*")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                anybody.execute_command(*command)  # type: ignore[no-untyped-call]
        assert redis.Redis(port=server.port, username="pentimento-bot", password="secret").set("pentimento:x", "1")


# https://keda.sh/docs/2.20/reference/scaledobject-spec/ and /scalers/prometheus/
KEDA_FIELDS = {
    "spec": {
        "scaleTargetRef",
        "minReplicaCount",
        "maxReplicaCount",
        "pollingInterval",
        "fallback",
        "advanced",
        "triggers",
    },
    "trigger": {"type", "name", "metricType", "metadata"},
    "prometheus": {"serverAddress", "query", "threshold", "activationThreshold", "ignoreNullValues"},
    "fallback": {"failureThreshold", "replicas", "behavior"},
}


def test_workers_are_scaled_by_what_waits_in_metrics_that_the_bot_has(tmp_path: Path) -> None:
    (scaled,) = read_documents(FOLDER / "components" / "keda" / "scaled-object.yaml")
    spec, metrics = scaled["spec"], {metric.full_name: metric for metric in BOT_METRICS}

    assert (scaled["apiVersion"], spec["scaleTargetRef"]) == ("keda.sh/v1alpha1", {"name": "worker"})
    assert spec.keys() <= KEDA_FIELDS["spec"]
    assert spec["fallback"].keys() <= KEDA_FIELDS["fallback"]
    assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
    for trigger in spec["triggers"]:
        assert trigger.keys() <= KEDA_FIELDS["trigger"]
        assert trigger["type"] == "prometheus"
        assert {"serverAddress", "query", "threshold"} <= trigger["metadata"].keys() <= KEDA_FIELDS["prometheus"]
        assert all(isinstance(value, str) for value in trigger["metadata"].values())
        names = re.findall(r"pentimento_\w+", trigger["metadata"]["query"])
        assert names
        assert set(names) <= metrics.keys()
    jobs, oldest = spec["triggers"]
    concurrency = WorkerSettings.model_fields["worker_concurrency"].default
    assert jobs["metadata"]["threshold"] == str(concurrency)
    assert metrics["pentimento_waiting_jobs"].labels == ("stage", "model", "class")
    assert metrics["pentimento_running_jobs"].labels == ("stage", "model")
    assert metrics["pentimento_oldest_waiting_age_seconds"].labels == ("class",)
    (patch,) = yaml.safe_load(
        read_documents(FOLDER / "components" / "keda" / "kustomization.yaml")[0]["patches"][0]["patch"]
    )
    assert patch == {"op": "remove", "path": "/spec/replicas"}
    check_queries(tmp_path, {jobs["metadata"]["query"]: 7 + 5 + 2, oldest["metadata"]["query"]: 90})


def check_queries(tmp_path: Path, expected: dict[str, int]) -> None:
    """Evaluate queries of two bots that tell the same queue, one of them a scrape later."""
    if not PROMTOOL:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    waiting = 'pentimento_waiting_jobs{stage="generate",model="sdxl"'
    series = {
        f'{waiting},class="normal",instance="bot-0"}}': 7,
        f'{waiting},class="normal",instance="bot-1"}}': 6,
        f'{waiting},class="low",instance="bot-0"}}': 5,
        'pentimento_running_jobs{stage="generate",model="sdxl",instance="bot-0"}': 2,
        'pentimento_oldest_waiting_age_seconds{class="normal",instance="bot-0"}': 90,
        'pentimento_oldest_waiting_age_seconds{class="low",instance="bot-0"}': 900,
    }
    tests = {
        "rule_files": [],
        "tests": [
            {
                "input_series": [{"series": name, "values": str(value)} for name, value in series.items()],
                "promql_expr_test": [
                    {"expr": query, "eval_time": "0", "exp_samples": [{"labels": "{}", "value": value}]}
                    for query, value in expected.items()
                ],
            }
        ],
    }
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump(tests))
    tested = subprocess.run([PROMTOOL, "test", "rules", file], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
