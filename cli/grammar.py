"""The grammar of the command line: everyday verbs, and nouns with verbs of their own."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import typer
from typer._click import Context  # typer names it only in the signatures it wants overridden
from typer.core import TyperGroup

from aether_core.errors import InputError
from cli import output
from cli.options import Command


class Noun(NamedTuple):
    """A thing the app keeps, with what can be done to it.

    Attributes:
        help: What it is for, in one line.
        verbs: Its commands by name, in the order its help lists them.
    """

    help: str
    verbs: Mapping[str, Command]


Panels = Mapping[str, Mapping[str, Command | Noun]]
"""The commands of the first level, by the panel of `--help` that lists them."""


class Grammar(NamedTuple):
    """All commands, and the names they had before.

    Attributes:
        panels: Every command once, or twice where it is an everyday verb and belongs to a noun.
        old_names: The words of today by those of earlier versions, which go on working. A noun
            among them means a verb of its own where none follows.
    """

    panels: Panels
    old_names: Mapping[str, str]

    def in_todays_words(self, arguments: Sequence[str]) -> list[str]:
        """A command line with today's name in place of an old one."""
        for words in (2, 1):
            today = self.old_names.get(" ".join(arguments[:words]))
            if today is not None and not self._names_a_verb(arguments[:2]):
                return [*today.split(), *arguments[words:]]
        return list(arguments)

    def _names_a_verb(self, words: Sequence[str]) -> bool:
        """Whether a noun is followed by one of its verbs, or by the request for its help."""
        first = next((panel[words[0]] for panel in self.panels.values() if words[0] in panel), None)
        return isinstance(first, Noun) and words[-1] in {*first.verbs, "--help"}


class _Group(TyperGroup):
    """Commands of which one must be named."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not args:
            if not output.MODE.json:
                typer.echo(ctx.get_help())
            raise InputError(
                "the command is not complete",
                f"./{ctx.command_path}",
                f"add one of: {', '.join(self.list_commands(ctx))}",
                code="command-not-complete",
            )
        return super().parse_args(ctx, args)


def build(name: str, help: str, grammar: Grammar) -> typer.Typer:  # noqa: A002 - as typer calls it
    """Make the root command.

    Args:
        name: Of the program.
        help: What it is for.
        grammar: What it understands.
    """
    order = [word for panel in grammar.panels.values() for word in panel]

    class Root(_Group):
        """The first level, in the order of its panels; typer would list nouns after verbs."""

        def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
            return super().parse_args(ctx, grammar.in_todays_words(args) if args else args)

        def list_commands(self, ctx: Context) -> list[str]:
            return sorted(super().list_commands(ctx), key=order.index)

    root = typer.Typer(
        name=name, help=help, cls=Root, add_completion=False, pretty_exceptions_enable=False
    )
    for panel, entries in grammar.panels.items():
        for word, entry in entries.items():
            if isinstance(entry, Noun):
                group = typer.Typer(cls=_Group)
                for verb, command in entry.verbs.items():
                    group.command(verb)(command)
                root.add_typer(group, name=word, help=entry.help, rich_help_panel=panel)
            else:
                root.command(word, rich_help_panel=panel)(entry)
    return root
