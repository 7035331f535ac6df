"""The sensitive words, one list for all rooms."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import FailFast, Field

from functions.adapters.redis.words import WordList
from functions.api.auth import require
from functions.api.errors import responses
from functions.api.idempotency import CallId
from functions.api.model import RequestBody, ResponseBody
from functions.api.parts import Parts
from functions.rooms.text import CHAT_LENGTH
from functions.rooms.words import WORD_LENGTH, WORDS_AT_MOST, Lists

router = APIRouter(tags=["words"], dependencies=[Depends(require("admin", everywhere=True))])

Text = Annotated[str, Field(min_length=1, max_length=WORD_LENGTH)]
Texts = Annotated[list[Text], FailFast(), Field(max_length=WORDS_AT_MOST)]


class WordLists(RequestBody):
    """`mask`: words that become `*`, one for each character. `reject`: words for which a message or name is refused.

    At most 10,000 together, of 1-64 characters. Case, width, invisible characters, and spaces and punctuation between
    letters make no difference; a word that begins or ends with a symbol, or has nothing else, is taken as it stands. A
    word is found inside other words, too; `=` before its first letter lists it as a whole word. docs/words.md has the
    rules, with examples.
    """

    mask: Texts = Field(examples=[["darn", "=ass", "no way", "坏人"]])
    reject: Texts = Field(examples=[["spam.example", "🖕"]])


@router.get("/words", summary="Read the sensitive words", responses=responses(401, 403, 503))
async def words(parts: Parts) -> WordLists:
    """The words in force, as they were put. For a platform's token alone, as they are those of all rooms."""
    lists = await parts.words.read()
    return WordLists(mask=list(lists.mask), reject=list(lists.reject))


@router.put("/words", summary="Replace the sensitive words", responses=responses(400, 401, 403, 503))
async def put_words(words: WordLists, parts: Parts, _call_id: CallId = None) -> WordLists:
    """Replace both lists; they are in force in every room within seconds. For a platform's token alone."""
    lists = Lists(tuple(words.mask), tuple(words.reject))
    lists.check()
    await parts.words.write(lists)
    return words


class Tried(RequestBody):
    """A text, and the lists to try it against; without them those that are in force."""

    text: str = Field(max_length=CHAT_LENGTH, examples=["oh d.a.r.n"])
    words: WordLists | None = Field(default=None, examples=[{"mask": ["darn"], "reject": []}])


class Outcome(ResponseBody):
    """What would become of the text as a chat. `text` is it with every listed word masked; `rejected`: it holds a word
    to reject, so nobody would see it."""

    text: str = Field(examples=["oh *******"])
    rejected: bool = Field(examples=[False])


@router.post("/words/try", summary="Try a text against the words", responses=responses(400, 401, 403, 503))
async def try_words(tried: Tried, parts: Parts) -> Outcome:
    """What the words make of a text; nothing is said, and nothing changes. For a platform's token alone."""
    lists = Lists(tuple(tried.words.mask), tuple(tried.words.reject)) if tried.words else await parts.words.read()
    if tried.words:
        lists.check()
    # In a thread: 10,000 words take 0.1 s. Those that are kept compiled may be some seconds old.
    verdict = await asyncio.to_thread(lambda: WordList(**vars(lists)).check(tried.text))
    return Outcome(text=verdict.text, rejected=verdict.rejected)
