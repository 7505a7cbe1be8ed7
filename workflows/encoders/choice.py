"""Which text encoder reads a city's places and questions."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from aether_core.errors import InputError
from aether_core.language import _
from aether_core.poi.name_language import NameLanguage, name_language
from aether_core.text.e5 import INSTALL, PACKAGE, MultilingualE5Encoder
from aether_core.text.encoder import TextEncoder
from aether_core.text.minilm import MiniLMEncoder
from workflows.encoders.encoders import default_encoder, encoder_named
from workflows.home.settings import Settings


@dataclass(frozen=True)
class EncoderChoice:
    """The encoder of a city where nobody asks for another.

    Attributes:
        name: Of the encoder.
        language: What most of the city's places are named in; None where there are too few names,
            or the installation's own encoder is taken for every city.
        needs: Command that installs the encoder which reads this language; empty where it is
            there, or not wanted.
    """

    name: str
    language: NameLanguage | None = None
    needs: str = ""

    @property
    def in_words(self) -> str:
        """Why it is this one, and what could be better; empty where there is nothing to say."""
        if self.language is None or self.language.is_english:
            return ""
        if not self.language.is_clear:
            return _(
                "No one language stands out among the names of the places; {encoder} reads them.",
                encoder=self.name,
            )
        language = self.language.in_words
        if self.needs:
            return _(
                "Language of the places' names: {language}. {encoder} knows English only. For "
                "questions in that language: {needs}, then train again.",
                language=language,
                encoder=self.name,
                needs=self.needs,
            )
        return _(
            "Language of the places' names: {language}. They are read by {encoder}.",
            language=language,
            encoder=self.name,
        )


def usual_encoder(settings: Settings, names: Iterable[str]) -> EncoderChoice:
    """Choose a city's encoder by what its places are called.

    The encoder that the settings name reads every city. Where they name none, places whose names
    are clearly in another language than English are read by the encoder of a hundred languages, if
    it is installed, and all others by the packaged one of English.

    Args:
        settings: The installation's.
        names: Names of the city's places.

    Raises:
        InputError: The settings name an encoder that is none, or two.
    """
    if settings.names_encoder:
        return EncoderChoice(default_encoder(settings).name)
    language = name_language(names)
    if language is None or language.is_english or not language.is_clear:
        return EncoderChoice(MiniLMEncoder.name, language)
    if find_spec(PACKAGE) is None:
        return EncoderChoice(MiniLMEncoder.name, language, INSTALL)
    return EncoderChoice(MultilingualE5Encoder.name, language)


def encoders_here(settings: Settings) -> tuple[str, ...]:
    """Names of the encoders that a training may ask for: the installation's own first.

    Raises:
        InputError: The settings name an encoder that is none, or two.
    """
    packaged = [MiniLMEncoder.name]
    if find_spec(PACKAGE) is not None:
        packaged.append(MultilingualE5Encoder.name)
    return tuple(dict.fromkeys([default_encoder(settings).name, *packaged]))


def asked_encoder(settings: Settings, name: str) -> TextEncoder:
    """The encoder that somebody asks for.

    Raises:
        InputError: It is not here.
    """
    here = encoders_here(settings)
    if name not in here:
        raise InputError(
            "no such text encoder on this machine",
            name,
            f"use {' or '.join(here)}, or leave it out",
            code="no-such-encoder",
        )
    return encoder_named(settings, name)
