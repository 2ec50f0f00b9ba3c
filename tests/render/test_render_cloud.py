"""OpenStack, cloud-init and Kubernetes: what is written is valid there, and lets in the plan's flows only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from render_parsers import PATH, ROOT, TIMEOUT_S, need, run
from sample import at

from parkops.model import CloudTenant, CloudZone, Device, Flow, Park, Role, Workload
from parkops.render import Renderer
from parkops.render.cloud import cloud
from parkops.render.kubernetes import kubernetes

HERE = Path(__file__).parent
GOLDENS = (
    "kubernetes/acme.yml",
    "kubernetes/acme-secrets.yml",
    "cloud/openstack.yml",
    "cloud/hosts/host-1/user-data",
    "cloud/hosts/host-1/network-config",
    "cloud/machines/host-1-mes/user-data",
)
ANSIBLE = ROOT / ".venv" / "bin"
NASTY = "{{ lookup('pipe', 'id') }} {% set x = 1 %}\n- a: b\n#\"' 设备"


def _node(base: Park, name: str, role: Role, *workloads: Workload) -> Device:
    """Return a copy of the base park's edge gateway in another role."""
    gateway = base.device("ac-p1-gw-1")
    return replace(gateway, name=name, role=role, workloads=workloads, management_ipv4="172.31.0.77/24")


def _park(base: Park, reason: str = "设备数据上传") -> Park:
    data = Workload(
        "edge-1.vision", "edge-1", "registry.example/vision:2", 2, 2048, 40, "analytics",
        (("tcp", 1883), ("udp", 5683)), at("tenants.acme.sites.p1.nodes.edge-1.workloads.vision"), "acme",
        local_only=True, env=(("LEVEL", "info $(HOME)"), ("TOKEN", "env:VISION_TOKEN")),
    )  # fmt: skip
    helper = Workload(
        "edge-1.helper", "edge-1", "helper:1", 0.5, 128, 0, "application", (), at("x.helper"), "acme"
    )
    mes = Workload(
        "host-1.mes", "host-1", "mes:3", 1.5, 4096, 60, "application", (("tcp", 8443),), at("x.mes"), "acme",
        env=(("PASSWORD", "env:MES_PASSWORD"), ("MODE", "plant")),
    )  # fmt: skip
    out = Flow("out", "acme.p1.control", "internet", "tcp", (443,), reason, "internet", at("flows.out"))
    into = Flow("vision", "office", "acme.p1.control", "tcp", (1883,), reason, "data", at("flows.vision"))
    return replace(
        base,
        devices=(
            *base.devices,
            _node(base, "edge-1", Role.EDGE_CLOUD, data, helper),
            _node(base, "host-1", Role.CLOUD_HOST, mes),
        ),
        flows=(*base.flows, out, into),
        cloud_zones=(CloudZone("az-1", "一区", "park", at("cloud.zones.az-1"), ("host-1",)),),
        cloud_tenants=(
            CloudTenant(
                "acme", "acme", ("az-1",), 30, 16, 100, ("acme.hq.staff",), 2, at("cloud.tenants.acme")
            ),
        ),
    )


def files_of(park: Park) -> dict[str, str]:
    renderer = Renderer.of(park)
    found = [*kubernetes(park, renderer.shared.header), *cloud(park, renderer)]
    return {item.path: item.text for item in found}


@pytest.fixture(scope="session")
def files(base_park: Park) -> dict[str, str]:
    return files_of(_park(base_park))


def manifests(text: str) -> list[dict]:
    return [document for document in yaml.safe_load_all(text) if document]


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str, files: dict[str, str], goldens) -> None:
    goldens.check(HERE / "cloud" / name.removeprefix("cloud/"), files[name])


def test_no_golden_is_left_over() -> None:
    folder = HERE / "cloud"
    kept = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert kept == {name.removeprefix("cloud/") for name in GOLDENS}


def test_a_park_without_a_cloud_gets_no_files(base_park: Park) -> None:
    assert files_of(base_park) == {}


# --- Kubernetes


def _every_manifest(files: dict[str, str]) -> list[dict]:
    return [
        item for name, text in files.items() if name.startswith("kubernetes/") for item in manifests(text)
    ]


