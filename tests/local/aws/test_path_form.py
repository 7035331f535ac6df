from local.aws.path_form import rewrite


def test_the_path_form_becomes_the_query_form() -> None:
    for path, query, rewritten in (
        ("/websocket/42/alice", "", "activityId=42&username=alice"),
        ("/websocket/42/J%C3%BCrgen%20K", "", "activityId=42&username=J%C3%BCrgen%20K"),
        ("/websocket/42/a+b%26c=d", "", "activityId=42&username=a%2Bb%26c%3Dd"),
        ("/websocket/42/alice", "token=x&avatar=", "activityId=42&username=alice&token=x&avatar="),
        ("/websocket/42/alice", "activityId=1&%75sername=bob&since=3", "activityId=42&username=alice&since=3"),
        ("/websocket/42/a%2Fb", "", "activityId=42&username=a%2Fb"),
    ):
        assert rewrite(path, query, stage="websocket") == ("/websocket", rewritten), path


def test_any_other_path_is_left_alone() -> None:
    for path in (
        "/websocket",
        "/websocket/",
        "/websocket/42",
        "/websocket/42/",
        "/websocket//alice",
        "/websocket/42/alice/more",
        "/other/42/alice",
        "/websocket/@connections/abc",
        "/websocket/%40connections/abc",
        "",
    ):
        assert rewrite(path, "a=1", stage="websocket") == (path, "a=1"), path
