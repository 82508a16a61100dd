"""Training a DCGAN: Radford et al. 2015, with later objectives and penalties by option.

The loop is Goodfellow et al. 2014, algorithm 1: `critic_steps` updates of D, then one of G.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.models.dcgan import DCGANConfig, Discriminator, Generator
from ganviz.render import pick_device
from ganviz.spec import Card
from trainers import losses
from trainers import run as runs
from trainers.augment import augment
from trainers.configs import DCGANTraining
from trainers.control import Control, Display
from trainers.ema import Average, recompute_statistics
from trainers.preview import measure
from trainers.run import Clock, Run

LOG_STEPS = 50


def train(config: DCGANTraining, data: Dataset, run: Run, control: Control, display: Display, resume: bool) -> None:
    """Train until the budget is used or a stop is asked for; the run folder is whole at every moment.

    data    images of config.resolution and config.channels, with labels when conditional
    resume  go on from the folder's state, bit for bit where precision and threads are the same (on a processor)

    Raises GanvizError when a loss is not finite; the last good snapshot stays.
    """
    device = torch.device(pick_device(config.device))
    torch.set_num_threads(runs.default_threads(config.threads))
    half_precision = pick_precision(config.precision, device)
    num_classes = data.num_classes if config.conditional else 0
    chosen, apart = runs.held_out(len(data), config.hold_out)

    torch.manual_seed(config.seed)
    model = DCGANConfig(
        resolution=config.resolution,
        channels=config.channels,
        z_dim=config.z_dim,
        base_channels=config.base_channels,
        max_channels=config.max_channels,
        num_classes=num_classes,
        d_norm=config.d_norm,
        d_minibatch_std=config.d_minibatch_std,
    )
    G = Generator(model).to(device=device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    D = Discriminator(model).to(device=device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = Average(G, config.ema_half_life, config.ema_ramp)
    G_optimiser = make_optimiser(config, G, config.lr_g)
    D_optimiser = make_optimiser(config, D, config.lr_d)
    objective = losses.OBJECTIVES[config.objective]
    random = torch.Generator().manual_seed(config.seed)  # noise, mirroring, augmentation

    seen = step = 0
    sums = {"loss_d": 0.0, "loss_g": 0.0, "score_real": 0.0, "score_fake": 0.0}
    penalty_value = 0.0
    clock = Clock()
    if resume:
        tensors, counters = run.load_state()
        for prefix, module in (("G", G), ("D", D), ("average", average.net)):
            runs.restore_module(prefix, module, tensors)
        runs.restore_optimiser("G_optimiser", G_optimiser, tensors)
        runs.restore_optimiser("D_optimiser", D_optimiser, tensors)
        random.set_state(tensors["random"])
        seen, step, sums = counters["seen"], counters["step"], counters["sums"]
        penalty_value = counters["penalty"]
        clock = Clock(counters["seconds"])
        run.trim_log(seen)

    def save(final: bool) -> None:
        """A snapshot of the average, a preview, and the state to go on from."""
        shown = averaged_copy(average)
        facts: dict[str, Any] = {
            "preset": config.preset,
            "objective": config.objective,
            "parameters": sum(p.numel() for p in G.parameters()),
            "training images": len(chosen),
            "minutes": round(clock.seconds / 60, 1),
        }
        if len(apart):
            facts["discriminator score, held-out"] = round(mean_score(D, data, apart, num_classes), 3)
            facts["discriminator score, training"] = round(mean_score(D, data, chosen[: len(apart)], num_classes), 3)
        if final and config.measure:
            facts.update(measure(shown, data, chosen, apart, config.measure))
        card = make_card(config, data, run, seen, facts)
        run.snapshot(shown, card, config.half)
        run.preview(shown, seen)
        tensors = {
            **runs.module_tensors("G", G),
            **runs.module_tensors("D", D),
            **runs.module_tensors("average", average.net),
            **runs.optimiser_tensors("G_optimiser", G_optimiser),
            **runs.optimiser_tensors("D_optimiser", D_optimiser),
            "random": random.get_state(),
        }
        counters = {"seen": seen, "step": step, "sums": sums, "penalty": penalty_value, "seconds": clock.seconds}
        run.save_state(tensors, counters)

    def draw_fakes() -> tuple[Tensor, Tensor | None]:
        """Images (batch, C, H, W) of fresh noise, and their labels, drawn as often as the data has them."""
        z = torch.randn(config.batch, config.z_dim, generator=random).to(device)
        label = None
        if num_classes:
            picked = torch.randint(len(chosen), (config.batch,), generator=random).numpy()
            label = one_hot(data, chosen[picked], num_classes, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return G(z, label), label

    def judge(image: Tensor, label: Tensor | None) -> Tensor:
        """D's scores (batch,) of augmented images, in float32."""
        image = augment(image, config.policies, config.augment_p, random)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return D(image, label).float()

    next_snapshot = clock.seconds + 60 * config.snapshot_minutes
    next_preview = clock.seconds + min(60 * config.preview_minutes, 60.0)
    while runs.share_done(config, seen, clock.seconds) < 1 and not control.stopping:
        share = runs.share_done(config, seen, clock.seconds)
        rate = rate_factor(config, share, seen)
        for optimiser, lr in ((G_optimiser, config.lr_g), (D_optimiser, config.lr_d)):
            for group in optimiser.param_groups:
                group["lr"] = lr * rate
        gamma = penalty_weight(config, share)

        # D: tell reals from fakes.
        D.requires_grad_(True)
        for _ in range(config.critic_steps):
            indices = chosen[runs.data_order(len(chosen), config.seed, seen, config.batch)]
            real = real_images(data, indices, config.flip, random, device)
            real_label = one_hot(data, indices, num_classes, device) if num_classes else None
            if config.reuse_fakes:
                fake, fake_label = draw_fakes()
            else:
                with torch.no_grad():
                    fake, fake_label = draw_fakes()
            score_real = judge(real, real_label)
            score_fake = judge(fake.detach(), fake_label)
            loss_d = objective.discriminator(score_real, score_fake)
            total = loss_d
            if config.objective == "wgan-gp":
                # The label of the reals stands for both ends of the line that the penalty looks at.
                mix = torch.rand(config.batch, generator=random).to(device)
                penalty = losses.gradient_penalty(D, real, fake, real_label, mix)
                total = total + config.gp_weight * penalty
                penalty_value = penalty.item()
            if gamma > 0 and step % config.r1_interval == 0:
                # Lazy regularisation, Karras et al. 2020, appendix B: less often and as much more strongly.
                # In float32, because it is differentiated twice.
                seen_real = augment(real, config.policies, config.augment_p, random)
                penalty = losses.r1_penalty(D, seen_real, real_label)
                total = total + 0.5 * gamma * config.r1_interval * penalty
                penalty_value = penalty.item()
            D_optimiser.zero_grad(set_to_none=True)
            total.backward()
            D_optimiser.step()
            if config.objective == "wgan":
                losses.clip_weights(D, config.clip)
            seen += config.batch

        # G: be taken for real.
        D.requires_grad_(False)
        if not config.reuse_fakes:
            fake, fake_label = draw_fakes()
        loss_g = objective.generator(judge(fake, fake_label))
        G_optimiser.zero_grad(set_to_none=True)
        loss_g.backward()
        G_optimiser.step()
        average.update(G, config.batch * config.critic_steps, seen)
        step += 1

        values = {"loss_d": loss_d, "loss_g": loss_g, "score_real": score_real.mean(), "score_fake": score_fake.mean()}
        sums = {key: sums[key] + value.item() for key, value in values.items()}
        if not all(map(math.isfinite, [*sums.values(), penalty_value])):
            last = run.newest_snapshot()
            kept = f"the last good snapshot is {last}" if last else "there is no snapshot yet"
            raise GanvizError(
                f"training stopped after {seen} images: the loss is no longer a finite number; {kept}; "
                "try a lower --lr-g and --lr-d, or --precision float32"
            )
        if step % LOG_STEPS == 0:
            means = {key: value / LOG_STEPS for key, value in sums.items()}
            entry = {"images": seen, "step": step, **means, "penalty": penalty_value, "gamma": gamma, "rate": rate}
            speed = display.speed(clock.seconds, seen)
            run.log(entry, {"seconds": clock.seconds, "images_per_second": speed})
            sums = dict.fromkeys(sums, 0.0)
        display.show(share, seen, clock.seconds, f"D {loss_d.item():.3f} G {loss_g.item():.3f}")

        if clock.seconds >= next_snapshot:
            save(final=False)
            next_snapshot = clock.seconds + 60 * config.snapshot_minutes
            next_preview = clock.seconds + 60 * config.preview_minutes
        elif clock.seconds >= next_preview:
            run.preview(averaged_copy(average), seen)
            next_preview = clock.seconds + 60 * config.preview_minutes
        control.poll()
        while control.paused and not control.stopping:
            clock.pause()
            control.poll(wait=0.2)
        clock.go_on()
    save(final=True)


