"""Trainers. The table holds strings, so that reading it imports no torch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trainer:
    """Where a trainer's parts live, each as "module:Name": its options (no torch) and its loop."""

    label: str
    config: str
    train: str


TRAINERS: dict[str, Trainer] = {
    "dcgan": Trainer(
        label="DCGAN",
        config="trainers.configs:DCGANTraining",
        train="trainers.dcgan:train",
    ),
    "infogan": Trainer(
        label="InfoGAN",
        config="trainers.configs:InfoGANTraining",
        train="trainers.infogan:train",
    ),
}
