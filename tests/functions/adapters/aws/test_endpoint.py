from functions.adapters.aws.endpoint import endpoint


def test_a_region_of_china_has_a_domain_of_its_own() -> None:
    assert endpoint("dynamodb", "eu-central-1") == "https://dynamodb.eu-central-1.amazonaws.com"
    assert endpoint("lambda", "cn-north-1") == "https://lambda.cn-north-1.amazonaws.com.cn"