# --- pieces ------------------------------------------------------------------------------------------------------


def make_optimiser(config: DCGANTraining, net: nn.Module, lr: float) -> torch.optim.Optimizer:
    """Adam; RMSprop for WGAN, whose section 4 finds momentum harmful."""
    if config.objective == "wgan":
        return torch.optim.RMSprop(net.parameters(), lr=lr)
    return torch.optim.Adam(net.parameters(), lr=lr, betas=(config.beta1, config.beta2), eps=1e-8)


def rate_factor(config: DCGANTraining, share: float, seen: int) -> float:
    """Factor of the learning rates: up from 0 over `warmup` images, flat, then linearly down to `lr_end`."""
    factor = min(1.0, (seen + config.batch) / config.warmup) if config.warmup else 1.0
    if config.cooldown > 0 and share > 1 - config.cooldown:
        down = (share - (1 - config.cooldown)) / config.cooldown
        factor *= 1 + down * (config.lr_end - 1)
    return factor


def penalty_weight(config: DCGANTraining, share: float) -> float:
    """R1's gamma: constant, or linear over the budget's share."""
    if config.r1_gamma_end < 0:
        return config.r1_gamma
    return config.r1_gamma + share * (config.r1_gamma_end - config.r1_gamma)


def real_images(
    data: Dataset, indices: np.ndarray, flip: bool, random: torch.Generator, device: torch.device
) -> Tensor:
    """Images (N, C, H, W) float32 in [-1, 1], half of them mirrored when `flip`; channels-last in memory."""
    image = torch.from_numpy(data.images[np.asarray(indices)]).permute(0, 3, 1, 2)  # a view of NHWC
    image = image.to(device).float() / 127.5 - 1
    if flip:
        mirrored = (torch.rand(len(indices), 1, 1, 1, generator=random) < 0.5).to(device)
        image = torch.where(mirrored, image.flip(3), image)
    return image


