from tests.infra.cloud import Cloud, JsonObject


def test_the_private_subnets_leave_through_nat(cloud: Cloud) -> None:
    gateways = {f"<{id}>" for id in cloud.all("AWS::EC2::NatGateway")}
    used = {one["NatGatewayId"] for one in cloud.all("AWS::EC2::Route").values() if "NatGatewayId" in one}
    assert len(gateways) == 2
    assert used == gateways


def test_there_is_no_endpoint_that_would_hide_public_apis(cloud: Cloud) -> None:
    endpoint = cloud.only("AWS::EC2::VPCEndpoint")
    assert endpoint["ServiceName"] == "com.amazonaws.us-east-1.dynamodb"
    # A route, which resolves no name to itself.
    assert endpoint.get("VpcEndpointType", "Gateway") == "Gateway"
    assert "PrivateDnsEnabled" not in endpoint


def test_every_private_subnet_has_the_way_to_the_table(cloud: Cloud) -> None:
    private = {id for id, one in cloud.all("AWS::EC2::Subnet").items() if not one["MapPublicIpOnLaunch"]}
    routed = {
        one["RouteTableId"]
        for one in cloud.all("AWS::EC2::SubnetRouteTableAssociation").values()
        if one["SubnetId"].strip("<>") in private
    }
    assert set(cloud.only("AWS::EC2::VPCEndpoint")["RouteTableIds"]) == routed


def test_what_is_inside_may_reach_secrets_manager_and_the_gateway_outside(cloud: Cloud) -> None:
    (group,) = (
        one for one in cloud.all("AWS::EC2::SecurityGroup").values() if one["GroupDescription"] == "The functions"
    )
    (rule,) = group["SecurityGroupEgress"]
    assert (rule["CidrIp"], rule["IpProtocol"]) == ("0.0.0.0/0", "-1")


def test_the_stack_is_bound_to_no_account_and_no_region(cloud: Cloud) -> None:
    resources = cloud.template["Resources"].values()
    subnets = [one["Properties"] for one in resources if one["Type"] == "AWS::EC2::Subnet"]
    any_region: JsonObject = {"Fn::GetAZs": ""}
    assert [one["AvailabilityZone"] for one in subnets] == [{"Fn::Select": [n, any_region]} for n in (0, 1, 0, 1)]
