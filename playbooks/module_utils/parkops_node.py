"""A node's managed files: what differs from what is running, putting files in place, and taking them back."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils import parkops_packages as packages
from ansible.module_utils import parkops_services as services
from ansible.module_utils.parkops_shell import Failure, attempt, run

STATE = Path("/var/lib/parkops")
MANIFEST = STATE / "manifest.json"
OWNERS = (("/etc/frr/", "frr"), ("/etc/mosquitto/", "mosquitto"))


@dataclass(frozen=True)
class Facet:
    """One thing that is compared: a file, the ruleset, addresses, kernel parameters, services."""

    name: str
    running: str
    intended: str
    service: str = ""

    @property
    def differs(self):
        """True when a push has something to do here."""
        return self.running != self.intended


@dataclass(frozen=True)
class Spec:
    """What was rendered for the node."""

    files: list  # of {path, text, mode, reload}
    packages: list = field(default_factory=list)
    transaction: str = ""
    timeout_s: int = 120
    management: str = "eth0"
    live: dict = field(default_factory=dict)  # of a snapshot: what ran without a file to say so

    @property
    def names(self):
        """The services that the files belong to."""
        return sorted({entry["reload"] for entry in self.files if entry["reload"]})

    def of(self, service):
        """Return the files of one service."""
        return [entry for entry in self.files if entry["reload"] == service]


def manifest():
    """Return what an earlier push left on record: its files, and FRR's running configuration."""
    try:
        return json.loads(MANIFEST.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"files": {}, "frr": ""}


def read(path):
    """Return a file's text, "" when there is none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def look(spec):
    """Compare a node with what was rendered, and return the facets in a stable order."""
    record = manifest()
    facets = [Facet(e["path"], read(e["path"]), e["text"], e["reload"]) for e in spec.files]
    kept = {entry["path"] for entry in spec.files}
    for path, entry in sorted(record["files"].items()):
        if path not in kept and Path(path).exists():
            facets.append(Facet(path, read(path), "", entry["reload"]))
    facets += _modes(spec)
    facets.append(_packages(spec))
    facets += _live(spec, record)
    return facets


def _modes(spec):
    for entry in spec.files:
        path = Path(entry["path"])
        if path.exists():
            info = path.stat()
            actual = f"{stat.S_IMODE(info.st_mode):04o} {_user(info.st_uid)}\n"
            wanted = f"{int(entry['mode'], 8):04o} {_owner(entry['path'])}\n"
            if actual != wanted:
                yield Facet(f"mode of {path}", actual, wanted, entry["reload"])


def _packages(spec):
    missing = packages.missing(spec.packages)
    return Facet("missing packages", "".join(f"{name}\n" for name in missing), "")


def _live(spec, record):
    """Compare what the kernel and the daemons really run, so that a change behind the files is seen."""
    names = spec.names
    if "nftables" in names:
        yield from _ruleset(spec)
    if "sysctl" in names:
        pairs = [pair for entry in spec.of("sysctl") for pair in services.sysctl_keys(entry["text"])]
        live = "".join(f"{key} = {services.sysctl_value(key)}\n" for key, _ in pairs)
        yield Facet("sysctl", live, "".join(f"{key} = {value}\n" for key, value in pairs), "sysctl")
    if "networking" in names:
        text = "\n".join(entry["text"] for entry in spec.of("networking"))
        live = services.live_addresses(set(services.stanzas(text)) - {spec.management, "lo"})
        stated = [line for line in services.stated_addresses(text) if not line.startswith("lo ")]
        yield Facet("addresses", _text(live), _text(stated), "networking")
    for name in names:
        if name not in services.NO_DAEMON:
            state = "running\n" if services.running(name) else "stopped\n"
            yield Facet(f"service {name}", state, "running\n", name)
    unchanged = all(read(entry["path"]) == entry["text"] for entry in spec.of("frr"))
    if "frr" in names and record["frr"] and unchanged:
        yield Facet("vtysh show running-config", frr_running(), record["frr"], "frr")


def _text(lines):
    return "".join(f"{line}\n" for line in lines)


def frr_running():
    """Return FRR's running configuration."""
    return attempt("vtysh", "-c", "show running-config")[1]


