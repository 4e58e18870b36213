"""Settings of sound as a source."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from mt.config.fields import Count, Metavar, PositiveFloat, Probability, Section, differing, quoted

Name = Annotated[str, Metavar("NAME")]


class SpeechConfig(Section):
    """Speech."""

    sound: bool = False
    """The source is sound: SPECs name recordings with their texts. Presets speech and speech-vector set it"""
    audio_column: Name = "audio"
    """Column of a table that names the recordings"""
    text_column: Name = "text"
    """Column of a table that holds the texts"""
    sample_rate: Annotated[int, Field(ge=4000, le=96000)] = 16000
    """Samples a second that recordings are converted to"""
    mel_bands: Annotated[int, Field(ge=8, le=256)] = 80
    """Numbers of a frame: log-mel energies, computed every 10 ms"""
    max_seconds: PositiveFloat = 30.0
    """Drop longer training recordings; longer recordings are translated in parts, cut at pauses"""
    ctc: Probability = 0.0
    """Weight of a second loss on the encoder: CTC (Graves et al. 2006). The decoder's loss has the rest"""
    speed: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Change the tempo of each training recording by up to this proportion"""
    pitch: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Change the frequencies of each training recording by up to this proportion"""
    noise: Annotated[float, Field(ge=0, le=40)] | None = None
    """Add noise to each training recording, between this many and 40 decibels below the sound"""
    mask_bands: Count = 0
    """SpecAugment (Park et al. 2019): mask two stretches of up to this many mel bands"""
    mask_frames: Count = 0
    """SpecAugment: mask two stretches of up to this many frames, at most a tenth of the recording"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.sound and (idle := differing(self, type(self).model_fields)):
            raise ValueError(f"{quoted(idle)}: no effect on text; --preset speech reads sound")
        return self
