"""The edge cloud as Kubernetes manifests: a namespace for each tenant, nothing allowed but its flows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from parkops.model import Artifact, ArtifactKind, Device, Park, Role, SourceRef, Workload
from parkops.platforms import COMMENTS
from parkops.render.emit import to_yaml
from parkops.render.origin import origin, settle
from parkops.render.reachable import Permit, Reachable
from parkops.render.text import one_line, word

SECRET = re.compile(r"(env|file|age|vault):.+")
LABEL = 63  # characters of a label or name (RFC 1123)
OWN, NODE = "parkops.io/workload", "kubernetes.io/hostname"
STORAGE_CLASS = "park-local"
Item = tuple[SourceRef, str, dict[str, Any]]  # what asked for it, block, manifest


def kubernetes(park: Park, header: str) -> list[Artifact]:
    """Return the manifests of every namespace that has workloads in the edge cloud."""
    spaces: dict[str, list[tuple[Device, Workload]]] = {}
    for device in park.managed:
        if device.role is Role.EDGE_CLOUD:
            for workload in device.workloads:
                spaces.setdefault(workload.tenant or "park", []).append((device, workload))
    if not spaces:
        return []
    reachable = Reachable.of(park)
    found = [_file("storage", header, [(park.source, "containers", _storage_class())])]
    for name, placed in sorted(spaces.items()):
        found.append(_file(name, header, _namespace(park, name, placed, reachable)))
        secrets = [item for _, workload in placed for item in _secret(name, workload)]
        if secrets:
            found.append(_file(f"{name}-secrets", header, secrets))
    return found


def _file(name: str, header: str, items: Iterable[Item]) -> Artifact:
    text = "".join(f"---\n{origin(source, block)}\n{to_yaml(document)}" for source, block, document in items)
    text = settle(f"# {header}\n{text}", COMMENTS["yaml"])
    return Artifact(f"kubernetes/{name}.yml", text, ArtifactKind.CLOUD, "kubernetes")


def _object(kind: str, version: str, name: str, space: str = "", **more: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "parkops"}
    metadata: dict[str, Any] = {"name": name, "labels": labels | more.pop("labels", {})}
    if space:
        metadata["namespace"] = space
    if "annotations" in more:
        metadata["annotations"] = more.pop("annotations")
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _storage_class() -> dict[str, Any]:
    return _object(
        "StorageClass",
        "storage.k8s.io/v1",
        STORAGE_CLASS,
        provisioner="kubernetes.io/no-provisioner",
        volumeBindingMode="WaitForFirstConsumer",
        reclaimPolicy="Retain",
    )


def _namespace(
    park: Park, name: str, placed: list[tuple[Device, Workload]], reachable: Reachable
) -> Iterator[Item]:
    tenant = next((tenant for tenant in park.tenants if tenant.id == name), None)
    source = tenant.source if tenant else park.source
    restricted = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    yield source, "containers", _object("Namespace", "v1", name, labels=restricted)
    yield source, "containers", _quota(name, [workload for _, workload in placed])
    yield source, "acl", _default_deny(name)
    yield source, "dns", _names_may_be_asked(name)
    for device, workload in placed:
        yield from _workload(name, device, workload, reachable)


def _quota(space: str, workloads: list[Workload]) -> dict[str, Any]:
    cpu = _cpu(sum(workload.cpu_cores for workload in workloads))
    memory = f"{sum(workload.memory_mb for workload in workloads)}Mi"
    hard = {
        "limits.cpu": cpu,
        "limits.memory": memory,
        "requests.cpu": cpu,
        "requests.memory": memory,
        "requests.storage": f"{sum(workload.storage_gb for workload in workloads)}Gi",
        "pods": str(len(workloads) + 1),
        "services.nodeports": "0",
    }
    return _object("ResourceQuota", "v1", "quota", space, spec={"hard": hard})


def _cpu(cores: float) -> str:
    return f"{round(cores * 1000)}m"


def _policy(space: str, name: str, reason: str, **spec: Any) -> dict[str, Any]:
    return _object(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        word(name, LABEL).lower(),
        space,
        annotations={"parkops.io/reason": one_line(reason)},
        spec=spec,
    )


def _default_deny(space: str) -> dict[str, Any]:
    reason = "only what a flow of the plan asks for"
    return _policy(space, "default-deny", reason, podSelector={}, policyTypes=["Ingress", "Egress"])


def _names_may_be_asked(space: str) -> dict[str, Any]:
    to = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    egress = [{"to": [to], "ports": ports}]
    return _policy(
        space, "cluster-names", "names of services", podSelector={}, policyTypes=["Egress"], egress=egress
    )


def _workload(space: str, device: Device, workload: Workload, reachable: Reachable) -> Iterator[Item]:
    name, source = word(workload.id.replace(".", "-"), LABEL).lower(), workload.source
    if workload.storage_gb:
        yield source, "containers", _volume(space, name, device, workload)
        yield source, "containers", _claim(space, name, workload)
    yield source, "containers", _deployment(space, name, device, workload)
    if workload.ports:
        yield source, "containers", _service(space, name, device, workload)
    segment = next((port.segment for port in device.interfaces if port.segment and port.ipv4), "")
    for permit in reachable.into(segment):
        ports = _shared_ports(permit, workload)
        if ports and permit.flow.dst_device in ("", device.name):
            yield permit.flow.source, "acl", _flow_policy(space, name, permit, ports)
    for permit in reachable.out_of(segment):
        if permit.flow.protocol in ("tcp", "udp"):
            ports = [(permit.flow.protocol, port) for port in permit.flow.ports]
            yield permit.flow.source, "acl", _flow_policy(space, name, permit, ports)


def _shared_ports(permit: Permit, workload: Workload) -> list[tuple[str, int]]:
    flow = permit.flow
    return [(kind, port) for kind, port in workload.ports if kind == flow.protocol and port in flow.ports]


def _flow_policy(space: str, name: str, permit: Permit, ports: list[tuple[str, int]]) -> dict[str, Any]:
    way, peers = ("Ingress", "from") if permit.inward else ("Egress", "to")
    blocks = [{"ipBlock": _block(prefix, permit.spared)} for prefix in permit.prefixes]
    rule = {peers: blocks, "ports": [{"port": port, "protocol": kind.upper()} for kind, port in ports]}
    return _policy(
        space,
        f"{permit.flow.id}-{way.lower()}-{name}",
        permit.flow.reason,
        podSelector={"matchLabels": {OWN: name}},
        policyTypes=[way],
        **{way.lower(): [rule]},
    )


def _block(prefix: str, spared: tuple[str, ...]) -> dict[str, Any]:
    version = ip_network(prefix).version
    excepted = [item for item in spared if ip_network(item).version == version]
    return {"cidr": prefix, **({"except": excepted} if excepted else {})}


def _on(device: Device) -> dict[str, Any]:
    return {"matchExpressions": [{"key": NODE, "operator": "In", "values": [device.name]}]}


def _affinity(device: Device, workload: Workload) -> dict[str, Any]:
    """Keep a program with its data; one without may move where its node is lost."""
    if workload.local_only or workload.storage_gb:
        terms = {"nodeSelectorTerms": [_on(device)]}
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    preferred = [{"weight": 100, "preference": _on(device)}]
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _deployment(space: str, name: str, device: Device, workload: Workload) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "affinity": _affinity(device, workload),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(name, workload)],
    }
    if workload.storage_gb:
        pod["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
    labels = {OWN: name, "app.kubernetes.io/component": workload.kind}
    return _object(
        "Deployment",
        "apps/v1",
        name,
        space,
        labels=labels,
        spec={
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {OWN: name}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    )


def _container(name: str, workload: Workload) -> dict[str, Any]:
    amount = {"cpu": _cpu(workload.cpu_cores), "memory": f"{workload.memory_mb}Mi"}
    container: dict[str, Any] = {
        "name": workload.kind,
        "image": workload.image,
        "resources": {"requests": amount, "limits": amount},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    if workload.env:
        container["env"] = [_variable(name, key, value) for key, value in workload.env]
    if workload.ports:
        container["ports"] = [
            {"containerPort": port, "protocol": kind.upper()} for kind, port in workload.ports
        ]
    listening = next((port for kind, port in workload.ports if kind == "tcp"), None)
    if listening:
        container["readinessProbe"] = {"tcpSocket": {"port": listening}, "periodSeconds": 5}
        container["livenessProbe"] = {"tcpSocket": {"port": listening}, "initialDelaySeconds": 30}
    if workload.storage_gb:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return container


def _variable(name: str, key: str, value: str) -> dict[str, Any]:
    if SECRET.fullmatch(value):
        return {"name": key, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
    return {"name": key, "value": one_line(value).replace("$(", "$$(")}  # no reference to another variable


def _secret(space: str, workload: Workload) -> Iterator[Item]:
    name = word(workload.id.replace(".", "-"), LABEL).lower()
    held = {key: f"@secret:{value}@" for key, value in workload.env if SECRET.fullmatch(value)}
    if held:
        document = _object("Secret", "v1", name, space, type="Opaque", stringData=held)
        yield workload.source, "containers", document


def _service(space: str, name: str, device: Device, workload: Workload) -> dict[str, Any]:
    """Listen at the node's own addresses, where the boundary lets flows through; senders stay visible."""
    ends = [port for port in device.interfaces if port.segment and port.ipv4]
    addresses = [item.partition("/")[0] for port in ends for item in (port.ipv4, port.ipv6) if item]
    ports = [
        {"name": f"{kind}-{port}", "port": port, "targetPort": port, "protocol": kind.upper()}
        for kind, port in workload.ports
    ]
    return _object(
        "Service",
        "v1",
        name,
        space,
        spec={
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": False,
            "externalTrafficPolicy": "Local",
            "ipFamilyPolicy": "PreferDualStack",
            "externalIPs": addresses,
            "selector": {OWN: name},
            "ports": ports,
        },
    )


def _volume(space: str, name: str, device: Device, workload: Workload) -> dict[str, Any]:
    return _object(
        "PersistentVolume",
        "v1",
        word(f"{space}-{name}", LABEL).lower(),
        spec={
            "capacity": {"storage": f"{workload.storage_gb}Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": STORAGE_CLASS,
            "local": {"path": f"/var/lib/parkops/volumes/{space}/{name}"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": name,
                "namespace": space,
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [_on(device)]}},
        },
    )


def _claim(space: str, name: str, workload: Workload) -> dict[str, Any]:
    return _object(
        "PersistentVolumeClaim",
        "v1",
        name,
        space,
        spec={
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": STORAGE_CLASS,
            "resources": {"requests": {"storage": f"{workload.storage_gb}Gi"}},
        },
    )
