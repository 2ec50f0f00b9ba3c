"""The command lines of vendors as data: how they are read, changed, and made to take a change back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from parkops.errors import UsageError
from parkops.model import Guarantee
from parkops.transport.cli import Talk


@dataclass(frozen=True, slots=True)
class Revert:
    """How a device takes a change back by itself; commands hold {token}, {seconds}, {minutes} or {clock}."""

    text: str  # for the dry run
    enter: str = ""  # another way into configuration, which starts the timer at once
    commit: str = ""  # ends a candidate, with the timer running
    confirm: tuple[str, ...] = ()
    cancel: tuple[str, ...] = ()
    needs: str = ""  # a line of the running configuration without which the device cannot
    mode: str = ""  # what the prompt in configuration must match
    persist: bool = False  # the pending change outlives the session


@dataclass(frozen=True, slots=True)
class Dialect:
    """One platform's command line."""

    talk: Talk
    show: str
    enter: str = "configure terminal"
    leave: tuple[str, ...] = ("end",)
    candidate: bool = False  # lines are collected, and nothing is in force before a commit
    validate: str = ""
    commit: str = ""  # ends a candidate for good
    discard: tuple[str, ...] = ()
    save: tuple[str, ...] = ("write memory",)
    revert: Revert | None = None
    who: str = ""  # shows who changed the configuration last
    netconf: str = ""  # ncclient's name for the vendor
    file: str = ""  # where a whole configuration is put by SCP ...
    replace: str = ""  # ... and how it replaces the running one
    last: str = ""  # the line that a whole configuration ends with: without it, it was cut off


_IOS_TALK = Talk(
    prompt=r"NAME(?:\([^()\r\n]+\))?[#>] ?",
    refusal=r"\s*(?:%(?! ?(?:Warning|Info|Please))|\^$|ERROR)",
    quiet=("terminal length 0", "terminal width 511"),
    answers=(
        (r"\[confirm\] ?", ""),
        (r"filename \[[^\]]*\]\? ?", ""),
        (r"\[(?:yes/no|y/n|Y/N)\][:?]? ?", "yes"),
    ),
    privileged="#",
)
_VRP_TALK = Talk(
    prompt=r"(?:<NAME>|\[[~*]?NAME[^\[\]\r\n]*\]) ?",
    refusal=r"\s*(?:Error|\^$|% ?(?:Unrecognized|Wrong|Ambiguous|Incomplete|Too many|Too many))",
    quiet=("screen-length 0 temporary",),
    answers=((r"\[Y/N\][:?]? ?", "y"), (r"\[Y\(yes\)/N\(no\)/C\(cancel\)\][:?]? ?", "n")),
)

