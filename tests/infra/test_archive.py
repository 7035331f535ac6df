from collections.abc import Callable

from local.servers import moto
from tests.infra.cloud import Cloud
from tools.preflight.checks.archive import wrong_with

KIND = "AWS::DynamoDB::Table"


def test_the_table_is_the_one_that_the_emulator_makes(cloud: Cloud) -> None:
    table = cloud.only(KIND)
    assert {name: table[name] for name in moto.TABLE} == moto.TABLE
    assert table["TimeToLiveSpecification"] == moto.TIME_TO_LIVE


def test_preflight_would_take_it_for_a_table_of_somebody_elses(cloud: Cloud) -> None:
    table = cloud.only(KIND)
    made = {name: table[name] for name in ("KeySchema", "AttributeDefinitions")}
    indexes = [{**one, "IndexStatus": "ACTIVE"} for one in table["GlobalSecondaryIndexes"]]
    assert wrong_with("theirs", {**made, "GlobalSecondaryIndexes": indexes}) == []


def test_it_can_be_restored_to_any_moment(cloud: Cloud, small_cloud: Cloud) -> None:
    for stage in (cloud, small_cloud):
        assert stage.only(KIND)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_in_prod_no_deployment_deletes_it(cloud: Cloud) -> None:
    (resource,) = (one for one in cloud.template["Resources"].values() if one["Type"] == KIND)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert resource["Properties"]["DeletionProtectionEnabled"] is True


def test_elsewhere_it_goes_with_its_stack(small_cloud: Cloud) -> None:
    (resource,) = (one for one in small_cloud.template["Resources"].values() if one["Type"] == KIND)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert resource["Properties"]["DeletionProtectionEnabled"] is False


def test_another_generation_is_another_table(small_cloud: Cloud, varied: Callable[..., Cloud]) -> None:
    first, second = small_cloud.all(KIND), varied(archive={"generation": 2}).all(KIND)
    assert (len(first), len(second)) == (1, 1)
    assert first.keys() != second.keys()


def test_what_was_set_aside_is_kept_for_two_weeks_encrypted(cloud: Cloud) -> None:
    queue = cloud.all("AWS::SQS::Queue")[cloud.archive_failures()]
    assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == (14 * 24 * 3600, True)


def test_the_outputs_name_the_table_and_the_queue(cloud: Cloud) -> None:
    told = {name: cloud.filled(one["Value"]) for name, one in cloud.template["Outputs"].items()}
    (table,) = cloud.all(KIND)
    assert told["ArchiveTable"] == f"<{table}>"
    assert told["ArchiveFailureQueueUrl"] == f"<{cloud.archive_failures()}>"
