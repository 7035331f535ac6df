from bench.words import run


def test_the_time_for_each_kind_of_chat_is_told() -> None:
    result = run(words=50, looks=3)
    assert len(result.rows) == len(result.figures["chats"]) == 5
    assert all(one["ms"] > 0 for one in result.figures["chats"])