def one_hot(data: Dataset, indices: np.ndarray, num_classes: int, device: torch.device) -> Tensor:
    """Labels (N, num_classes) float32 of the images at `indices`."""
    assert data.labels is not None
    return nn.functional.one_hot(torch.from_numpy(data.labels[indices]), num_classes).float().to(device)


@torch.no_grad()
def mean_score(D: Discriminator, data: Dataset, indices: np.ndarray, num_classes: int) -> float:
    """D's mean score of real images as they are; a gap between held-out and training images is overfitting."""
    device = next(D.parameters()).device
    D.eval()
    scores = []
    for start in range(0, len(indices), 128):
        part = indices[start : start + 128]
        image = real_images(data, part, False, torch.Generator(), device)
        scores.append(D(image, one_hot(data, part, num_classes, device) if num_classes else None))
    D.train()
    return torch.cat(scores).mean().item()


def averaged_copy(average: Average) -> Generator:
    """The averaged generator with fitting batch-norm statistics; the average itself is left as it is."""
    import copy

    shown = copy.deepcopy(average.net)
    if average.half_life:
        recompute_statistics(shown)
    return shown  # type: ignore[return-value]


def make_card(config: DCGANTraining, data: Dataset, run: Run, seen: int, facts: dict[str, Any]) -> Card:
    return Card(
        name=config.name or run.folder.resolve().name,
        title=config.title,
        licence=config.licence,
        description=config.description,
        psi=config.psi,
        class_names=data.class_names if config.conditional else (),
        data=data.name,
        command=run.command,
        images_seen=seen,
        facts=facts,
    )


def pick_precision(asked: str, device: torch.device) -> bool:
    """Whether to run the nets in bfloat16: asked for, or "auto" and the hardware multiplies it natively."""
    if asked != "auto":
        return asked == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    checks = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return device.type == "cpu" and any(check() for check in checks if check is not None)
