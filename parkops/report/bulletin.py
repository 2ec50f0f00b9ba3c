"""Write a tenant's notice as a page and as plain text, in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parkops.model import Event, TenantNotice
from parkops.report import chinese, words
from parkops.report.bundle import Language
from parkops.report.html import templates
from parkops.report.notices import WITHHELD
from parkops.report.view import duration
from parkops.report.words import Words

if TYPE_CHECKING:
    pass

TEXTS = {
    "title": Words("园区网络安全月报", "Monthly network security notice"),
    "to": Words("致", "To"),
    "from": Words("发布", "From"),
    "period": Words("期间", "Period"),
    "made": Words("生成时间", "Made at"),
    "own": Words(
        "本月报只包含贵单位自己的设备、区域和事件。",
        "This notice holds your own devices, zones and events only.",
    ),
    "summary": Words("概要", "Summary"),
    "availability": Words("各区域可用性", "Availability of your zones"),
    "zone": Words("区域", "Zone"),
    "share": Words("可用率", "Available"),
    "down": Words("中断时长", "Down"),
    "outages": Words("中断次数", "Outages"),
    "unknown": Words("未知时长", "Unknown"),
    "unmeasured": Words("未测得", "not measured"),
    "events": Words("事件", "Events"),
    "opened": Words("发生", "Opened"),
    "lasted": Words("时长", "Lasted"),
    "what": Words("对象", "What"),
    "cause": Words("原因", "Cause"),
    "state": Words("状态", "State"),
    "log": Words("安全日志摘要", "Security log"),
    "origin": Words("来源", "Origin"),
    "kind": Words("类型", "Kind"),
    "count": Words("次数", "Count"),
    "last": Words("最近一次", "Last"),
    "attempts": Words("未授权访问", "Traffic that is not allowed"),
    "direction": Words("方向", "Direction"),
    "tried": Words("尝试", "Tried"),
    "blocked": Words("拦截", "Blocked"),
    "passed": Words("放行", "Passed"),
    "in": Words("进入贵单位", "into your networks"),
    "out": Words("离开贵单位", "out of your networks"),
    "inside": Words("贵单位内部", "between your networks"),
    "attacks": Words("攻击", "Attacks"),
    "no_sensor": Words("没有攻击检测数据。", "No sensor reported attacks."),
    "repelled": Words("发现 {seen} 次，抵御 {blocked} 次。", "{seen} seen, {blocked} repelled."),
    "changes": Words("变更", "Changes"),
    "when": Words("时间", "When"),
    "device": Words("设备", "Device"),
    "result": Words("结果", "Result"),
    "risks": Words("潜在风险", "Open risks"),
    "tasks": Words("请贵单位处理", "What you are asked to do"),
    "none": Words("无", "None"),
    "nothing": Words("本期没有需要处理的事项。", "Nothing is asked of you this month."),
    "signature": Words("园区运营单位", "The park's operator"),
}
PHASES = {
    "detected": Words("未确认", "not acknowledged"),
    "acknowledged": Words("已确认", "acknowledged"),
    "in-work": Words("处理中", "in work"),
    "resolved": Words("已恢复", "resolved"),
    "closed": Words("已关闭", "closed"),
}
ORIGINS = {
    "snmp-trap": Words("SNMP 陷阱", "SNMP trap"),
    "syslog": Words("系统日志", "syslog"),
    "netconf": Words("NETCONF 通知", "NETCONF notification"),
    "flow": Words("流记录", "flow records"),
    "alert": Words("告警", "alert"),
}


def files(notice: TenantNotice) -> Mapping[str, bytes]:
    """Return the notice as a page and as text, in both languages, by file name."""
    name = f"{notice.tenant}-{notice.month}"
    return {
        f"{name}.{lang}.{suffix}": text(notice, lang, suffix).encode()
        for lang in ("zh", "en")
        for suffix in ("html", "txt")
    }


def text(notice: TenantNotice, lang: Language, suffix: str) -> str:
    """Return the notice in one language as ``html`` or ``txt``."""
    place = 0 if lang == "zh" else 1

    def say(name: str, **values: object) -> str:
        return TEXTS[name][place].format(**values) if values else TEXTS[name][place]

    def pick(table: Mapping[str, Words], key: str) -> str:
        return table[key][place] if key in table else key

    def cause(event_cause: str) -> str:
        if event_cause == WITHHELD:
            return ("涉及他方，内容略", WITHHELD)[place]
        return (chinese.phrase(event_cause) or event_cause) if lang == "zh" else event_cause

    source = templates().get_template(f"notice.{suffix}.j2")
    return source.render(
        notice=notice,
        lang=lang,
        zh=lang == "zh",
        say=say,
        pick=pick,
        cause=cause,
        stamp=_stamp,
        day=_day,
        lasted=_lasted,
        share=_share,
        duration=duration,
        phases=PHASES,
        origins=ORIGINS,
        outcomes=words.OUTCOMES,
    )


def _stamp(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _day(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d")


def _lasted(event: Event) -> str:
    return duration(event.duration_s)


def _share(ratio: float | None) -> str:
    return "" if ratio is None else f"{100 * ratio:.3f} %"


__all__ = ["files", "text"]
