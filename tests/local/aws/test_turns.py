from local.aws.turns import Turns


def test_one_keys_items_keep_their_order_and_no_other_key_waits_for_all_of_them() -> None:
    turns = Turns[str]()
    for number in range(3):
        turns.put("flood", f"f{number}")
    turns.put("alice", "a0")
    assert turns.take() == "f0"
    turns.put("bob", "b0")
    turns.put("alice", "a1")
    assert (len(turns), [turns.take() for _ in range(len(turns))]) == (5, ["a0", "f1", "b0", "a1", "f2"])
    assert len(turns) == 0