def _ruleset(spec):
    """Compare the live rules with what the rendered ones look like when the kernel lists them."""
    for entry in spec.of("nftables"):
        with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
            file.write(entry["text"])
            file.flush()
            expected = services.ruleset(file.name)
        if expected is not None:  # it can be told on this node
            live, expected = services.comparable(services.ruleset(), expected, entry["text"])
            yield Facet("nft list ruleset", live, expected, "nftables")


def _user(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _owner(path):
    """Return the user that a managed file belongs to."""
    for prefix, user in OWNERS:
        if path.startswith(prefix):
            try:
                return pwd.getpwnam(user).pw_name
            except KeyError:
                return "root"
    return "root"


def check(spec):
    """Let each file's parser read it where there is one; Failure names the first that refuses."""
    with tempfile.TemporaryDirectory(prefix="parkops-") as folder:
        Path(folder).chmod(0o755)
        for number, entry in enumerate(spec.files):
            temporary = Path(folder) / f"{number}-{Path(entry['path']).name}"
            temporary.write_text(entry["text"], encoding="utf-8")
            services.check_file(entry["reload"], entry["path"], str(temporary))


def put(path, text, mode, user):
    """Write a file atomically with its mode and owner."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).chmod(mode)
    entry = pwd.getpwnam(user)
    os.chown(temporary, entry.pw_uid, entry.pw_gid)
    Path(temporary).replace(path)


@dataclass(frozen=True)
class Backup:
    """What a change replaces: copies of files, the live ruleset and parameters, and which daemons ran."""

    folder: Path

    @property
    def taken(self):
        """True when there is something to go back to."""
        return (self.folder / "index.json").exists()

    def drop(self):
        """Forget it: everything is back."""
        self.drop_spares()
        shutil.rmtree(self.folder, ignore_errors=True)

    def drop_spares(self):
        """Remove the second names of what was replaced: the change is there to stay."""
        for path in self.index["files"] if self.taken else ():
            _spare(path).unlink(missing_ok=True)

    def take(self, spec, paths, names):
        """Copy what is about to be replaced; ``names`` are the services that take the change.

        A second name beside each file lets it be put back on a disk that has filled up meanwhile.
        """
        paths = {*paths, str(MANIFEST)}
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        index = {"files": {}, "links": {}, "running": {}, "sysctl": [], "ruleset": "", "paths": sorted(paths)}
        index["names"] = names
        for number, path in enumerate(sorted(paths)):
            if Path(path).is_symlink():
                index["links"][path] = str(Path(path).readlink())
            elif Path(path).exists():
                copy = self.folder / str(number)
                shutil.copy2(path, copy)
                info = Path(path).stat()
                index["files"][path] = [copy.name, info.st_mode, info.st_uid, info.st_gid]
                _spare(path).unlink(missing_ok=True)
                with suppress(OSError):  # a file system without second names
                    os.link(path, _spare(path))
        index["running"] = {name: services.running(name) for name in spec.names}
        index["ruleset"] = services.ruleset() if "nftables" in spec.names else ""
        for entry in spec.of("sysctl"):
            pairs = services.sysctl_keys(entry["text"])
            index["sysctl"] += [[key, services.sysctl_value(key)] for key, _ in pairs]
        put(self.folder / "index.json", json.dumps(index), 0o600, "root")

    @property
    def index(self):
        """What was taken."""
        return json.loads((self.folder / "index.json").read_text(encoding="utf-8"))

    def copy_of(self, path):
        """Return the copy of a file, or an empty file when there was none."""
        entry = self.index["files"].get(str(path))
        if entry is None:
            empty = self.folder / "empty"
            empty.touch()
            return str(empty)
        return str(self.folder / entry[0])

    def put_back(self):
        """Put every file back, and remove those that were not there."""
        index = self.index
        for path in index["paths"]:
            entry = index["files"].get(path)
            if entry is None:
                Path(path).unlink(missing_ok=True)
                if path in index["links"]:
                    Path(path).symlink_to(index["links"][path])
                continue
            name, mode, uid, gid = entry
            if read(_spare(path)) == read(self.folder / name):
                _spare(path).replace(path)  # needs no room
                Path(path).chmod(stat.S_IMODE(mode))
            else:
                put(path, read(self.folder / name), stat.S_IMODE(mode), _user(uid))
            os.chown(path, uid, gid)


def _spare(path):
    """Return the second name of a file: hidden, and nothing that a daemon's folder of files would read."""
    return Path(path).with_name(f".{Path(path).name}.parkops-old")


def backup_of(spec):
    """Return the backup of a transaction; there is one from its change on until the next one's."""
    return Backup(STATE / "backup" / spec.transaction)


def snapshot(spec):
    """Return what a later push needs to bring the node back to where it is now."""
    known = {entry["path"]: entry["reload"] for entry in spec.files}
    known.update({path: entry["reload"] for path, entry in manifest()["files"].items()})
    files = []
    for path, service in sorted(known.items()):
        if Path(path).exists():
            mode = f"{stat.S_IMODE(Path(path).stat().st_mode):04o}"
            files.append({"path": path, "text": read(path), "mode": mode, "reload": service})
    return {"files": files, "live": {"ruleset": services.ruleset()}}


def place(spec, facets):
    """Write the files that differ and remove those that are managed no longer; return what was touched."""
    wanted = {entry["path"]: entry for entry in spec.files}
    for facet in facets:
        path = facet.name.removeprefix("mode of ")
        if path in wanted:
            entry = wanted[path]
            put(path, entry["text"], int(entry["mode"], 8), _owner(path))
        elif path.startswith("/"):
            Path(path).unlink(missing_ok=True)


def activate(spec, names, backup):
    """Make services take their files, in the safe order."""
    for name in services.in_order(names):
        services.check_whole(name)
        if name == "sysctl":
            for entry in spec.of("sysctl"):
                run("sysctl", "-q", "-p", entry["path"])
        elif name == "networking":
            _change_ports(spec, backup, forward=True)
        elif name == "nftables":
            for entry in spec.of("nftables"):
                run("nft", "-f", entry["path"])
            if not spec.of("nftables"):  # no file says what the ruleset was
                run("nft", "-f", "-", text="flush ruleset\n" + spec.live.get("ruleset", ""))
        elif name:
            services.take(name)
    services.await_running([name for name in names if name and name in spec.names])


def _change_ports(spec, backup, *, forward):
    for entry in spec.of("networking"):
        path = entry["path"]
        old, new = (backup.copy_of(path), read(backup.copy_of(path))), (path, entry["text"])
        if not forward:
            old, new = new, old
        text = new[1]
        live = set(services.live_addresses(set(services.stanzas(text))))
        differing = {line.split()[0] for line in live ^ set(services.stated_addresses(text))}
        services.change_ports(old, new, differing - {spec.management, "lo"}, spec.management)


def revert(spec, backup):
    """Put everything back as it was before the change; return what could not be."""
    index, problems = backup.index, []
    backup.put_back()
    for name in services.in_order(index["names"]):
        try:
            if name == "sysctl":
                for key, value in index["sysctl"]:
                    attempt("sysctl", "-q", "-w", f"{key}={value}")
            elif name == "networking":
                _change_ports(spec, backup, forward=False)
            elif name == "nftables":
                run("nft", "-f", "-", text="flush ruleset\n" + index["ruleset"])
            elif name and index["running"].get(name, True):
                services.take(name)
            elif name:
                services.stop(name)
        except Failure as failure:
            problems.append(str(failure))
    if not problems:
        backup.drop()
    return problems


def record(spec):
    """Remember what is managed now, for the next push."""
    files = {entry["path"]: {"mode": entry["mode"], "reload": entry["reload"]} for entry in spec.files}
    frr = frr_running() if "frr" in spec.names else ""
    STATE.mkdir(parents=True, exist_ok=True, mode=0o755)
    put(MANIFEST, json.dumps({"files": files, "frr": frr}, indent=1), 0o600, "root")
