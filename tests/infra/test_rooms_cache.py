from tests.infra.cloud import Cloud, id_in


def test_the_cache_is_valkey_in_the_private_subnets_within_the_sizes_of_the_stage(cloud: Cloud) -> None:
    cache = cloud.only("AWS::ElastiCache::ServerlessCache")
    assert (cache["Engine"], cache["MajorEngineVersion"]) == ("valkey", "8")
    assert cache["CacheUsageLimits"] == {
        "DataStorage": {"Maximum": 10, "Unit": "GB"},
        "ECPUPerSecond": {"Maximum": 100_000},
    }
    subnets = cloud.all("AWS::EC2::Subnet")
    assert [subnets[id_in(id)]["MapPublicIpOnLaunch"] for id in cache["SubnetIds"]] == [False, False]


def test_the_name_of_the_cache_is_one_that_iam_authentication_could_use(cloud: Cloud) -> None:
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html: lower case, at most 40 characters
    name = cloud.only("AWS::ElastiCache::ServerlessCache")["ServerlessCacheName"]
    assert name == name.lower()
    assert len(name) <= 40
