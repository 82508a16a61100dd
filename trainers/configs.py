"""Options of every trainer, as frozen dataclasses. No torch: command-line flags and forms are made from them.

Each field carries its help, its group and its limits. A preset sets defaults; what is given explicitly wins.
"""

from dataclasses import dataclass, fields

from ganviz.errors import GanvizError
from trainers.options import check, check_norm, listed, option

RESOLUTIONS = (16, 32, 64, 128, 256)
SCORES = ("non-saturating", "minimax", "least-squares", "wgan-gp", "hinge", "relativistic")
"""Objectives of nets whose weights are not to be clipped."""


@dataclass(frozen=True)
class Training:
    """What all trainers have in common."""

    preset: str = option("modern", "where the defaults come from", "model", choices=("modern", "classic"), fixed=True)
    resolution: int = option(64, "pixels a side", "model", choices=RESOLUTIONS, fixed=True)
    channels: int = option(
        3, "1: grey, 3: colour; when not given, as the data are", "model", choices=(1, 3), fixed=True
    )
    pretrained: str = option(
        "", "run folder or model of the same family whose layers to begin with, where they fit", "model", fixed=True
    )

    objective: str = option(
        "non-saturating",
        "what the two nets play for",
        "objective",
        choices=("non-saturating", "minimax", "least-squares", "wgan", "wgan-gp", "hinge", "relativistic"),
        fixed=True,
    )
    r1_gamma: float = option(0.5, "weight of the R1 penalty; 0: off", "objective", low=0, high=1000)
    r1_gamma_end: float = option(
        -1.0, "weight at the end of the budget, linear between; -1: the same", "objective", low=-1
    )
    r1_interval: int = option(16, "steps between two R1 penalties", "objective", low=1, high=1000)
    r2: bool = option(False, "penalise the slope at generated images as well (R2)", "objective")
    label_smoothing: float = option(0.0, "how far short of real the reals' labels fall", "objective", low=0, high=0.5)
    drift: float = option(0.0, "weight of the squared scores of reals", "objective", low=0, high=1)
    gp_weight: float = option(10.0, "weight of the gradient penalty (wgan-gp)", "objective", low=0)
    clip: float = option(0.01, "limit of the critic's weights (wgan)", "objective", low=1e-6, high=1)
    critic_steps: int = option(1, "discriminator steps for each generator step", "objective", low=1, high=100)
    reuse_fakes: bool = option(True, "use the images of the discriminator's step for the generator's too", "objective")

    batch: int = option(64, "images a step, over all processes", "optimisation", low=2, high=4096, fixed=True)
    accumulate: int = option(
        1,
        "parts that a step's batch is drawn in, one after the other, to spare memory; batch norm, minibatch "
        "deviation and discrimination, feature matching and the mean path length are then those of each part",
        "optimisation",
        low=1,
        high=2048,
    )
    lr_g: float = option(1e-3, "learning rate of the generator", "optimisation", low=0, high=1)
    lr_d: float = option(1e-3, "learning rate of the discriminator", "optimisation", low=0, high=1)
    beta1: float = option(0.0, "Adam's first decay", "optimisation", low=0, high=0.9999)
    beta2: float = option(0.99, "Adam's second decay", "optimisation", low=0, high=0.99999)
    warmup: int = option(2000, "images over which the learning rate rises from 0", "optimisation", low=0)
    cooldown: float = option(
        0.0, "share of the budget, at its end, over which the learning rate falls", "optimisation", low=0, high=1
    )
    lr_end: float = option(
        0.05, "factor of the learning rate at the end of the cool-down", "optimisation", low=0, high=1
    )
    ema_half_life: int = option(
        10_000, "half-life of the generator's average, in images; 0: off", "optimisation", low=0
    )
    ema_ramp: float = option(
        0.05, "the half-life is at most this share of the images seen", "optimisation", low=1e-6, high=1
    )

    flip: bool = option(False, "mirror half of the images", "data")
    augment: str = option(
        "none", "DiffAugment: color, translation, cutout, joined by commas; or none", "data", fixed=True
    )
    augment_p: float = option(0.5, "chance of each augmentation for each image", "data", low=0, high=1)
    ada_target: float = option(
        0.0,
        "share of reals that D may be sure of before --augment-p rises, 0.6 is usual; 0: fixed",
        "data",
        low=0,
        high=1,
    )
    ada_images: int = option(500_000, "images over which it may rise from 0 to 1", "data", low=1)
    hold_out: int = option(0, "images, evenly spread, that are never trained on", "data", low=0, fixed=True)

    images: int = option(0, "stop after this many images in all; 0: no limit", "budget", low=0)
    minutes: float = option(0.0, "stop after this many minutes in all; 0: no limit", "budget", low=0)
    snapshot_minutes: float = option(5.0, "minutes between snapshots", "budget", low=0.01)
    keep_all: bool = option(
        False, "keep every snapshot; else they are thinned out as they age, the older the sparser", "budget"
    )
    preview_minutes: float = option(2.0, "minutes between preview sheets", "budget", low=0.01)
    measure: int = option(
        0, "images to draw for the figures on the last card (needs --hold-out); 0: none", "budget", low=0
    )
    half: bool = option(False, "keep snapshots in float16", "budget")

    seed: int = option(
        0, "of the weights, the noise, the data order and the augmentation", "machine", low=0, fixed=True
    )
    device: str = option("auto", "auto, cpu, cuda or mps", "machine")
    threads: int = option(
        0,
        "processor threads; 0: as many as are measured to be fastest, with --images all but one, so that it repeats",
        "machine",
        low=0,
        high=1024,
    )
    precision: str = option(
        "auto", "bfloat16 where the processor is fast at it", "machine", choices=("auto", "float32", "bf16")
    )

    name: str = option("", "name of the model; default: the run folder's", "card")
    title: str = option("", "title on the model's card", "card")
    description: str = option("", "description on the model's card", "card")
    licence: str = option("", "what the model may be used for", "card")
    psi: float = option(1.0, "truncation that viewers start from", "card", low=0, high=2)

    def __post_init__(self) -> None:
        for item in fields(self):
            check(item, getattr(self, item.name))
        for policy in self.policies:
            if policy not in ("color", "translation", "cutout"):
                raise GanvizError(f"--augment: expected color, translation, cutout or none, got {policy!r}")
        if self.ada_target and not self.policies:
            raise GanvizError("--ada-target: there is nothing to adapt; add --augment color,translation,cutout")
        if self.measure and not self.hold_out:
            raise GanvizError("--measure: figures need images that were not trained on; add --hold-out N")
        if self.label_smoothing and self.objective not in ("non-saturating", "minimax", "least-squares"):
            raise GanvizError(f"--label-smoothing: {self.objective} has no labels; leave it at 0")

    @property
    def step_sizes(self) -> tuple[int, ...]:
        """Images a step, every number of them that a run comes to."""
        return (self.batch,)

    @property
    def policies(self) -> tuple[str, ...]:
        """The augmentations asked for, in order."""
        return listed(self.augment)