DIALECTS: dict[str, Dialect] = {
    "cisco_iosxe": Dialect(
        _IOS_TALK,
        show="show running-config",
        last="end",
        revert=Revert(
            "revert timer of the device (configure terminal revert timer)",
            enter="configure terminal revert timer {minutes}",
            confirm=("configure confirm",),
            cancel=("configure revert now",),
            needs=r"archive$",
            persist=True,
        ),
        file="flash:parkops-{token}.cfg",
        replace="configure replace flash:parkops-{token}.cfg force",
        who="show archive log config all",
        netconf="iosxe",
    ),
    "arista_eos": Dialect(
        _IOS_TALK,
        show="show running-config",
        last="end",
        enter="configure session {token}",
        leave=(),
        candidate=True,
        commit="commit",
        discard=("abort",),
        revert=Revert(
            "configure session with commit timer",
            commit="commit timer {clock}",
            confirm=("configure session {token} commit",),
            cancel=("configure session {token} abort",),
            persist=True,
        ),
        file="flash:parkops-{token}.cfg",
        replace="configure replace flash:parkops-{token}.cfg",
        who="show aaa accounting logs",
    ),
    "huawei_vrp": Dialect(
        _VRP_TALK,
        show="display current-configuration",
        last="return",
        enter="system-view",
        leave=("return",),
        commit="commit",
        discard=("clear configuration candidate",),
        save=("save",),
        revert=Revert(
            "trial commit, reverts with the timer or the session",
            commit="commit trial {seconds}",
            confirm=("system-view", "commit", "return"),
            cancel=("system-view", "abort trial", "return"),
            mode=r"\[[~*]",
        ),
        who="display configuration commit list verbose",
        netconf="huaweiyang",
    ),
    "hp_comware": Dialect(
        Talk(
            _VRP_TALK.prompt,
            _VRP_TALK.refusal,
            quiet=("screen-length disable",),
            answers=(
                *_VRP_TALK.answers,
                (r"press the enter key\):? ?", ""),
            ),
        ),
        show="display current-configuration",
        last="return",
        enter="system-view",
        leave=("return",),
        save=("save force",),
        file="flash:/parkops-{token}.cfg",
        replace="configuration replace file flash:/parkops-{token}.cfg",
        who="display logbuffer module CFGMAN",
        netconf="h3c",
    ),
    "ruijie_os": Dialect(_IOS_TALK, show="show running-config", last="end", who="show logging"),
    "zte_zxros": Dialect(
        Talk(
            _IOS_TALK.prompt,
            r"\s*%(?:Error|Info 2\d\d\d)|\s*\^$",
            quiet=("terminal length 0",),
            privileged="#",
        ),
        show="show running-config",
        save=("write",),
        who="show logging alarm",
    ),
    "frr": Dialect(Talk(_IOS_TALK.prompt, r"%", quiet=("terminal length 0",)), show="show running-config"),
    "juniper_junos": Dialect(
        Talk(
            prompt=r"(?:\{[^}\n]+\}\n)?(?:\[edit[^\]\n]*\]\n)?[\w.-]+@NAME[>#%] ?",
            refusal=r"\s*(?:error:|syntax error|unknown command|missing argument|\^$)",
            quiet=("set cli screen-length 0", "set cli screen-width 0"),
            rename=r"set system host-name (\S+)",
            noise=(r"\[edit[^\]]*\]$", r"\{[^}]+\}$"),
        ),
        show="show configuration | display set",
        enter="configure exclusive",
        leave=("exit",),
        candidate=True,
        validate="commit check",
        commit="commit",
        discard=("rollback 0",),
        save=(),
        revert=Revert(
            "commit confirmed",
            commit="commit confirmed {minutes}",
            confirm=("configure exclusive", "commit", "exit"),
            cancel=("configure exclusive", "rollback 1", "commit", "exit"),
            persist=True,
        ),
        who="show system commit",
        netconf="junos",
    ),
    "nokia_srlinux": Dialect(
        Talk(
            prompt=r"(?:--\{[^\n]*\}--\[[^\n]*\]--\n)[A-B]:(?:\w+@)?NAME# ?",
            refusal=r"\s*(?:Error|Parsing error|Failed)",
            quiet=("environment cli-engine type basic",),
            rename=r"set / system name host-name (\S+)",
            noise=(r"--\{.*\}--\[.*\]--$",),
        ),
        show="info flat from running",
        enter="enter candidate exclusive",
        leave=("enter running",),
        candidate=True,
        validate="commit validate",
        commit="commit now",
        discard=("discard now",),
        save=("save startup",),
        revert=Revert(
            "commit confirmed",
            commit="commit confirmed timeout {seconds}",
            confirm=("tools system configuration confirmed-accept",),
            cancel=("tools system configuration confirmed-reject",),
            persist=True,
        ),
        who="info from state system configuration commit",
    ),
}


def dialect(platform: str) -> Dialect:
    """Return a platform's dialect; UsageError when it is not known."""
    if platform not in DIALECTS:
        hint = f"known: {', '.join(sorted(DIALECTS))}"
        raise UsageError("this platform's command line is not known", where=platform, hint=hint)
    return DIALECTS[platform]


def filled(command: str, token: str, timeout_s: int) -> str:
    """Return a command with its token and times; minutes are rounded up, as a device knows no less."""
    hours, rest = divmod(timeout_s, 3600)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    minutes = max(1, math.ceil(timeout_s / 60))
    return command.format(token=token, seconds=timeout_s, minutes=minutes, clock=clock)


def guarantee(dialect: Dialect, able: bool) -> Guarantee:
    """Return what a device promises; ``able``: its means of reverting is there."""
    revert = dialect.revert if able else None
    if revert is None:
        text = "best effort: line by line, read back, restored by the inverse lines"
        return Guarantee(candidate=dialect.candidate, text=text)
    return Guarantee(
        candidate=dialect.candidate or bool(revert.commit),
        confirmed_commit=True,
        persist=revert.persist,
        validate=bool(dialect.validate),
        rollback=True,
        text=revert.text,
    )
