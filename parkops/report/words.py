"""The report's words in Chinese and English."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str


VERDICTS = {
    "pass": Words("通过", "pass"),
    "fail": Words("不通过", "fail"),
    "unknown": Words("尚无证据", "not yet evidenced"),
    "not-applicable": Words("不适用", "not applicable"),
    "waived": Words("已豁免", "waived"),
}

MARKS = {"pass": "✓", "fail": "✕", "unknown": "?", "not-applicable": "–", "waived": "≈"}

DOMAINS = {
    "park": Words("园区总体", "Park as a whole"),
    "production": Words("工业生产网络", "Production network"),
    "enterprise": Words("企业信息网络", "Enterprise network"),
    "backbone": Words("园区骨干网络", "Park backbone"),
    "public-service": Words("园区公共服务网络", "Public-service network"),
    "edge": Words("边缘计算", "Edge computing"),
    "cloud": Words("云基础设施", "Cloud infrastructure"),
    "identifier": Words("标识解析", "Identifier resolution"),
    "security-public": Words("公共安全", "Public security"),
    "security-enterprise": Words("企业安全", "Enterprise security"),
    "security-boundary": Words("边界安全", "Boundary security"),
}

ASPECTS = {
    "function": Words("功能", "Function"),
    "performance": Words("性能", "Performance"),
    "management": Words("管理", "Management"),
    "environment": Words("环境", "Environment"),
    "security": Words("安全", "Security"),
    "reliability": Words("可靠性", "Reliability"),
    "operations": Words("运维", "Operations"),
}

KINDS = {
    "plan": Words("规划", "plan"),
    "config": Words("配置", "config"),
    "state": Words("设备状态", "state"),
    "probe": Words("探测", "probe"),
    "attest": Words("声明", "attestation"),
}

BASES = {
    "measured": Words("实测", "measured"),
    "stated": Words("填报", "stated"),
    "unknown": Words("未知", "unknown"),
}

OUTCOMES = {
    "changed": Words("已变更", "changed"),
    "unchanged": Words("无变化", "unchanged"),
    "failed": Words("失败", "failed"),
    "skipped": Words("已跳过", "skipped"),
}

ROLES = {
    "core": Words("核心路由器", "core router"),
    "park-firewall": Words("园区防火墙", "park firewall"),
    "boundary": Words("企业边界", "tenant boundary"),
    "ring-switch": Words("环网交换机", "ring switch"),
    "access-switch": Words("接入交换机", "access switch"),
    "edge-gateway": Words("边缘网关", "edge gateway"),
    "edge-cloud": Words("边缘云", "edge cloud"),
    "identifier-node": Words("标识节点", "identifier node"),
    "management-server": Words("管理服务器", "management server"),
    "endpoint": Words("终端", "endpoint"),
    "external": Words("外部", "outside"),
}

STATES = {
    "up": Words("正常", "up"),
    "down": Words("中断", "down"),
    "unknown": Words("未知", "unknown"),
    "unmanaged": Words("不受管理", "unmanaged"),
}


def words(table: dict[str, Words], key: str) -> Words:
    """Return a key's words; an unknown key speaks for itself."""
    return table.get(key, Words(key, key))
