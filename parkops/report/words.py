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

DOMAINS |= {  # of MLPS
    "network-communication": Words("安全通信网络", "Communication network"),
    "zone-boundary": Words("安全区域边界", "Zone boundary"),
    "compute-environment": Words("安全计算环境", "Compute environment"),
    "security-management-centre": Words("安全管理中心", "Security management centre"),
    "industrial-control": Words("工业控制系统安全扩展", "Industrial-control extension"),
    "wireless-iot-extension": Words("移动互联与物联网扩展", "Wireless and IoT extension"),
    "operations-management": Words("安全运维管理", "Operations management"),
}

CATALOGUES = {
    "guide": Words("园区指南", "the guide"),
    "mlps": Words("等级保护 2.0", "MLPS 2.0"),
}

CONTROL_POINTS = {
    "网络架构": "Network architecture",
    "通信传输": "Transmission",
    "可信验证": "Trusted verification",
    "边界防护": "Boundary protection",
    "访问控制": "Access control",
    "入侵防范": "Intrusion prevention",
    "恶意代码防范": "Malicious code",
    "恶意代码和垃圾邮件防范": "Malicious code and spam",
    "安全审计": "Audit",
    "身份鉴别": "Identification and authentication",
    "数据完整性": "Integrity of data",
    "数据保密性": "Confidentiality of data",
    "数据备份恢复": "Backup and recovery",
    "系统管理": "System administration",
    "审计管理": "Audit administration",
    "安全管理": "Security administration",
    "集中管控": "Central control",
    "室外控制设备物理防护": "Outdoor control devices",
    "控制设备安全": "Security of control devices",
    "拨号使用控制": "Dial-up control",
    "无线使用控制": "Wireless control",
    "接入控制": "Admission control",
    "网络和系统安全管理": "Network and system security",
    "配置管理": "Configuration management",
    "变更管理": "Change management",
    "漏洞和风险管理": "Vulnerabilities and risks",
    "环境管理": "Environment",
    "资产管理": "Assets",
    "介质管理": "Media",
    "设备维护管理": "Maintenance",
    "密码管理": "Cryptography",
    "备份与恢复管理": "Backup management",
    "安全事件处置": "Incident handling",
    "应急预案管理": "Emergency plans",
    "外包运维管理": "Outsourced operations",
}

GRADES = {
    "planning": Words("规划级", "planning"),
    "standard": Words("规范级", "standardised"),
    "optimised": Words("优化级", "optimised"),
    "leading": Words("引领级", "leading"),
}

PROFILES = {
    "general": Words("通用阈值", "general thresholds"),
    "the guide's": Words("指南权重", "weights of the guide"),
}

RISKS = {
    "single-point": Words("单点", "single point"),
    "expiry": Words("到期", "expiry"),
    "capacity": Words("容量", "capacity"),
    "error-budget": Words("可用性预算", "error budget"),
    "event": Words("事件", "event"),
    "evidence": Words("证据", "evidence"),
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

ASPECTS |= {name: Words(name, english) for name, english in CONTROL_POINTS.items()}

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
    "spine": Words("脊交换机", "spine"),
    "aggregation": Words("汇聚交换机", "aggregation"),
    "leaf": Words("叶交换机", "leaf"),
    "exit": Words("出口路由器", "exit router"),
    "access-point": Words("无线接入点", "access point"),
    "wireless-controller": Words("无线控制器", "wireless controller"),
    "5g-cpe": Words("5G CPE", "5G CPE"),
    "one-way-gateway": Words("单向网关", "one-way gateway"),
    "edge-controller": Words("边缘控制器", "edge controller"),
    "cloud-host": Words("云主机", "cloud host"),
    "server": Words("服务器", "server"),
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
