"""What is left of a template for MiniStack."""

from typing import Any

import pytest

from tests.deploy_check.left_out import PROPERTIES, SMOKE, TYPES
from tests.deploy_check.template import alone, reduced
from tools.smoke.walk import STEPS

TEMPLATE: dict[str, Any] = {
    "Parameters": {"P": {"Type": "String"}},
    "Resources": {
        "Cluster": {"Type": "AWS::MSK::Cluster", "Properties": {}},
        "Sum": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": []}},
        "One": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "m"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "DependsOn": ["Cluster", "One"],
            "Properties": {"A": {"Fn::GetAtt": ["Cluster", "Arn"]}, "B": [{"Ref": "One"}], "C": {"Ref": "P"}},
        },
    },
    "Outputs": {"O": {"Value": {"Ref": "Cluster"}}},
}


def test_what_is_left_out_is_replaced_by_values_wherever_it_is_referred_to() -> None:
    template, out = reduced(TEMPLATE)
    assert out == {"Cluster": "AWS::MSK::Cluster", "Sum": "AWS::CloudWatch::Alarm.Metrics"}
    assert set(template["Resources"]) == {"One", "Role"}
    role = template["Resources"]["Role"]
    assert role["DependsOn"] == ["One"]
    assert role["Properties"] == {
        "A": TYPES["AWS::MSK::Cluster"].values["Arn"],
        "B": [{"Ref": "One"}],
        "C": {"Ref": "P"},
    }
    assert template["Outputs"]["O"]["Value"].startswith("arn:aws:kafka:")
    assert template["Parameters"] == TEMPLATE["Parameters"]


def test_a_reference_for_which_there_is_no_value_is_told() -> None:
    template = {
        "Resources": {
            "Ip": {"Type": "AWS::EC2::SecurityGroupIngress"},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"A": {"Fn::GetAtt": ["Ip", "Id"]}}},
        }
    }
    with pytest.raises(ValueError, match="SecurityGroupIngress has no value for Id"):
        reduced(template)


def test_an_attribute_that_is_not_told_has_a_value() -> None:
    value = {"Fn::Select": [0, {"Fn::GetAtt": ["Vpc", "Ipv6CidrBlocks"]}]}
    template = {
        "Resources": {
            "Vpc": {"Type": "AWS::EC2::VPC"},
            "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"Ipv6CidrBlock": value}},
        }
    }
    kept, out = reduced(template)
    assert out == {}
    assert kept["Resources"]["Subnet"]["Properties"]["Ipv6CidrBlock"] == {
        "Fn::Select": [0, ["2001:db8:1234:1a00::/56"]]
    }


def test_a_resource_alone_refers_to_nothing() -> None:
    role = TEMPLATE["Resources"]["Role"]
    assert alone(role, TEMPLATE)["Resources"]["One"]["Properties"] == {
        "A": "made-up",
        "B": ["made-up"],
        "C": {"Ref": "P"},
    }


def test_every_line_of_the_list_has_a_reason() -> None:
    assert all(one.reason for one in (*TYPES.values(), *PROPERTIES.values()))
    assert SMOKE.keys() <= set(STEPS)
    assert all(said and reason for said, reason in SMOKE.values())
