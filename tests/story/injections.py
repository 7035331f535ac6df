"""Texts that break what is put together out of texts: scripts, keys, packed values, protocols, JSON, markup."""

# They may stand in names and user ids, and are carried as they are.
VISIBLE = [
    "'", '"', "\\", "}'--", "]]", "{}", "{42}", "}{", "%s%d%%n", "%00", "%0d%0a", "${7*7}", "{{7*7}}", "`id`", "$(id)",
    "';redis.call('FLUSHALL')--", '"..redis.call("FLUSHALL").."', "') return redis.error_reply('x') --",
    "1:2:3", ":", "2:0:mallory", "room:{1}:bans", "pending:1", "live:1", "ok", "gone", "repeat", "-0", "0-0", "+",
    '","messageType":8,"x":"', '"}]', "[{", "null", "NaN", "1e999", "__proto__", "x\u200ey", "x\ufeffy",
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'; DROP TABLE rooms; --",
    "../../etc/passwd",    "l\u200b\u200d", "e\u0301", "👩‍👩‍👧‍👦", "ﷺ", "名", "Ω≈ç√", "𝕏",
]  # fmt: skip

# In a name or a user id they are refused, in a message they are carried.
LINES = [
    "a\tb", "a\nb", "a\r\nb", "c-1\tl\t7\tbob", "x\r\n*1\r\n$8\r\nFLUSHALL\r\nx", "x\r\nSHUTDOWN\r\nx", "x\nbob:1",
    "a\u2028b\u2029c", "a\u2067b",
]  # fmt: skip

# They are refused everywhere.
CONTROLS = [
    "a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "x\x00\x00\x00x", "x\u202ey", "a\uffffb",
]  # fmt: skip

# Nothing of them can be seen: they are no names, no ids and no messages.
INVISIBLE = ["\U000e0001", "\u3164", "\u200d", "\ufe0f", "\u0301", "\u2800", "\u200b \u00a0"]
