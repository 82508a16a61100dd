"""Training a StyleGAN (Karras et al. 2018, arXiv:1812.04948) or a StyleGAN2 (Karras et al. 2019, arXiv:1912.04958).

One loop for both: they differ in their nets, and in that the first may grow and the second may be held to even path
lengths. `StyleGenerator.draw` mixes the styles and keeps the mean of w.
"""

from typing import Any

import torch
from torch import Tensor

from ganviz.datasets import Dataset
from ganviz.devices import pick_device
from ganviz.models import stylegan, stylegan2
from trainers import distributed, figures, losses
from trainers import run as runs
from trainers.augment import Strength, augment, lead
from trainers.batches import one_hot, real_images
from trainers.cards import make_card, training_facts
from trainers.configs import StyleGAN2Training, StyleGANTraining
from trainers.control import Control, Display
from trainers.ema import Average
from trainers.growth import Phase, at_phase, grow, phase_at, placed
from trainers.journal import Journal
from trainers.machine import pick_precision
from trainers.optimisers import make_optimisers, penalty_weight, rate_factor, set_rates
from trainers.parts import Parts
from trainers.pretrained import begin_with
from trainers.preview import measure
from trainers.run import Run


def train(
    config: StyleGANTraining | StyleGAN2Training,
    data: Dataset,
    run: Run,
    control: Control,
    display: Display,
    resume: bool,
) -> None:
    """Train until the budget is used or a stop is asked for; the run folder is whole at every moment.

    data    images of config.resolution and config.channels, with labels when conditional
    resume  go on from the folder's state, bit for bit where precision and threads are the same (on a processor)

    Raises GanvizError when a loss is not finite; the last good snapshot stays.
    """
    device = torch.device(pick_device(config.device))
    half_precision = pick_precision(config.precision, device)
    num_classes = data.num_classes if config.conditional else 0
    chosen, apart = runs.held_out(len(data), config.hold_out)
    tensors, counters = run.load_state() if resume else ({}, {})

    torch.manual_seed(config.seed)
    G, D = (net.to(device).train() for net in make_nets(config, num_classes, counters.get("resolution", 0)))
    average = Average(G, config.ema_half_life, config.ema_ramp)
    optimisers = make_optimisers(config, G, D)
    objective = losses.OBJECTIVES[config.objective]
    strength = Strength(config.augment_p, config.ada_target, config.ada_images)
    parts = Parts(config.accumulate, config.seed)  # whose streams are for noise, mixing, mirroring, augmentation
    w_decay = config.w_decay ** (1 / parts.count)  # each part moves the mean of w
    pl_weight = config.pl_weight if isinstance(config, StyleGAN2Training) else 0.0
    pl_mean = torch.zeros((), device=device)
    penalty_value = 0.0

    journal = Journal(run, control, display)
    if resume:
        runs.restore_state(tensors, {"G": G, "D": D, "average": average.net}, optimisers, parts.streams[0])
        pl_mean.copy_(tensors["pl_mean"])
        penalty_value = counters["penalty"]
        strength.restore(counters["strength"])
        journal.restore(counters)
    elif config.pretrained:
        display.line(begin_with(config.pretrained, run.arch, {"G": G, "D": D, "average": average.net}))
    distributed.spread(G, D, average.net)

    def save(final: bool) -> None:
        """The state to go on from, a snapshot of the average, a preview."""
        if distributed.rank() > 0:
            return
        shown = average.shown()
        size = shown.config.resolution
        facts = training_facts(config, G, D, data, chosen, apart, journal.clock.seconds, num_classes, size)
        if size < config.resolution or float(getattr(G, "alpha", 1)) < 1:
            facts["resolution"] = f"{size} px, faded in by {float(G.alpha):.0%}"
        if final and config.measure and size == config.resolution:
            facts.update(measure(shown, data, chosen, apart, config.measure))
        # Before the snapshot: killed in between, the run goes on from here.
        state = runs.state_tensors({"G": G, "D": D, "average": average.net}, optimisers, parts.streams[0])
        state["pl_mean"] = pl_mean
        run.save_state(
            state, {**journal.counters(), "penalty": penalty_value, "strength": strength.counters(), "resolution": size}
        )
        run.snapshot(shown, make_card(config, data, run, journal.seen, facts), config.half)
        run.preview(shown, journal.seen)

    def draw_fakes(count: int, random: torch.Generator, half: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """Images (count, C, H, W) of fresh noise, their w, and their labels, drawn as often as the data has them."""
        z = torch.randn(count, config.z_dim, generator=random).to(device)
        label = None
        if num_classes:
            picked = torch.randint(len(chosen), (count,), generator=random).numpy()
            label = one_hot(data, chosen[picked], num_classes, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            image, ws = G.draw(z, label, random, config.mixing, w_decay)
        return image, ws, label

    def judge(image: Tensor, label: Tensor | None, random: torch.Generator) -> Tensor:
        """D's scores (N,) of augmented images, in float32."""
        image = augment(image, config.policies, strength.p, random)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return D(image, label).float()

    while journal.going_on:
        phase = Phase(config.resolution, 1.0, config.batch)
        if isinstance(config, StyleGANTraining) and config.progressive:
            phase = phase_at(config, journal.seen)
            while phase.resolution > G.config.resolution:
                save(final=False)  # what this resolution came to
                G, D = grow(G, D, average, 2 * G.config.resolution, config.seed)
                distributed.spread(G, D, average.net)
                optimisers = make_optimisers(config, G, D)
            for net in (G, D):
                net.alpha.fill_(phase.alpha)
        share = journal.share
        rate = rate_factor(config, share, journal.seen)
        set_rates(config, optimisers, rate)
        gamma = penalty_weight(config, share)
        parts.begin(journal.step)

        # D: tell reals from fakes.
        D.requires_grad_(True)
        for _ in range(config.critic_steps):
            optimisers["D_optimiser"].zero_grad(set_to_none=True)
            batch = chosen[runs.data_order(len(chosen), config.seed, journal.seen, phase.batch)]
            drawn, noted = [], []
            for random, indices in parts.of(batch):
                real = at_phase(real_images(data, indices, config.flip, random, device), phase)
                real_label = one_hot(data, indices, num_classes, device) if num_classes else None
                with torch.set_grad_enabled(config.reuse_fakes):
                    fake, _, fake_label = draw_fakes(len(indices), random, half_precision)
                drawn.append((real, real_label, fake, fake_label))
                score_real = judge(real, real_label, random)
                score_fake = judge(fake.detach(), fake_label, random)
                loss = losses.discriminator_loss(
                    objective, score_real, score_fake, config.label_smoothing, config.drift
                )
                noted.append(
                    {
                        "loss_d": loss,
                        **figures.answers(objective, score_real, score_fake),
                        "variety": figures.variety(real, fake),
                        "lead": lead(score_real, score_fake, objective.paired),
                    }
                )
                if config.objective == "wgan-gp":
                    # The label of the reals stands for both ends of the line that the penalty looks at.
                    mix = torch.rand(len(indices), generator=random).to(device)
                    penalty = losses.gradient_penalty(D, real, fake, real_label, mix)
                    loss = loss + config.gp_weight * penalty
                    noted[-1]["penalty"] = penalty
                if gamma > 0 and journal.step % config.r1_interval == 0:
                    # Lazy regularisation (Karras et al. 2019, appendix B): less often and as much more strongly. In
                    # float32, because it is differentiated twice.
                    seen_real = augment(real, config.policies, strength.p, random)
                    penalty = losses.r1_penalty(D, seen_real, real_label)
                    if config.r2:
                        seen_fake = augment(fake.detach(), config.policies, strength.p, random)
                        penalty = penalty + losses.r1_penalty(D, seen_fake, fake_label)
                    loss = loss + 0.5 * gamma * config.r1_interval * penalty
                    noted[-1]["penalty"] = penalty
                (loss / parts.count).backward()
            told = distributed.average(D, noted)
            told["gradient_d"] = figures.gradient_norm(D)
            optimisers["D_optimiser"].step()
            strength.watch(told["lead"], phase.batch)
            penalty_value = told.get("penalty", penalty_value)
            journal.seen += phase.batch

        # G: be taken for real.
        D.requires_grad_(False)
        optimisers["G_optimiser"].zero_grad(set_to_none=True)
        noted = []
        for random, (real, real_label, fake, fake_label) in zip(parts.streams, drawn, strict=True):
            if not config.reuse_fakes:
                fake, _, fake_label = draw_fakes(len(real), random, half_precision)
            against = (judge(real, real_label, random),) if objective.paired else ()
            loss = objective.generator(judge(fake, fake_label, random), *against)
            noted.append({"loss_g": loss})
            (loss / parts.count).backward()
            if isinstance(config, StyleGAN2Training) and pl_weight > 0 and journal.step % config.pl_interval == 0:
                # Path lengths (Karras et al. 2019, section 3.2): pulled towards their own running mean, on half a
                # batch.
                image, ws, _ = draw_fakes(max(len(real) // 2, 1), random, False)
                length = losses.path_length(image, ws, torch.randn(image.shape, generator=random).to(device))
                mean = torch.lerp(pl_mean, length.detach().mean(), 1 - config.pl_decay)
                noted[-1]["path_length"] = mean
                penalty = pl_weight * config.pl_interval * (length - mean).square().mean()
                (penalty / parts.count).backward()
        told |= distributed.average(G, noted, D)
        told["gradient_g"] = figures.gradient_norm(G)
        optimisers["G_optimiser"].step()
        average.update(G, phase.batch * config.critic_steps, journal.seen)
        pl_mean.fill_(told.get("path_length", pl_mean.item()))

        values = {name: told[name] for name in ("loss_d", "loss_g", *figures.NAMES)}
        state = {"penalty": penalty_value, "gamma": gamma, "rate": rate, "augment_p": strength.p}
        if pl_weight > 0:
            state["path_length"] = pl_mean.item()
        journal.note(values, {**state, "resolution": phase.resolution, "alpha": phase.alpha})
        match journal.due():
            case "snapshot":
                save(final=False)
            case "preview":
                run.preview(average.shown(), journal.seen)
        journal.obey()
    save(final=True)


def make_nets(config: StyleGANTraining | StyleGAN2Training, num_classes: int, resolution: int) -> tuple[Any, Any]:
    """Generator and discriminator as the options ask for; `resolution` is what growing nets have come to, 0: begin."""
    shared: dict[str, Any] = {
        "channels": config.channels,
        "z_dim": config.z_dim,
        "w_dim": config.w_dim,
        "mapping_layers": config.mapping_layers,
        "mapping_lr": config.mapping_lr,
        "base_channels": config.base_channels,
        "max_channels": config.max_channels,
        "num_classes": num_classes,
    }
    if isinstance(config, StyleGANTraining):
        begin = config.start_resolution if config.progressive else config.resolution
        model = stylegan.StyleGANConfig(resolution=resolution or begin, final_resolution=config.resolution, **shared)
        return placed(stylegan.Generator(model)), placed(stylegan.Discriminator(model))
    model2 = stylegan2.StyleGAN2Config(
        resolution=config.resolution,
        top=config.top,
        tail_channels=config.tail_channels,
        resample=config.resample,
        noise=config.noise,
        **shared,
    )
    return placed(stylegan2.Generator(model2)), placed(stylegan2.Discriminator(model2))