@dataclass(frozen=True)
class DCGANTraining(Training):
    """Training of a DCGAN (Radford et al. 2015); the defaults are the "modern" preset."""

    z_dim: int = option(100, "length of the noise vector", "model", low=1, high=4096, fixed=True)
    base_channels: int = option(
        64, "feature maps next to the image; they double at each halving", "model", low=1, high=1024, fixed=True
    )
    max_channels: int = option(512, "most feature maps of any layer", "model", low=1, high=4096, fixed=True)
    conditional: bool = option(False, "condition both nets on the class", "model", fixed=True)
    d_norm: str = option("none", "normalisation in the discriminator", "model", choices=("batch", "none"), fixed=True)
    d_minibatch_std: bool = option(
        False, "show the discriminator the deviation within groups of four images", "model", fixed=True
    )
    d_minibatch_kernels: int = option(
        0, "show it how close each image is to the others, in as many ways", "model", low=0, high=1024, fixed=True
    )
    feature_matching: float = option(
        0.0, "weight of the generator's matching of the discriminator's mean features", "objective", low=0, high=1000
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_norm(self)


@dataclass(frozen=True)
class InfoGANTraining(Training):
    """Training of an InfoGAN (Chen et al. 2016)."""

    resolution: int = option(32, "pixels a side", "model", choices=(16, 32, 64), fixed=True)
    z_dim: int = option(62, "length of the noise vector", "model", low=1, high=4096, fixed=True)
    categorical: str = option("10", "size of each categorical code, joined by commas; or none", "model", fixed=True)
    continuous: int = option(2, "how many continuous codes", "model", low=0, high=64, fixed=True)
    code_range: float = option(
        1.0,
        "continuous codes are drawn evenly from minus this to this; 1 in the paper, whose sweeps go to 2",
        "model",
        low=0.01,
        high=100,
        fixed=True,
    )
    code_names: str = option("", "names of the codes, categorical ones first, joined by commas", "model", fixed=True)
    base_channels: int = option(64, "feature maps at half the resolution", "model", low=1, high=1024, fixed=True)
    fc_channels: int = option(
        1024,
        "width of the fully-connected layers; most of the weights are there",
        "model",
        low=1,
        high=4096,
        fixed=True,
    )
    d_norm: str = option("batch", "normalisation in the discriminator", "model", choices=("batch", "none"), fixed=True)
    d_minibatch_std: bool = option(
        False, "show the discriminator the deviation within groups of four images", "model", fixed=True
    )
    d_minibatch_kernels: int = option(
        0, "show it how close each image is to the others, in as many ways", "model", low=0, high=1024, fixed=True
    )
    feature_matching: float = option(
        0.0, "weight of the generator's matching of the discriminator's mean features", "objective", low=0, high=1000
    )

    lambda_categorical: float = option(1.0, "weight of finding the categories again", "objective", low=0, high=100)
    lambda_continuous: float = option(0.3, "weight of finding the continuous codes", "objective", low=0, high=100)
    likelihood: str = option(
        "fixed", "of the continuous codes: a fixed variance, or Q's own", "objective", choices=("fixed", "gaussian")
    )
    consistency: float = option(
        0.0,
        "weight of real images keeping their category when warped a little; 0: off, as in the paper",
        "objective",
        low=0,
        high=100,
    )
    r1_gamma: float = option(0.0, "weight of the R1 penalty; 0: off", "objective", low=0, high=1000)

    batch: int = option(128, "images a step, over all processes", "optimisation", low=2, high=4096, fixed=True)
    lr_d: float = option(2e-4, "learning rate of the discriminator and Q", "optimisation", low=0, high=1)
    beta1: float = option(0.5, "Adam's first decay", "optimisation", low=0, high=0.9999)
    beta2: float = option(0.999, "Adam's second decay", "optimisation", low=0, high=0.99999)
    warmup: int = option(0, "images over which the learning rate rises from 0", "optimisation", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_norm(self)
        try:
            sizes = self.categories
        except ValueError as error:
            raise GanvizError(f"--categorical: expected whole numbers or none, got {self.categorical!r}") from error
        if any(size < 2 for size in sizes):
            raise GanvizError(f"--categorical: expected sizes from 2, got {self.categorical!r}")
        count = len(sizes) + self.continuous
        if self.names and len(set(self.names)) != count:
            raise GanvizError(f"--code-names: expected {count} different names, got {self.code_names!r}")

    @property
    def categories(self) -> tuple[int, ...]:
        """The size of each categorical code."""
        return tuple(int(part) for part in listed(self.categorical))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all codes; empty: the usual ones."""
        return listed(self.code_names)


@dataclass(frozen=True)
class GrowingTraining(Training):
    """What trainings of growing nets have in common (Karras et al. 2017, section 2)."""

    start_resolution: int = option(
        4, "pixels a side to grow from", "growth", choices=(4, 8, 16, 32, 64, 128, 256), fixed=True
    )
    fade_images: int = option(100_000, "images over which a new resolution fades in", "growth", low=0, fixed=True)
    stable_images: int = option(100_000, "images at each resolution between two fades", "growth", low=1, fixed=True)
    batches: str = option(
        "4:128,8:128,16:64,32:32,64:16",
        "images a step, over all processes, by resolution; --batch for those not listed",
        "growth",
        fixed=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start_resolution > self.resolution:
            raise GanvizError(
                f"--start-resolution: expected at most the resolution, {self.resolution}, got {self.start_resolution}"
            )
        try:
            sizes = self.batch_sizes
        except ValueError as error:
            raise GanvizError(f"--batches: expected pairs like 4:128,8:64 or none, got {self.batches!r}") from error
        if any(not 2 <= size <= 4096 for size in sizes.values()):
            raise GanvizError(f"--batches: expected 2 to 4096 images a step, got {self.batches!r}")

    @property
    def batch_sizes(self) -> dict[int, int]:
        """Images a step, for the resolutions that are listed."""
        pairs = [part.split(":") for part in listed(self.batches)]
        return {int(resolution): int(batch) for resolution, batch in pairs}

    @property
    def step_sizes(self) -> tuple[int, ...]:
        sizes = [size for size in (4, 8, *RESOLUTIONS) if self.start_resolution <= size <= self.resolution]
        return tuple(self.batch_sizes.get(size, self.batch) for size in sizes)


@dataclass(frozen=True)
class ProGANTraining(GrowingTraining):
    """Training of a ProGAN (Karras et al. 2017)."""

    z_dim: int = option(128, "length of the noise vector", "model", low=1, high=4096, fixed=True)
    base_channels: int = option(
        32, "feature maps at the final resolution; they double at each halving", "model", low=1, high=1024, fixed=True
    )
    max_channels: int = option(128, "most feature maps of any layer", "model", low=1, high=4096, fixed=True)
    conditional: bool = option(False, "condition both nets on the class", "model", fixed=True)

    objective: str = option("wgan-gp", "what the two nets play for", "objective", choices=SCORES, fixed=True)
    r1_gamma: float = option(0.0, "weight of the R1 penalty; 0: off", "objective", low=0, high=1000)
    drift: float = option(1e-3, "weight of the squared scores of reals", "objective", low=0, high=1)

    batch: int = option(16, "images a step, over all processes", "optimisation", low=2, high=4096, fixed=True)
    warmup: int = option(0, "images over which the learning rate rises from 0", "optimisation", low=0)


@dataclass(frozen=True)
class StyleTraining(Training):
    """What the trainings of both StyleGANs have in common."""

    z_dim: int = option(128, "length of the noise vector", "model", low=1, high=4096, fixed=True)
    w_dim: int = option(128, "length of the styles", "model", low=1, high=4096, fixed=True)
    mapping_layers: int = option(3, "layers of the mapping network", "model", low=1, high=64, fixed=True)
    mapping_lr: float = option(
        0.01, "their learning rate as a share of the others'", "model", low=1e-4, high=1, fixed=True
    )
    base_channels: int = option(
        32, "feature maps at the final resolution; they double at each halving", "model", low=1, high=1024, fixed=True
    )
    max_channels: int = option(192, "most feature maps of any layer", "model", low=1, high=4096, fixed=True)
    conditional: bool = option(False, "condition both nets on the class", "model", fixed=True)

    objective: str = option("relativistic", "what the two nets play for", "objective", choices=SCORES, fixed=True)
    r1_gamma_end: float = option(
        0.1, "weight at the end of the budget, linear between; -1: the same", "objective", low=-1
    )
    r2: bool = option(True, "penalise the slope at generated images as well (R2)", "objective")
    mixing: float = option(0.3, "chance of mixing the styles of two latents", "objective", low=0, high=1)

    batch: int = option(16, "images a step, over all processes", "optimisation", low=2, high=4096, fixed=True)
    lr_g: float = option(2e-3, "learning rate of the generator", "optimisation", low=0, high=1)
    lr_d: float = option(2e-3, "learning rate of the discriminator", "optimisation", low=0, high=1)
    w_decay: float = option(0.995, "what the mean of w keeps a step", "optimisation", low=0, high=0.99999)


@dataclass(frozen=True)
class StyleGANTraining(StyleTraining, GrowingTraining):
    """Training of a StyleGAN (Karras et al. 2018); grown only where asked."""

    progressive: bool = option(False, "grow from the start resolution", "growth", fixed=True)
    start_resolution: int = option(
        8, "pixels a side to grow from", "growth", choices=(4, 8, 16, 32, 64, 128, 256), fixed=True
    )

    @property
    def step_sizes(self) -> tuple[int, ...]:
        return super().step_sizes if self.progressive else (self.batch,)


@dataclass(frozen=True)
class StyleGAN2Training(StyleTraining):
    """Training of a StyleGAN2 (Karras et al. 2019); the defaults are a compact net for small machines."""

    top: str = option(
        "tail", "feature maps at the full resolution", "model", choices=("full", "tail", "shuffle"), fixed=True
    )
    tail_channels: int = option(12, "how many, where the top is a tail", "model", low=1, high=1024, fixed=True)
    resample: str = option("learned", "how maps change size", "model", choices=("fir", "learned"), fixed=True)
    noise: bool = option(False, "let layers add noise", "model", fixed=True)

    pl_weight: float = option(0.0, "weight of the path-length penalty; 0: off", "objective", low=0, high=1000)
    pl_interval: int = option(4, "steps between two path-length penalties", "objective", low=1, high=1000)
    pl_decay: float = option(0.99, "what the mean path length keeps a penalty", "objective", low=0, high=0.9999)
