"""The CloudFront function, run by Node.js, against the emulator's stand-in for it."""

import json
import random
import subprocess
from typing import Any
from urllib.parse import parse_qsl

from infra.edge import REWRITE
from local.aws.path_form import rewrite
from tests.node import node

# Reads requests as [path, query] from standard input, and has the function rewrite each as CloudFront would.
HARNESS = """
const handler = new Function(require('fs').readFileSync(process.argv[1], 'utf8') + '; return handler;')();
const requests = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = requests.map(([uri, query]) => {
  const untouched = {};
  const request = {method: 'GET', uri, querystring: untouched, headers: {}, cookies: {}, rawQueryString: () => query};
  const answer = handler({version: '1.0', context: {}, viewer: {}, request});
  return [answer.uri, answer.querystring === untouched ? null : answer.querystring];
});
process.stdout.write(JSON.stringify(answers));
"""
PIECES = [*"aB9/&=+%~.-_'() ;:@!*", "%20", "%2B", "%2f", "%C3%BC", "%ff", "%zz", "%4", "%41", "%00", "%E4%BD%A0", "//"]
NAMES = ["activityId", "username", "%61ctivityId", "user%6Eame", "user+name", "Username", "token", "since", ""]


def rewritten(requests: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """What the function makes of them; as query None where it leaves the query alone."""
    program, environment = node()
    ran = subprocess.run(
        [program, "-e", HARNESS, str(REWRITE)],
        input=json.dumps(requests),
        timeout=60,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answers: list[list[Any]] = json.loads(ran.stdout)
    return [(uri, query) for uri, query in answers]


def test_the_path_form_becomes_the_query_form() -> None:
    requests: dict[tuple[str, str | None], str] = {
        ("/websocket/42/alice", None): "activityId=42&username=alice",
        ("/websocket/42/alice", ""): "activityId=42&username=alice",
        ("/websocket/42/J%C3%BCrgen%20K", None): "activityId=42&username=J%C3%BCrgen%20K",
        ("/websocket/42/a+b%26c=d", None): "activityId=42&username=a%2Bb%26c%3Dd",
        ("/websocket/42/a%2Fb", None): "activityId=42&username=a%2Fb",
        ("/websocket/42/a'(b)!*", None): "activityId=42&username=a%27%28b%29%21%2A",
        ("/websocket/42/%ff%zz", None): "activityId=42&username=%FF%25zz",
        ("/websocket/42/alice", "token=x&avatar=&&token=y"): "activityId=42&username=alice&token=x&avatar=&token=y",
        ("/websocket/42/alice", "activityId=1&%75sername=bob&since=3"): "activityId=42&username=alice&since=3",
        ("/websocket/42/alice", "10=a&9=b"): "activityId=42&username=alice&10=a&9=b",
    }
    assert rewritten(list(requests)) == [("/websocket", query) for query in requests.values()]


def test_any_other_path_is_handed_on_as_it_is() -> None:
    paths = ["/websocket", "/websocket/", "/websocket/42", "/websocket/42/", "/websocket//alice", "/", "//42/alice"]
    paths += ["/websocket/42/alice/more", "/other/42/alice", "/websocket/@connections/abc", "/Websocket/42/alice"]
    paths += ["/websocket/%40connections/abc", "/websocket/%40connection%73/abc"]
    assert rewritten([(path, "a=1") for path in paths]) == [(path, None) for path in paths]


def test_a_name_beyond_ascii_reaches_the_query_whole() -> None:
    ((path, query),) = rewritten([("/websocket/42/Jürgen你😀", None)])
    assert path == "/websocket"
    assert parse_qsl(query or "") == [("activityId", "42"), ("username", "Jürgen你😀")]


def test_it_rewrites_as_the_emulator_does_whatever_is_asked() -> None:
    chance = random.Random(6)

    def text(most: int) -> str:
        return "".join(chance.choices(PIECES, k=chance.randint(0, most)))

    def pair() -> str:
        return chance.choice(NAMES) + chance.choice(["=", "", "=="]) + text(3).replace("&", "")

    requests: list[tuple[str, str | None]] = []
    for _ in range(3000):
        stage = chance.choice(["/websocket/"] * 8 + ["/websocket", "/other/", ""])
        query = "&".join(pair() for _ in range(chance.randint(0, 5)))
        requests.append((stage + text(4) + chance.choice(["/", "/", ""]) + text(5), query))
    changed = 0
    for (path, asked), (new_path, answered) in zip(requests, rewritten(requests), strict=True):
        assert (new_path, asked if answered is None else answered) == rewrite(path, asked or "", stage="websocket")
        changed += answered is not None
    assert changed > 500


def test_it_keeps_to_what_cloudfront_allows() -> None:
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions
    assert len(REWRITE.read_bytes()) < 10_000
