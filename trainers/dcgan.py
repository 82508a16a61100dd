"""Training a DCGAN: Radford et al. 2015, with later objectives and penalties by option.

The loop is Goodfellow et al. 2014, algorithm 1: `critic_steps` updates of D, then one of G.
"""

import torch
from torch import Tensor

from ganviz.datasets import Dataset
from ganviz.devices import pick_device
from ganviz.models.dcgan import DCGANConfig, Discriminator, Generator
from trainers import distributed, figures, losses
from trainers import run as runs
from trainers.augment import Strength, augment, lead
from trainers.batches import one_hot, real_images
from trainers.cards import make_card, training_facts
from trainers.configs import DCGANTraining
from trainers.control import Control, Display
from trainers.ema import Average
from trainers.journal import Journal
from trainers.machine import pick_precision
from trainers.optimisers import make_optimisers, penalty_weight, rate_factor, set_rates
from trainers.parts import Parts
from trainers.pretrained import begin_with
from trainers.preview import measure
from trainers.run import Run


def train(config: DCGANTraining, data: Dataset, run: Run, control: Control, display: Display, resume: bool) -> None:
    """Train until the budget is used or a stop is asked for; the run folder is whole at every moment.

    data    images of config.resolution and config.channels, with labels when conditional
    resume  go on from the folder's state, bit for bit where precision and threads are the same (on a processor)

    Raises GanvizError when a loss is not finite; the last good snapshot stays.
    """
    device = torch.device(pick_device(config.device))
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
        d_minibatch_kernels=config.d_minibatch_kernels,
    )
    G = Generator(model).to(device=device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    D = Discriminator(model).to(device=device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = Average(G, config.ema_half_life, config.ema_ramp)
    optimisers = make_optimisers(config, G, D)
    objective = losses.OBJECTIVES[config.objective]
    strength = Strength(config.augment_p, config.ada_target, config.ada_images)
    parts = Parts(config.accumulate, config.seed)  # whose random streams are for noise, mirroring, augmentation

    nets = {"G": G, "D": D, "average": average.net}
    penalty_value = 0.0

    journal = Journal(run, control, display)
    if resume:
        tensors, counters = run.load_state()
        runs.restore_state(tensors, nets, optimisers, parts.streams[0])
        penalty_value = counters["penalty"]
        strength.restore(counters.get("strength", strength.counters()))  # older runs have none
        journal.restore(counters)
    elif config.pretrained:
        display.line(begin_with(config.pretrained, run.arch, nets))
    distributed.spread(G, D, average.net)

    def save(final: bool) -> None:
        """The state to go on from, a snapshot of the average, a preview."""
        if distributed.rank() > 0:
            return
        shown = average.shown()
        facts = training_facts(config, G, D, data, chosen, apart, journal.clock.seconds, num_classes)
        if final and config.measure:
            facts.update(measure(shown, data, chosen, apart, config.measure))
        # Before the snapshot: killed in between, the run goes on from here.
        counters = {**journal.counters(), "penalty": penalty_value, "strength": strength.counters()}
        run.save_state(runs.state_tensors(nets, optimisers, parts.streams[0]), counters)
        run.snapshot(shown, make_card(config, data, run, journal.seen, facts), config.half)
        run.preview(shown, journal.seen)

    def draw_fakes(count: int, random: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Images (count, C, H, W) of fresh noise, and their labels, drawn as often as the data has them."""
        z = torch.randn(count, config.z_dim, generator=random).to(device)
        label = None
        if num_classes:
            picked = torch.randint(len(chosen), (count,), generator=random).numpy()
            label = one_hot(data, chosen[picked], num_classes, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return G(z, label), label

    def judge(image: Tensor, label: Tensor | None, random: torch.Generator) -> Tensor:
        """D's scores (N,) of augmented images, in float32."""
        image = augment(image, config.policies, strength.p, random)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return D(image, label).float()

    def look_at(image: Tensor, label: Tensor | None, random: torch.Generator) -> Tensor:
        """What D's last layer reads of augmented images."""
        image = augment(image, config.policies, strength.p, random)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return D.features(image, label)

    while journal.going_on:
        share = journal.share
        rate = rate_factor(config, share, journal.seen)
        set_rates(config, optimisers, rate)
        gamma = penalty_weight(config, share)
        parts.begin(journal.step)

        # D: tell reals from fakes.
        D.requires_grad_(True)
        for _ in range(config.critic_steps):
            optimisers["D_optimiser"].zero_grad(set_to_none=True)
            batch = chosen[runs.data_order(len(chosen), config.seed, journal.seen, config.batch)]
            drawn, noted = [], []
            for random, indices in parts.of(batch):
                real = real_images(data, indices, config.flip, random, device)
                real_label = one_hot(data, indices, num_classes, device) if num_classes else None
                with torch.set_grad_enabled(config.reuse_fakes):
                    fake, fake_label = draw_fakes(len(indices), random)
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
                    # Lazy regularisation, Karras et al. 2020, appendix B: less often and as much more strongly.
                    # In float32, because it is differentiated twice.
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
            if config.objective == "wgan":
                losses.clip_weights(D, config.clip)
            strength.watch(told["lead"], config.batch)
            penalty_value = told.get("penalty", penalty_value)
            journal.seen += config.batch

        # G: be taken for real.
        D.requires_grad_(False)
        optimisers["G_optimiser"].zero_grad(set_to_none=True)
        noted = []
        for random, (real, real_label, fake, fake_label) in zip(parts.streams, drawn, strict=True):
            if not config.reuse_fakes:
                fake, fake_label = draw_fakes(len(real), random)
            against = (judge(real, real_label, random),) if objective.paired else ()
            loss = objective.generator(judge(fake, fake_label, random), *against)
            if config.feature_matching > 0:
                matched = losses.feature_matching(look_at(real, real_label, random), look_at(fake, fake_label, random))
                loss = loss + config.feature_matching * matched
            noted.append({"loss_g": loss})
            (loss / parts.count).backward()
        told |= distributed.average(G, noted, D)
        told["gradient_g"] = figures.gradient_norm(G)
        optimisers["G_optimiser"].step()
        average.update(G, config.batch * config.critic_steps, journal.seen)

        values = {name: told[name] for name in ("loss_d", "loss_g", *figures.NAMES)}
        journal.note(values, {"penalty": penalty_value, "gamma": gamma, "rate": rate, "augment_p": strength.p})
        match journal.due():
            case "snapshot":
                save(final=False)
            case "preview":
                run.preview(average.shown(), journal.seen)
        journal.obey()
    save(final=True)
