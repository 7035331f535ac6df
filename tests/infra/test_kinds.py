"""Every kind of stack is synthesised, and nothing objects to its template."""

import subprocess
import sys
from collections.abc import Mapping
from itertools import combinations, product
from pathlib import Path

import pytest

from tests.infra.kinds import CACHES, CHOSEN, KAFKAS, NETWORKS, STAGES, Kind

# Of what belongs together: what is there already is reached from its own network.
APART = {
    (kafka, network) for kafka, network in product(KAFKAS, NETWORKS) if kafka == "theirs" and "their" not in network
} | {(network, cache) for network, cache in product(NETWORKS, CACHES) if "their" in cache and "their" not in network}

# W3005 is about dependencies that the CDK states twice.
LINT = [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", "W3005", "--"]


def test_each_stage_and_kafka_and_network_and_cache_is_tried_with_each_other() -> None:
    tried = {pair for chosen in CHOSEN for pair in combinations(chosen, 2)}
    every = {pair for one, other in combinations((STAGES, KAFKAS, NETWORKS, CACHES), 2) for pair in product(one, other)}
    assert tried == every - APART


# Each takes seconds. Quick tests hold cfn-lint against the two stages of cdk.json, and against one in China.
@pytest.mark.long
@pytest.mark.timeout(600)
def test_cfn_lint_objects_to_nothing_in_any_of_them(kinds: Mapping[str, Kind]) -> None:
    files = [str(kind.file) for kind in kinds.values()]
    # Two at a time: it takes seconds a template.
    halves = [
        subprocess.Popen([*LINT, *half], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for half in (files[::2], files[1::2])
    ]
    said = [half.communicate()[0] for half in halves]
    assert [half.returncode for half in halves] == [0, 0], "\n".join(said)
    assert said == ["", ""]


def test_their_boxes_take_the_place_of_ours(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        made = {resource["Type"] for resource in kind.cloud.template["Resources"].values()}
        stage = kind.stage
        assert ("AWS::EC2::VPC" in made) == (stage.network.existing is None), name
        assert ("AWS::EC2::NatGateway" in made) == (stage.network.nat_gateways > 0), name
        assert ("AWS::EC2::EgressOnlyInternetGateway" in made) == (
            stage.network.egress == "ipv6" and stage.network.existing is None
        ), name
        assert ("AWS::MSK::Cluster" in made) == (stage.kafka.kind == "provisioned"), name
        assert ("AWS::MSK::ServerlessCluster" in made) == (stage.kafka.kind == "serverless"), name
        assert ("AWS::ElastiCache::ServerlessCache" in made) == (stage.cache.kind == "serverless"), name
        assert ("AWS::CloudFront::Distribution" in made) == stage.edge.distribution, name
