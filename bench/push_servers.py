"""NETCONF servers for the push benchmark: real netconfd behind sshd, and a stub that only answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parkops.transport.login import Login

USER = "root"
NC = "urn:ietf:params:xml:ns:netconf:base:1.0"


@dataclass(frozen=True)
class Servers:
    """Running servers, each on an address of loopback, port 830."""

    addresses: tuple[str, ...]
    login: Login
    folder: Path
    port: int = 830


@contextmanager
def netconfds(count: int) -> Iterator[Servers]:
    """Run ``count`` netconfd and one sshd each in namespaces of their own; all end with this process."""
    missing = [name for name in ("unshare", "netconfd", "sshd", "ssh-keygen") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as name:
        folder = Path(name)
        host_key = _keys(folder)
        addresses = tuple(f"127.77.{n // 250}.{n % 250 + 1}" for n in range(count))
        (folder / "known_hosts").write_text("".join(f"[{a}]:830 {host_key}\n" for a in addresses))
        script = PREPARE + "".join(_server(folder, address) for address in addresses) + "echo ready; cat\n"
        command = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script]
        with _running(command):
            yield Servers(addresses, Login(USER, folder / "client", folder / "known_hosts"), folder)


@contextmanager
def stub(sessions: int) -> Iterator[Servers]:
    """Run the stub; it is asked by its one address, as often as there are sessions."""
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as name:
        folder = Path(name)
        host_key = _keys(folder)
        with _running([sys.executable, __file__, str(folder)]) as process:
            assert process.stdout
            port = int(process.stdout.readline())
            (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
            login = Login(USER, folder / "client", folder / "known_hosts", connect_timeout_s=60)
            yield Servers(("127.0.0.1",) * sessions, login, folder, port)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout and process.stdin
    try:
        if process.stdout.readline() != b"ready\n":
            raise SystemExit("the NETCONF servers did not start")
        yield process
    finally:
        process.stdin.close()
        process.wait(20)


def _keys(folder: Path) -> str:
    for key in ("host", "client"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(folder / key)]
        subprocess.run(command, check=True)
    return " ".join((folder / "host.pub").read_text().split()[:2])


PREPARE = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /usr/local/bin
for helper in get-interface-ipv4 ifconfig; do
  printf '#!/bin/sh\\n' > /usr/local/bin/$helper; chmod 755 /usr/local/bin/$helper
done
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /run/sshd
mount -t tmpfs tmpfs /mnt  # a login shell without rc files, which would cost more than all the rest
sed 's#^\\(root:.*:\\)[^:]*$#\\1/bin/sh#' /etc/passwd > /mnt/passwd; mount --bind /mnt/passwd /etc/passwd
"""


def _server(folder: Path, address: str) -> str:
    place = folder / address
    return f"""mkdir -p {place}; echo '<config xmlns="{NC}"/>' > {place}/startup.xml
cat > {place}/sshd_config <<END
Port 830
ListenAddress {address}
HostKey {folder}/host
PidFile {place}/sshd.pid
AuthorizedKeysFile {folder}/client.pub
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
MaxStartups 500:30:1000
Subsystem netconf "/usr/sbin/netconf-subsystem --ncxserver-sockname=830@{place}/ncx.sock"
END
mkdir -p {place}/data  # netconfd keeps its transaction number there
YUMA_HOME={place} setsid netconfd --module=ietf-interfaces --module=iana-if-type --target=candidate \\
  --access-control=off --superuser={USER} --ncxserver-sockname={place}/ncx.sock --port=830 \\
  --startup={place}/startup.xml --log={place}/log --log-level=error >/dev/null 2>&1 </dev/null &
for i in $(seq 500); do [ -S {place}/ncx.sock ] && break; sleep 0.02; done
$(command -v sshd) -f {place}/sshd_config
"""


def main(folder: Path) -> None:
    """Be the stub: answer each request at once, with no more work than its message-id."""
    import asyncio
    import re

    import asyncssh

    capabilities = "".join(
        f"<capability>urn:ietf:params:netconf:{name}</capability>"
        for name in ("base:1.0", "base:1.1", "capability:candidate:1.0", "capability:confirmed-commit:1.1")
    )
    hello = (
        f'<hello xmlns="{NC}"><capabilities>{capabilities}</capabilities><session-id>1</session-id></hello>'
    )
    request = re.compile(rb'message-id="([^"]+)"[^>]*>\s*<(?:\w+:)?([\w-]+)')

    async def session(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(hello.encode() + b"]]>]]>")
        buffer = b""
        try:
            while data := await process.stdin.read(65536):
                buffer += data
                while found := request.search(buffer):
                    end = max(buffer.find(b"\n##\n", found.end()), buffer.find(b"]]>]]>", found.end()))
                    if end < 0:
                        break
                    buffer = buffer[end + 4 :]
                    body = b"<data/>" if found[2] == b"get-config" else b"<ok/>"
                    reply = b'<rpc-reply xmlns="%b" message-id="%b">%b</rpc-reply>' % (
                        NC.encode(),
                        found[1],
                        body,
                    )
                    process.stdout.write(b"\n#%d\n%b\n##\n" % (len(reply), reply))
        except (asyncssh.Error, ConnectionError):
            pass
        process.exit(0)

    async def serve() -> None:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[str(folder / "host")], process_factory=session, encoding=None,
            authorized_client_keys=str(folder / "client.pub"), backlog=1024, login_timeout=0,
        )  # fmt: skip
        sys.stdout.write(f"ready\n{server.get_port()}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(serve())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
