"""From a question in words to criteria, by rules. `docs/ask.md` has the grammar."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from aether_core.errors import InputError
from aether_core.language import SOURCE, as_marked, mark
from aether_core.search.question.criteria import KINDS, Criterion
from aether_core.search.question.grammar import Grammar
from aether_core.search.question.languages.choice import choose
from aether_core.search.question.languages.meaning import meant
from aether_core.search.question.markers import Marker, Token, Words, marker_at
from aether_core.search.question.names import join_names, unjoined
from aether_core.search.question.tokens import in_single_spaces, tokens_of

MAX_CHARACTERS = 1000
"""Longer than this no question is, but a text that was pasted."""


@dataclass(frozen=True)
class Unmapped:
    """Words no criterion was made of.

    Attributes:
        words: As typed.
        reason: Why not.
        code: The same for programs.
    """

    words: str
    reason: str
    code: str


@dataclass(frozen=True)
class Question:
    """A question as it was understood.

    Attributes:
        text: As typed, with single spaces and without marks of direction.
        criteria: What must hold, in the order of the words; a distance nobody said is None where it
            is that of the kind.
        unmapped: What was not understood.
        notes: What could have been read in another way, and how it was read.
    """

    text: str
    criteria: tuple[Criterion, ...]
    unmapped: tuple[Unmapped, ...]
    notes: tuple[str, ...]


_SPLIT = re.compile(r"\s+")


def parse(text: str, language: str = SOURCE) -> Question:
    """Read a question.

    Args:
        text: What somebody typed.
        language: Of the page or the command, one of `GRAMMARS`; a question in English, or in a
            language that its letters tell, is understood whatever it is.

    Returns:
        Its criteria, which may be none, and all that none was made of.

    Raises:
        InputError: It is empty, or longer than `MAX_CHARACTERS`; there is no such language.
    """
    typed = in_single_spaces(text)
    if not typed:
        raise InputError(
            "the question is empty", repr(text), "type what you are looking for", code="query-empty"
        )
    if len(typed) > MAX_CHARACTERS:
        raise InputError(
            f"the question has {len(typed):,} characters, the limit is {MAX_CHARACTERS:,}",
            typed,
            "use fewer words",
            code="question-too-long",
        )
    return _read(typed, language)


@lru_cache(maxsize=256)
def _read(typed: str, language: str) -> Question:
    """Read a question; a page asks for the same one at every rerun."""
    chosen = choose(typed, language)
    grammar = chosen.grammar
    reading = _Reading(grammar, language, notes=list(chosen.notes))
    asked = reading.without_purpose(grammar.prepared(typed))
    joined, guessed = join_names(asked, grammar.phrases, grammar.joined_name)
    reading.read(tokens_of(grammar, joined))
    for name in guessed:
        first, _, rest = re.sub(r" (?:and|&|of|of the|upon|the) ", "\0", name, count=1).partition(
            "\0"
        )
        if re.search(r" (?:and|&) ", name):
            reading.note(
                mark(
                    "“{name}” was read as one name; for two places, write “near {first} and near "
                    "{rest}”",
                    name=name,
                    first=first,
                    rest=rest,
                )
            )
    reading.finish(typed)
    return Question(typed, tuple(reading.criteria), tuple(reading.unmapped), tuple(reading.notes))


@dataclass
class _Context:
    """What the next words are about.

    Attributes:
        relation: The marker that said so; None where words stand for themselves.
        used: Whether any words followed it.
    """

    relation: Marker | None = None
    used: bool = True

    @property
    def kind(self) -> str:
        return self.relation.kind if self.relation is not None else "like"


@dataclass
class _Reading:
    """The criteria found so far, and what the next words belong to.

    Attributes:
        run: Criteria, by number, that share what follows: "a school and a park within 500 m".
        join: How the next criterion is joined to the one before.
        weight: Of the next criteria.
    """

    grammar: Grammar
    page: str
    criteria: list[Criterion] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    context: _Context = field(default_factory=_Context)
    run: list[int] = field(default_factory=list)
    join: str = "and"
    weight: float = 1.0
    clause: int = -1
    option: int = 0
    purpose: str = ""
    listing: bool = False

    def _typed(self, words: str) -> str:
        """Words as they were typed, after a reading has joined and parted some."""
        return self.grammar.finished(unjoined(words))

    def note(self, words: str) -> None:
        """Keep a remark once."""
        if words and words not in self.notes:
            self.notes.append(words)

    def without_purpose(self, text: str) -> str:
        """Take away what a place is wanted for: "somewhere for a new library: ..."."""
        found = self.grammar.purpose.match(text)
        if found is None:
            return text
        states_more = found["end"].strip() in {":", ";", "–", "—", "-"}
        builds = found["new"] is not None or found["builds"] is not None
        if not (states_more or builds):
            return text
        what = found["what"]
        starts = [0, *(at.end() for at in _SPLIT.finditer(what))]
        ends = next(
            (at for at in starts[1:] if marker_at(self.grammar.markers, what, at) is not None),
            len(what),
        )
        self.purpose = self._typed(_cleaned(self.grammar, what[:ends]))
        self.unmapped.append(
            Unmapped(
                self._typed(text[: found.start("what") + ends].strip()),
                mark("it says what the place is for, not what it should be like"),
                "purpose-is-no-criterion",
            )
        )
        rest = text[found.start("what") + ends :]
        return rest.lstrip(" :;–—-,")

    def read(self, tokens: Sequence[Token]) -> None:
        """Take up all tokens."""
        tokens = _with_resolved(self.grammar, tokens)
        for at, token in enumerate(tokens):
            following = tokens[at + 1 :]
            if isinstance(token, Words):
                self._words(token.text, following)
            else:
                _TAKE[token.role](self, token, following)

    def finish(self, typed: str) -> None:
        """Say what was left hanging."""
        self._leave_context()
        if self.purpose and not self.criteria:
            self.unmapped.clear()
            self._add(self.purpose)
            self.note(
                mark(
                    "“{words}” says what the place is for; it was read as what it is like: say "
                    "what should be near, and what not",
                    words=self.purpose,
                )
            )
        if not self.criteria and not self.unmapped:
            self.unmapped.append(
                Unmapped(typed, mark("it names neither a thing nor a place"), "nothing-to-look-for")
            )

    def _words(self, text: str, following: Sequence[Token]) -> None:
        if self._begins_option(following):
            self.option += 1
            self.context, self.run, self.join = _Context(), [], "and"
            self.note(
                mark("what stands before and after “or” was read as two complete alternatives")
            )
        words = _cleaned(self.grammar, text, negated=_is_negated(self.context.kind))
        if not words:
            return
        self.context.used = True
        relation = self.context.relation
        if relation is not None and relation.role == "unmapped_object":
            whole = self._typed(f"{relation.text.strip()} {text}")
            self.unmapped.append(Unmapped(whole, relation.note, "not-understood"))
            return
        self._add(words, with_article=self.grammar.article.match(text) is not None)

    def _add(self, words: str, *, with_article: bool = True) -> None:
        words = self._without_count(self._without_pointing(words))
        relation, kind = self.context.relation, self.context.kind
        # "not near schools or bars" wants neither: or joins alternatives of what is wanted only.
        if not (self.join == "or" and self.criteria and not _is_negated(kind)):
            self.clause += 1
        elif len({self.criteria[at].clause for at in self.run}) > 1:
            self.note(mark("“or” was read as joining only what stands right before and after it"))
        made = Criterion(
            kind,
            self._typed(words),
            relation.distance_m if relation is not None else None,
            stated=relation is not None and relation.stated,
            weight=self.weight,
            clause=self.clause,
            option=self.option,
        )
        made = meant(made, self.grammar.language, self.page)
        self.run.append(len(self.criteria))
        self.criteria.append(made)
        if relation is not None:
            self.note(relation.note)
            ambiguous = not (with_article or relation.closed)
            if len(self.run) > 1 and ambiguous and KINDS[kind].has_distance:
                first = self.criteria[self.run[0]]
                self.note(
                    mark(
                        "“{words}” was read as {kind}, like “{first}” before it",
                        words=made.in_own_words,
                        kind=as_marked(KINDS[kind].title),
                        first=first.in_own_words,
                    )
                )
        self.join = "and"

    def _without_pointing(self, words: str) -> str:
        pointed = self.grammar.pointed.match(words)
        if pointed is None:
            return words
        self.note(
            mark(
                "“{words}” cannot be pointed at in words; it was read as any place of that kind",
                words=self._typed(words),
            )
        )
        return words[pointed.end() :]

    def _without_count(self, words: str) -> str:
        counted = self.grammar.many.search(words)
        if counted is None:
            return words
        self.note(
            mark(
                "“{words}” is read as places like that; they are not counted",
                words=self._typed(words),
            )
        )
        return words[: counted.start()] + words[counted.end() :]

    def _begins_option(self, following: Sequence[Token]) -> bool:
        """Whether "or" joins two questions: "cafes near a park or pubs near a station"."""
        if self.join != "or" or self.context.relation is None or not following:
            return False
        after = following[0]
        parallel = isinstance(after, Marker) and after.role == "relation"
        same = parallel and isinstance(after, Marker) and after.kind == self.context.kind
        mine = [one for one in self.criteria if one.option == self.option]
        return same and any(one.kind == "like" for one in mine)

    def _leave_context(self) -> None:
        relation = self.context.relation
        if relation is not None and not self.context.used:
            self.unmapped.append(
                Unmapped(
                    self._typed(relation.text.strip()),
                    mark("it does not say from what, or of what"),
                    "relation-without-object",
                )
            )
        self.context = _Context()

    def _relation(self, marker: Marker, _following: Sequence[Token]) -> None:
        before = self.context.relation
        if before is not None and not self.context.used and before.kind == "not_like":
            marker = self._negated(before, marker)
            self.context.used = True
        self._leave_context()
        if (
            self.run
        ):  # "mostly quiet streets near a park": a weight belongs to what it stands before
            self.weight = 1.0
        self.context, self.run = _Context(marker, used=False), []
        self.listing = False

    def _negated(self, before: Marker, marker: Marker) -> Marker:
        """The opposite relation, of "neither near a school" or "not in Soho"."""
        text = f"{before.text.strip()} {marker.text.strip()}"
        opposite = KINDS[marker.kind].opposite if marker.role == "relation" else None
        if _is_negated(marker.kind):
            return replace(marker, text=text)
        if opposite is None:
            reason = mark("an area to leave out cannot be named; say what it is away from")
            return Marker("unmapped_object", text, note=reason)
        return replace(marker, text=text, kind=opposite)

    def _unmapped_object(self, marker: Marker, following: Sequence[Token]) -> None:
        self._relation(marker, following)

    def _unmapped(self, marker: Marker, _following: Sequence[Token]) -> None:
        self.unmapped.append(
            Unmapped(self._typed(marker.text.strip()), marker.note, "not-in-the-data")
        )

    def _after(self, marker: Marker, _following: Sequence[Token]) -> None:
        if not self.run:
            self.unmapped.append(
                Unmapped(
                    self._typed(marker.text.strip()),
                    mark("it does not say from what, or of what"),
                    "relation-without-object",
                )
            )
            return
        for at in self.run:
            one = self.criteria[at]
            kind = KINDS[marker.kind].opposite if _is_negated(one.kind) else marker.kind
            if KINDS[one.kind].has_distance:
                kind = one.kind
            self.criteria[at] = replace(
                one, kind=str(kind), distance_m=marker.distance_m, stated=marker.stated
            )
        if len(self.run) > 1:
            both = ", ".join(f"“{self.criteria[at].in_own_words}”" for at in self.run[:-1])
            self.note(
                mark(
                    "“{words}” was read as said of {things} and “{last}”",
                    words=self._typed(marker.text.strip()),
                    things=both,
                    last=self.criteria[self.run[-1]].in_own_words,
                )
            )
        self._leave_context()
        self.run = []

    def _and_or(self, marker: Marker, following: Sequence[Token]) -> None:
        if self.criteria:
            self.join = marker.role
        if not (following and isinstance(following[0], Words)):
            self.weight = 1.0
            self.run = [] if marker.role == "and" else self.run

    def _but(self, _marker: Marker, _following: Sequence[Token]) -> None:
        self._begin_again()

    def _begin_again(self) -> None:
        self._leave_context()
        self.run, self.join, self.weight, self.listing = [], "and", 1.0, False

    def _comma(self, _marker: Marker, following: Sequence[Token]) -> None:
        first = following[0] if following else None
        if isinstance(first, Marker) and first.role in {"and", "or"}:
            second = following[1] if len(following) > 1 else None
            joined = isinstance(second, Words) and (
                self.listing or self.grammar.article.match(second.text)
            )
            if joined or self.context.relation is None:
                return
            self._begin_again()
            return
        closed = _closing(following)
        itemised = isinstance(first, Words) and self.grammar.article.match(first.text)
        if self.context.relation is not None and (closed or itemised) and isinstance(first, Words):
            self.join, self.listing = closed or "and", True
            return
        if self.context.relation is None and closed == "or" and isinstance(first, Words):
            self.join = "or"
            return
        self._begin_again()

    def _stop(self, _marker: Marker, _following: Sequence[Token]) -> None:
        self._begin_again()

    def _weight(self, marker: Marker, following: Sequence[Token]) -> None:
        first = following[0] if following else None
        ends = first is None or (
            isinstance(first, Marker) and first.role in {"comma", "stop", "but"}
        )
        opens = first is not None and isinstance(first, Marker) and first.role == "comma"
        if ends and self.run and not (opens and not self.run):
            for at in self.run:
                self.criteria[at] = replace(self.criteria[at], weight=marker.weight)
            return
        self._leave_context()
        self.run, self.weight = [], marker.weight

    def _times(self, marker: Marker, _following: Sequence[Token]) -> None:
        if self.criteria:
            self.criteria[-1] = replace(self.criteria[-1], weight=marker.weight)

    def _softener(self, marker: Marker, _following: Sequence[Token]) -> None:
        self.note(
            mark("“{words}”: the whole city is searched", words=self._typed(marker.text.strip()))
        )


_TAKE = {
    "relation": _Reading._relation,
    "after": _Reading._after,
    "and": _Reading._and_or,
    "or": _Reading._and_or,
    "comma": _Reading._comma,
    "stop": _Reading._stop,
    "but": _Reading._but,
    "weight": _Reading._weight,
    "times": _Reading._times,
    "softener": _Reading._softener,
    "unmapped": _Reading._unmapped,
    "unmapped_object": _Reading._unmapped_object,
}  # fmt: skip


def _with_resolved(grammar: Grammar, tokens: Sequence[Token]) -> list[Token]:
    """Resolve "with": "homes with gardens" is one thing, "homes with a park nearby" are two."""
    left: list[Token] = []
    waiting = list(tokens)
    while waiting:
        token = waiting.pop(0)
        if not (isinstance(token, Marker) and token.role == "with"):
            left.append(token)
            continue
        follows = waiting[0] if waiting else None
        if not isinstance(follows, Words):
            continue
        if left and isinstance(left[-1], Marker) and left[-1].role == "weight":
            continue  # "preferably with parking": the weight stays with what follows
        if _ends_near(waiting) or not (left and isinstance(left[-1], Words)):
            left.append(Marker("stop", token.text))
            continue
        before = left.pop()
        words = waiting.pop(0)
        if isinstance(before, Words) and isinstance(words, Words):
            joined = f"{before.text} {token.text} {words.text}"
            left.append(Words(words.text if not _cleaned(grammar, before.text) else joined))
    return left


def _ends_near(tokens: Sequence[Token]) -> bool:
    """Whether words, joined by and or or, end in "nearby" or a distance."""
    for token in tokens:
        if isinstance(token, Marker) and token.role not in {"and", "or"}:
            return token.role == "after"
    return False


def _closing(tokens: Sequence[Token]) -> str | None:
    """How a list ends that goes on after a comma: with "and" or "or"; None where it is no list."""
    for at, token in enumerate(tokens):
        if isinstance(token, Words):
            continue
        if token.role in {"and", "or"}:
            goes_on = at + 1 < len(tokens) and isinstance(tokens[at + 1], Words)
            return token.role if at > 0 and goes_on else None
        if token.role != "comma":
            return None
    return None


def _is_negated(kind: str) -> bool:
    """Whether a kind asks that something is not there; what is not understood has no kind."""
    return kind in KINDS and KINDS[kind].negated


def _cleaned(grammar: Grammar, text: str, *, negated: bool = False) -> str:
    """The thing in some words: without "show me", articles and "that are"."""
    words = grammar.tail.sub("", text.strip(" ,\"'“”«»()"))
    while True:
        shorter = grammar.filler.sub("", words).strip(" ,")
        shorter = grammar.trailing.sub("", shorter).strip(" ,")
        if negated:
            shorter = grammar.degree.sub("", shorter)
        shorter = grammar.nearest.sub("", grammar.article.sub("", shorter))
        if shorter == words:
            break
        words = shorter
    return "" if grammar.empty.match(words) or not re.search(r"\w", words) else words
