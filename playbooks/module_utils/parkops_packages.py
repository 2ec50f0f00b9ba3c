"""What is installed on a node and what is not: by dpkg, or by OpenWrt's opkg or (from 25.12 on) apk."""

from __future__ import annotations

import os
import shutil

from ansible.module_utils.parkops_shell import Failure, attempt, run

LISTS_S = 120  # to fetch lists of packages over a slow line
INSTALL_S = 600


def missing(names):
    """Return the packages that are not installed, sorted; all of them where no manager can tell."""
    tell, _ = _manager()
    return tell(sorted(set(names)))


def install(names):
    """Install packages without a question; Failure tells what is to be installed by hand where it cannot."""
    _, act = _manager()
    try:
        act(names)
    except Failure as failure:
        raise Failure(f"packages to install on this node: {' '.join(names)}; {failure}") from failure


def _manager():
    """Return how the node's package manager is asked, and how it installs."""
    for program, tell, act in MANAGERS:
        if shutil.which(program):
            return tell, act
    return list, _none


def _none(names):
    raise Failure("it has no package manager that is known here (dpkg, opkg, apk): install them by hand")


def _dpkg_missing(names):
    lacking = []
    for name in names:
        code, output = attempt("dpkg-query", "-W", "-f", "${Status}", name)
        if code or "install ok installed" not in output:
            lacking.append(name)
    return lacking


def _dpkg_install(names):
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run("apt-get", "-q", "-y", "--no-install-recommends", "install", *names)


def _opkg_missing(names):
    """Compare with what is installed, or is provided by it: dnsmasq-full provides dnsmasq."""
    there, name, provided = set(), "", []
    for line in run("opkg", "status").splitlines():
        key, _, value = line.partition(":")
        if key == "Package":
            name, provided = value.strip(), []
        elif key == "Provides":
            provided = [one.strip() for one in value.split(",")]
        elif key == "Status" and value.split()[-1:] == ["installed"]:
            there.add(name)
        if name in there:
            there.update(provided)
    return [one for one in names if one not in there]


def _opkg_install(names):
    """Its lists of packages are lost with every restart."""
    run("opkg", "update", timeout_s=LISTS_S)
    run("opkg", "install", *names, timeout_s=INSTALL_S)


def _apk_missing(names):
    return [name for name in names if attempt("apk", "info", "--installed", name)[0]]


def _apk_install(names):
    run("apk", "add", "--update-cache", *names, timeout_s=INSTALL_S)


MANAGERS = (
    ("dpkg-query", _dpkg_missing, _dpkg_install),
    ("opkg", _opkg_missing, _opkg_install),
    ("apk", _apk_missing, _apk_install),
)
