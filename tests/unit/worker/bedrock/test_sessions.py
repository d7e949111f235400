"""Sessions of botocore."""

from worker.bedrock.sessions import create_session


def test_sessions_share_one_table_of_the_endpoints_that_a_worker_may_use() -> None:
    first, second = (
        create_session(region).get_component("data_loader").load_data("endpoints") for region in ("us-west-2", None)
    )

    assert first is second
    services = {name for partition in first["partitions"] for name in partition["services"]}
    assert {"ec2", "sts"} <= services
    assert len(services) < 10


def test_a_session_has_the_region_that_it_is_given() -> None:
    client = create_session("eu-west-3").create_client(
        "bedrock-runtime", aws_access_key_id="a", aws_secret_access_key="b"
    )

    assert client.meta.region_name == "eu-west-3"
