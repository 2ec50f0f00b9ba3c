"""FRR configurations: what is noise, what is removed, and what never is."""

import pytest

from parkops.push import frr

RUNNING = """Building configuration...

Current configuration:
!
frr version 8.4.4
frr defaults traditional
hostname r1
no ip forwarding
service integrated-vtysh-config
!
interface eth1
 description old
 ip address 10.0.0.1/31
 ip ospf area 0
exit
!
router ospf
 ospf router-id 10.0.0.1
 redistribute static
exit
!
end
"""


def commands(running: str, intended: str) -> list[str]:
    return list(frr.remediate(frr.parse(running), frr.parse(intended)))


def test_headers_and_identity_are_noise() -> None:
    text = frr.render(frr.parse(RUNNING))
    assert text.splitlines()[0] == "interface eth1"
    assert "hostname" not in text
    assert "version" not in text


def test_the_same_configuration_needs_no_command() -> None:
    assert commands(RUNNING, RUNNING) == []


def test_forwarding_is_shown_only_when_it_is_off() -> None:
    assert commands("no ip forwarding\n", "ip forwarding\n") == ["ip forwarding"]
    assert commands("", "ip forwarding\n") == []


def test_extras_are_removed_before_additions_within_their_block() -> None:
    intended = RUNNING.replace("ip address 10.0.0.1/31", "ip address 10.0.0.3/31")
    assert commands(RUNNING, intended) == [
        "interface eth1",
        " no ip address 10.0.0.1/31",
        " ip address 10.0.0.3/31",
        "exit",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [("description old", "description new"), ("ospf router-id 10.0.0.1", "ospf router-id 10.0.0.2")],
)
def test_a_single_value_is_replaced_not_removed(old: str, new: str) -> None:
    told = commands(RUNNING, RUNNING.replace(old, new))
    assert any(new in command for command in told)
    assert not any(command.strip().startswith("no ") for command in told)


def test_a_port_is_emptied_never_deleted() -> None:
    told = commands(RUNNING, "")
    assert "no interface eth1" not in told
    assert "no router ospf" in told
    assert told[told.index("interface eth1") + 1] == " no ip ospf area 0"


def test_what_the_intended_keeps_is_never_removed() -> None:
    keep = " ip ospf area 0\n"
    told = commands(
        RUNNING, RUNNING.replace(" description old\n", "").replace(keep, keep + " ip ospf cost 5\n")
    )
    assert " no ip ospf area 0" not in told
    assert " no ip address 10.0.0.1/31" not in told


def test_addresses_are_compared_in_their_short_form() -> None:
    long = "interface eth1\n ipv6 address 2001:0DB8:0:0::1/64\nexit\n"
    assert commands(long, long.replace("2001:0DB8:0:0::1", "2001:db8::1")) == []


def test_a_bfd_profile_is_reset_to_its_defaults() -> None:
    running = "bfd\n profile fast\n  transmit-interval 100\n exit\nexit\n"
    intended = "bfd\n profile fast\n exit\nexit\n"
    assert commands(running, intended) == ["bfd", " profile fast", "  transmit-interval 300", " exit", "exit"]