def test_kubernetes_takes_every_manifest(files: dict[str, str]) -> None:
    import kubernetes_validate

    documents = _every_manifest(files)
    assert {item["kind"] for item in documents} >= {"Namespace", "NetworkPolicy", "Deployment", "Service"}
    for document in documents:
        kubernetes_validate.validate(document, "1.35", strict=True)
    broken = next(item for item in documents if item["kind"] == "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken | {"spec": broken["spec"] | {"replica": 2}}, "1.35", strict=True)


def _named(files: dict[str, str], kind: str, name: str) -> dict:
    return next(
        item for item in _every_manifest(files) if item["kind"] == kind and item["metadata"]["name"] == name
    )


def test_nothing_passes_but_flows_and_each_says_why(files: dict[str, str]) -> None:
    deny = _named(files, "NetworkPolicy", "default-deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    policy = _named(files, "NetworkPolicy", "vision-ingress-edge-1-vision")
    assert policy["metadata"]["annotations"]["parkops.io/reason"] == "设备数据上传"
    (rule,) = policy["spec"]["ingress"]
    assert rule["ports"] == [{"port": 1883, "protocol": "TCP"}]
    names = [item["metadata"]["name"] for item in _every_manifest(files) if item["kind"] == "NetworkPolicy"]
    assert len(names) == len(set(names))
    assert not any("read-plc" in name for name in names)  # a flow to another port of the segment


def test_a_flow_to_the_internet_leaves_the_park_and_reaches_nothing_in_it(files: dict[str, str]) -> None:
    policy = _named(files, "NetworkPolicy", "out-egress-edge-1-vision")
    blocks = {
        peer["ipBlock"]["cidr"]: peer["ipBlock"]["except"] for peer in policy["spec"]["egress"][0]["to"]
    }
    assert blocks.keys() == {"0.0.0.0/0", "::/0"}
    assert "10.16.0.0/14" in blocks["0.0.0.0/0"]
    assert "fd00:16::/32" in blocks["::/0"]


def test_data_that_must_stay_local_bind_a_program_to_its_node(files: dict[str, str]) -> None:
    def affinity(name: str) -> set[str]:
        spec = _named(files, "Deployment", name)["spec"]["template"]["spec"]
        return set(spec["affinity"]["nodeAffinity"])

    assert affinity("edge-1-vision") == {"requiredDuringSchedulingIgnoredDuringExecution"}
    assert affinity("edge-1-helper") == {"preferredDuringSchedulingIgnoredDuringExecution"}
    volume = _named(files, "PersistentVolume", "acme-edge-1-vision")["spec"]
    assert volume["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] == [
        "edge-1"
    ]


def test_secrets_stand_in_a_file_of_their_own_by_reference(files: dict[str, str]) -> None:
    assert "@secret:" not in files["kubernetes/acme.yml"]
    (secret,) = manifests(files["kubernetes/acme-secrets.yml"])
    assert secret["stringData"] == {"TOKEN": "@secret:env:VISION_TOKEN@"}
    container = _named(files, "Deployment", "edge-1-vision")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "LEVEL", "value": "info $$(HOME)"} in container["env"]
    assert {item["name"]: item.get("valueFrom") for item in container["env"]}["TOKEN"]


def test_quotas_are_what_the_workloads_need(files: dict[str, str]) -> None:
    hard = _named(files, "ResourceQuota", "quota")["spec"]["hard"]
    assert (hard["limits.cpu"], hard["limits.memory"], hard["requests.storage"]) == (
        "2500m",
        "2176Mi",
        "40Gi",
    )


# --- OpenStack


def _ansible(program: str, *arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    if not (ANSIBLE / program).is_file():
        pytest.skip(f"{program} is not installed")
    return subprocess.run(
        [ANSIBLE / program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_S,
        env={"PATH": f"{ANSIBLE}:{PATH}", "HOME": str(home), "LC_ALL": "C.UTF-8"},
        check=False,
    )


def test_ansible_takes_the_playbook(files: dict[str, str], tmp_path: Path) -> None:
    playbook = tmp_path / "openstack.yml"
    playbook.write_text(files["cloud/openstack.yml"], encoding="utf-8")
    done = _ansible("ansible-playbook", "--syntax-check", "-i", "localhost,", playbook, home=tmp_path)
    assert done.returncode == 0, done.stderr
    playbook.write_text(playbook.read_text(encoding="utf-8").replace("cloud.quota:", "cloud.quotas:"))
    done = _ansible("ansible-playbook", "--syntax-check", "-i", "localhost,", playbook, home=tmp_path)
    assert done.returncode != 0


def _tasks(files: dict[str, str]) -> list[dict]:
    (play,) = yaml.safe_load(files["cloud/openstack.yml"])
    return play["tasks"]


def _modules(tasks: list[dict]) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for task in tasks:
        ((name, arguments),) = ((key, value) for key, value in task.items() if key != "name")
        found.setdefault(name, []).append(arguments)
    return found


def test_every_argument_is_one_that_its_module_has(files: dict[str, str], tmp_path: Path) -> None:
    modules = _modules(_tasks(files))
    done = _ansible("ansible-doc", "-t", "module", "-j", *sorted(modules), home=tmp_path)
    assert done.returncode == 0, done.stderr
    documented = json.loads(done.stdout)
    kinds = {"int": int, "bool": bool, "list": list, "dict": dict, "str": str}
    for name, calls in modules.items():
        options = documented[name]["doc"]["options"]
        for arguments in calls:
            assert arguments.keys() <= options.keys(), name
            assert {key for key, option in options.items() if option.get("required")} <= arguments.keys()
            for key, value in arguments.items():
                assert isinstance(value, kinds.get(options[key]["type"], object)), (name, key, value)
                assert "choices" not in options[key] or value in options[key]["choices"]


def test_projects_networks_and_groups_are_the_plans(files: dict[str, str], base_park: Park) -> None:
    modules = _modules(_tasks(files))
    (quota,) = modules["openstack.cloud.quota"]
    assert (quota["cores"], quota["ram"], quota["gigabytes"], quota["floating_ips"]) == (30, 16384, 100, 2)
    vlans = {item["name"]: item["provider_segmentation_id"] for item in modules["openstack.cloud.network"]}
    segments = {segment.id: segment.vlan for segment in base_park.segments}
    assert vlans == {name: segments[name] for name in ("acme.hq.staff", "acme.p1.control")}
    groups = {
        item["name"]: item["security_group_rules"] for item in modules["openstack.cloud.security_group"]
    }
    staff = {(rule["direction"], rule["port_range_min"]) for rule in groups["acme.hq.staff"]}
    assert staff == {("egress", 4840), ("egress", 443), ("egress", 1883)}
    ((server,)) = (modules["openstack.cloud.server"],)
    assert server[0]["security_groups"] == ["acme.p1.control"]


def test_no_text_of_a_plan_is_filled_in_by_ansible(base_park: Park, files: dict[str, str]) -> None:
    """A reason with braces stays a reason."""
    hostile = files_of(_park(base_park, NASTY))
    known = re.findall(r"\{\{.*?\}\}|\{%.*?%\}", files["cloud/openstack.yml"])
    assert re.findall(r"\{\{.*?\}\}|\{%.*?%\}", hostile["cloud/openstack.yml"]) == known
    for name, text in files.items():
        one, other = list(yaml.safe_load_all(text)), list(yaml.safe_load_all(hostile[name]))
        assert _shape(one) == _shape(other), name


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return [_shape(item) for item in value] if isinstance(value, list) else type(value)


# --- cloud-init


@pytest.mark.parametrize("name", ["hosts/host-1/user-data", "machines/host-1-mes/user-data"])
def test_cloud_init_takes_the_first_start(name: str, files: dict[str, str], tmp_path: Path) -> None:
    need("cloud-init")
    file = tmp_path / "user-data"
    file.write_text(files[f"cloud/{name}"], encoding="utf-8")
    assert run("cloud-init", "schema", "-c", file) == ""
    file.write_text(files[f"cloud/{name}"].replace("ssh_pwauth: false", "ssh_pwauth: [3]"))
    assert run("cloud-init", "schema", "-c", file)


def test_the_network_of_a_host_is_netplans(files: dict[str, str], base_park: Park, tmp_path: Path) -> None:
    network = yaml.safe_load(files["cloud/hosts/host-1/network-config"])
    port = next(port for port in base_park.device("ac-p1-gw-1").interfaces if port.segment)
    ours = network["ethernets"][port.name]
    assert ours["addresses"] == [port.ipv4, port.ipv6]
    assert {route["to"] for route in ours["routes"]} == {"0.0.0.0/0", "::/0"}
    assert network["ethernets"]["eth0"]["addresses"] == ["172.31.0.77/24"]
    if not shutil.which("netplan"):
        assert network["version"] == 2
        return
    folder = tmp_path / "etc" / "netplan"
    folder.mkdir(parents=True)
    (folder / "park.yaml").write_text(yaml.safe_dump({"network": network}), encoding="utf-8")
    assert run("netplan", "generate", "--root-dir", tmp_path) == ""


def test_secrets_of_a_machine_are_references_in_a_file_for_root(files: dict[str, str]) -> None:
    document = yaml.safe_load(files["cloud/machines/host-1-mes/user-data"])
    written = {item["path"]: item for item in document["write_files"]}
    environment = written["/etc/parkops/host-1-mes.env"]
    assert environment["permissions"] == "0600"
    assert "PASSWORD=@secret:env:MES_PASSWORD@" in environment["content"]
    assert "Image=mes:3" in written["/etc/containers/systemd/host-1-mes.container"]["content"]
