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
    "progan": Trainer(
        label="ProGAN",
        config="trainers.configs:ProGANTraining",
        train="trainers.progan:train",
    ),
    "stylegan": Trainer(
        label="StyleGAN",
        config="trainers.configs:StyleGANTraining",
        train="trainers.stylegan:train",
    ),
    "stylegan2": Trainer(
        label="StyleGAN2",
        config="trainers.configs:StyleGAN2Training",
        train="trainers.stylegan:train",
    ),
}
