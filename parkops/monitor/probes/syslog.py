"""Syslog (RFC 5424): send a message to a collector and see it arrive in its file."""

from __future__ import annotations

import asyncio
import os
import shlex
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path

from parkops.model import Sample, Target
from parkops.monitor.probes import tls
from parkops.monitor.probes.base import Context, DownError, UnableError, explain, value
from parkops.monitor.probes.tcp import stream

HOST = "parkops-probe"  # the HOSTNAME of its messages: collectors that sort by it keep them apart
PRIORITY = 16 * 8 + 7  # local0, debug: nobody is to be alarmed
TAIL_BYTES = 65_536
POLL_S = 0.05
SHARE = 0.9  # of the time: then the message has not arrived


async def syslog(target: Target, context: Context) -> Sample:
    """Send a message with a tag of its own over ``protocol`` (udp, tcp or tls), and look for it in ``file``.

    ``read`` tells where the file is: ssh (on the collector, the default; with ``sudo=yes`` where the login
    itself may not read it) or local.
    """
    attempt, end_s = context.start(target), asyncio.get_running_loop().time() + context.timeout_s * SHARE
    tag = f"parkops-{os.urandom(6).hex()}"
    await _send(target, context, tag)
    sent_s = time.perf_counter()
    context.step(f"sent {tag} over {target.param('protocol', 'udp')}")
    if target.param("read") == "local":
        arrived = await _local(target, context, tag)
    else:
        arrived = await _remote(target, context, tag, end_s)
    if not arrived:
        raise DownError(
            f"the message did not arrive in {target.param('file')} within {context.timeout_s:g} s"
        )
    took_s = time.perf_counter() - sent_s
    context.step(f"it stands in {target.param('file')}")
    return attempt.up(values=(value("arrival_s", took_s),))


def _message(tag: str) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"<{PRIORITY}>1 {now} {HOST} parkops - - - probe {tag}".encode()


async def _send(target: Target, context: Context, tag: str) -> None:
    data, protocol = _message(tag), target.param("protocol", "udp")
    if protocol == "udp":
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(target.address, target.port)
        )
        transport.sendto(data)
        transport.close()
        return
    if protocol == "tls":
        _, writer = await tls.connect(target, context)
    else:
        _, writer = await stream(target)
    try:
        writer.write(f"{len(data)} ".encode() + data)  # RFC 6587, 3.4.1 and RFC 5425: octet counting
        await writer.drain()
    except (ConnectionError, ssl.SSLError) as error:
        raise DownError("the collector closed the connection") from error
    finally:
        writer.close()


async def _local(target: Target, context: Context, tag: str) -> bool:
    file = Path(target.param("file"))
    end_s = time.perf_counter() + context.timeout_s * SHARE
    while time.perf_counter() < end_s:
        try:
            if tag.encode() in await asyncio.to_thread(_tail, file):
                return True
        except FileNotFoundError:
            pass  # the first message makes it
        except OSError as error:
            raise UnableError(f"cannot read {file}: {explain(error)}") from error
        await asyncio.sleep(POLL_S)
    return False


def _tail(file: Path) -> bytes:
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - TAIL_BYTES))
        return stream.read()


async def _remote(target: Target, context: Context, tag: str, end_s: float) -> bool:
    """Let the collector look itself: one session, and an answer as soon as there is one.

    UnableError where it has not looked until ``end_s``, of the event loop's clock.
    """
    file = shlex.quote(target.param("file"))
    folder = shlex.quote(str(Path(target.param("file")).parent))
    tries = max(1, int(context.timeout_s * SHARE / 2 / 0.1))
    script = (
        f"for i in $(seq {tries}); do"
        f" if [ -d {folder} ] && [ ! -x {folder} ] || [ -e {file} ] && [ ! -r {file} ]; then"
        " echo unreadable; exit; fi;"
        f" if tail -c {TAIL_BYTES} {file} 2>/dev/null | grep -qF {tag}; then echo arrived; exit; fi;"
        " sleep 0.1; done; echo missing"
    )
    if target.param("sudo") == "yes":
        script = shlex.join(("sudo", "-n", "sh", "-c", script))
    at_ssh = Target(target.id, "ssh", target.device, target.address, int(target.param("ssh_port", "22")))
    try:
        async with asyncio.timeout_at(end_s):
            told = (await context.tools.sessions.ssh_command(at_ssh, script, context.timeout_s)).strip()
    except TimeoutError as error:
        raise UnableError(f"cannot look into the collector within {context.timeout_s:g} s") from error
    except DownError as error:
        raise UnableError(f"cannot look into the collector: {error}") from error
    if told not in ("arrived", "missing"):
        what = "may not be read by this login" if told == "unreadable" else "cannot be read over SSH"
        raise UnableError(f"{target.param('file')} {what}")
    return told == "arrived"
