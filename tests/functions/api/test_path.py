import httpx
import pytest

from tests.functions.conftest import MemoryLog


@pytest.mark.parametrize(
    "activity_id",
    ["0", "x", "9007199254740992", "-1", "%00", "%F0%9F%8E%89", "1.5", "01", "1e1", "+1", "4_2", "%D9%A1"],
)
async def test_what_is_no_room_is_a_bad_field(client: httpx.AsyncClient, activity_id: str) -> None:
    for path in ("", "/users"):
        answer = await client.get(f"/api/activities/{activity_id}{path}")
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "bad_field",
            "message": "activityId must be an integer from 1 to 9007199254740991",
        }


@pytest.mark.parametrize("user_id", ["", "%00", "%20alice", "alice%20", "a" * 65, "a%09b", "a%0Ab", "%C2%85", "a%7F"])
async def test_what_is_no_user_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog, user_id: str) -> None:
    for method, path in (("DELETE", "users"), ("PUT", "bans"), ("DELETE", "bans"), ("DELETE", "mutes")):
        answer = await client.request(method, f"/api/activities/42/{path}/{user_id}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")
        assert answer.json()["message"].startswith("userId must have")
    assert log.live == []


@pytest.mark.parametrize("path", ["/api/health/", "/api/activities/", "/api/activities/42/", "/api//health", "/health"])
async def test_a_path_with_a_slash_too_many_leads_nowhere(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]) in ((404, "not_found"), (400, "bad_field"))
