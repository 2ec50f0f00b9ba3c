"""NetBox's answers for a small park, in the format of its REST API (4.x), and a server that gives them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"


def _brief(kind: str, number: int, name: str, slug: str) -> dict:
    url = f"http://netbox.example/api/{kind}/{number}/"
    return {"id": number, "url": url, "display": name, "name": name, "slug": slug, "description": ""}


HX = _brief("tenancy/tenants", 1, "华星精密制造", "huaxing")
P1 = _brief("dcim/sites", 1, "一号车间", "p1")
CAMPUS = _brief("dcim/sites", 2, "园区机房", "campus")
S5735 = {
    "id": 7,
    "url": "http://netbox.example/api/dcim/device-types/7/",
    "display": "S5735-L24",
    "manufacturer": _brief("dcim/manufacturers", 3, "Huawei", "huawei"),
    "model": "S5735-L24",
    "slug": "s5735-l24",
}
VRP = _brief("dcim/platforms", 2, "Huawei VRP", "huawei-vrp")


def _device(
    number: int, name: str | None, role: str, tenant: dict | None, site: dict, primary: str = ""
) -> dict:
    return {
        "id": number,
        "url": f"http://netbox.example/api/dcim/devices/{number}/",
        "display": name or f"Device {number}",
        "name": name,
        "device_type": S5735,
        "role": _brief("dcim/device-roles", 1, role.title(), role),
        "tenant": tenant,
        "platform": VRP if "switch" in role else None,
        "site": site,
        "status": {"value": "active", "label": "Active"},
        "primary_ip4": _address(900 + number, primary) if primary else None,
        "description": "",
        "comments": "",
        "custom_fields": {},
    }


def _address(number: int, address: str, device: tuple[int, str] | None = None) -> dict:
    assigned = device and {
        "id": number,
        "display": "eth0",
        "device": {"id": device[0], "display": device[1], "name": device[1]},
        "name": "eth0",
    }
    return {
        "id": number,
        "url": f"http://netbox.example/api/ipam/ip-addresses/{number}/",
        "display": address,
        "family": {"value": 4, "label": "IPv4"},
        "address": address,
        "assigned_object_type": "dcim.interface" if device else None,
        "assigned_object": assigned or None,
    }


def _vlan(number: int, vid: int, name: str, role: str, tenant: dict | None, site: dict) -> dict:
    return {
        "id": number,
        "url": f"http://netbox.example/api/ipam/vlans/{number}/",
        "display": f"{name} ({vid})",
        "vid": vid,
        "name": name,
        "site": site,
        "group": None,
        "tenant": tenant,
        "role": _brief("ipam/roles", number, role, role),
        "description": "",
    }


def _prefix(number: int, prefix: str, vlan: dict | None, status: str = "active") -> dict:
    brief = vlan and {key: vlan[key] for key in ("id", "url", "display", "vid", "name")}
    return {
        "id": number,
        "url": f"http://netbox.example/api/ipam/prefixes/{number}/",
        "display": prefix,
        "prefix": prefix,
        "scope_type": None,
        "scope": None,
        "tenant": None,
        "vlan": brief or None,
        "status": {"value": status, "label": status.title()},
    }


def _cable(number: int, a: str, b: str) -> dict:
    def end(name: str) -> list[dict]:
        device = {"id": number, "display": name, "name": name}
        return [{"object_type": "dcim.interface", "object_id": 1, "object": {"id": 1, "device": device}}]

    return {
        "id": number,
        "url": f"http://netbox.example/api/dcim/cables/{number}/",
        "display": f"#{number}",
        "type": "cat6",
        "a_terminations": end(a),
        "b_terminations": end(b),
    }


CONTROL = _vlan(1, 310, "control", "hx-control", HX, P1)
OFFICE = _vlan(2, 320, "office", "hx-office", HX, P1)
ANSWERS: dict[str, list[dict]] = {
    "/api/tenancy/tenants/": [HX],
    "/api/dcim/sites/": [P1, CAMPUS],
    "/api/dcim/devices/": [
        _device(1, "core-a", "core-router", None, CAMPUS, "172.31.4.11/24"),
        _device(2, "core-b", "core-router", None, CAMPUS, "172.31.4.12/24"),
        _device(3, "hx-sw-a", "ring-switch", HX, P1, "172.31.4.31/24"),
        _device(4, "hx-sw-b", "ring-switch", HX, P1, "172.31.4.32/24"),
        _device(5, "hx-sw-c", "ring-switch", HX, P1, "172.31.4.33/24"),
        _device(6, "hx-fw-1", "firewall", HX, P1, "172.31.4.21/24"),
        _device(7, "hx-plc-1", "plc", HX, P1),
        _device(8, "hx-plc-2", "plc", HX, P1),
        _device(9, "hx-pc-1", "pc", HX, P1),
        _device(10, "hx-crane", "overhead-crane", HX, P1),
        _device(11, None, "plc", HX, P1),
        _device(12, "noc-1", "management-server", None, CAMPUS, "172.31.4.5/24"),
    ],
    "/api/dcim/interfaces/": [
        {
            "id": 70 + number,
            "url": f"http://netbox.example/api/dcim/interfaces/{70 + number}/",
            "display": "eth0",
            "device": {"id": number, "display": name, "name": name},
            "name": "eth0",
            "untagged_vlan": {key: vlan[key] for key in ("id", "url", "display", "vid", "name")},
            "tagged_vlans": [],
        }
        for number, name, vlan in ((7, "hx-plc-1", CONTROL), (8, "hx-plc-2", CONTROL))
    ],
    "/api/dcim/cables/": [
        _cable(1, "hx-sw-a", "hx-sw-b"),
        _cable(2, "hx-sw-b", "hx-sw-c"),
        _cable(3, "hx-sw-c", "hx-sw-a"),
    ],
    "/api/ipam/vlans/": [CONTROL, OFFICE],
    "/api/ipam/prefixes/": [
        _prefix(1, "10.40.0.0/14", None, "container"),
        _prefix(2, "10.40.10.0/24", CONTROL),
        _prefix(3, "10.40.20.0/23", OFFICE),
        _prefix(4, "10.40.99.0/24", None),
    ],
    "/api/ipam/ip-addresses/": [
        _address(1, "10.40.10.21/24", (7, "hx-plc-1")),
        _address(2, "10.40.10.22/24", (8, "hx-plc-2")),
        _address(3, "10.40.20.50/23", (9, "hx-pc-1")),
    ],
    "/api/circuits/circuits/": [
        {
            "id": 1,
            "url": "http://netbox.example/api/circuits/circuits/1/",
            "display": "CT-2026-0001",
            "cid": "CT-2026-0001",
            "provider": _brief("circuits/providers", 1, "中国电信", "ct"),
            "commit_rate": 1_000_000,
        }
    ],
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name that http.server calls
        url = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Token {TOKEN}":
            self._answer(403, {"detail": "Invalid token"})
        elif url.path not in ANSWERS:
            self._answer(404, {"detail": "Not found."})
        else:
            query = parse_qs(url.query)
            rows = ANSWERS[url.path]
            if "site" in query:
                rows = [row for row in rows if row.get("site", {}).get("slug") == query["site"][0]]
            start = int(query.get("offset", ["0"])[0])
            size = min(int(query.get("limit", ["50"])[0]) or 50, 5)  # several pages, as NetBox has them
            more = start + size < len(rows)
            following = f"http://{self.headers['Host']}{url.path}?limit={size}&offset={start + size}"
            page = rows[start : start + size]
            self._answer(
                200,
                {"count": len(rows), "next": following if more else None, "previous": None, "results": page},
            )

    def _answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("API-Version", "4.2")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve the answers on loopback; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
