"""The same configuration prints alike; an edit says only what differs."""

from park import BR, IF, NC, switch

from parkops.push import datatree

IANA = "urn:ietf:params:xml:ns:yang:iana-if-type"
A = f"""<config xmlns="{NC}"><interfaces xmlns="{IF}"><interface><name>p10</name>
<type xmlns:x="{IANA}">x:ethernetCsmacd</type><enabled>true</enabled></interface>
<interface><name>p2</name><description>b</description></interface></interfaces></config>"""
B = f"""<data xmlns="{NC}" xmlns:if="{IF}" xmlns:iana="{IANA}"><if:interfaces>
<if:interface><if:description>b</if:description><if:name>p2</if:name></if:interface>
<if:interface><if:type>iana:ethernetCsmacd</if:type><if:name>p10</if:name></if:interface></if:interfaces></data>"""


def test_prefixes_order_and_defaults_are_no_difference() -> None:
    assert datatree.parse(A) == datatree.parse(B)
    assert datatree.edit(datatree.parse(A), datatree.parse(B)) == ""


def test_lists_are_sorted_naturally_with_keys_first() -> None:
    lines = [line.strip() for line in datatree.render(datatree.parse(A)).splitlines()]
    assert lines.index("<name>p2</name>") < lines.index("<name>p10</name>")
    assert lines[lines.index("<name>p10</name>") + 1] == "<type>iana-if-type:ethernetCsmacd</type>"


def test_an_identity_of_the_own_module_needs_no_prefix() -> None:
    plain = (
        f'<c><bridges xmlns="{BR}"><bridge><name>b</name><bridge-type>x</bridge-type></bridge></bridges></c>'
    )
    prefixed = plain.replace("<bridge-type>x", f'<bridge-type xmlns:d="{BR}">d:x')
    assert datatree.parse(plain) == datatree.parse(prefixed)


def test_an_edit_removes_what_is_foreign_and_touches_nothing_else() -> None:
    running = datatree.parse(switch("a", vlans={101: "x", 102: "y", 103: "z"}).text)
    intended = datatree.parse(switch("a", vlans={101: "x", 102: "Y"}).text)
    change = datatree.edit(running, intended)
    assert change.count('nc:operation="remove"') == 2  # the registration and the name of VLAN 103
    assert "<name>Y</name>" in change
    assert "101" not in change
    assert "<interfaces" not in change


def test_other_subtrees_are_left_alone() -> None:
    document = f'<data xmlns="{NC}"><system xmlns="urn:x"><a>1</a></system></data>'
    assert datatree.parse(document, frozenset({f"{{{IF}}}interfaces"})) == ()


def test_broken_xml_is_a_value_error() -> None:
    try:
        datatree.parse("<config>")
    except ValueError as error:
        assert "not XML" in str(error)
    else:
        raise AssertionError("accepted")
