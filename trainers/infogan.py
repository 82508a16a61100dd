"""Training an InfoGAN: Chen et al. 2016 (arXiv:1606.03657).

The loop is that of a GAN with one more term for both nets (equation 6): minus lambda times the variational bound on
the information that an image keeps about the codes it was made from, estimated by Q, which shares D's trunk.
"""

import torch
from torch import Tensor

from ganviz.datasets import Dataset
from ganviz.devices import pick_device
from ganviz.models.infogan import Discriminator, Generator, InfoGANConfig
from trainers import distributed, figures, losses
from trainers import run as runs
from trainers.augment import Strength, augment, lead
from trainers.batches import real_images
from trainers.cards import make_card, training_facts
from trainers.codes import draw_codes
from trainers.configs import InfoGANTraining
from trainers.consistency import inconsistency, warped
from trainers.control import Control, Display
from trainers.ema import Average
from trainers.journal import Journal
from trainers.machine import pick_precision
from trainers.optimisers import make_optimisers, penalty_weight, rate_factor, set_rates
from trainers.parts import Parts
from trainers.pretrained import begin_with
from trainers.preview import measure
from trainers.run import Run


def train(config: InfoGANTraining, data: Dataset, run: Run, control: Control, display: Display, resume: bool) -> None:
    """Train until the budget is used or a stop is asked for; the run folder is whole at every moment.

    data    images of config.resolution and config.channels; labels are not looked at
    resume  go on from the folder's state, bit for bit where precision and threads are the same (on a processor)

    Raises GanvizError when a loss is not finite; the last good snapshot stays.
    """
    device = torch.device(pick_device(config.device))
    half_precision = pick_precision(config.precision, device)
    chosen, apart = runs.held_out(len(data), config.hold_out)

    torch.manual_seed(config.seed)
    model = InfoGANConfig(
        resolution=config.resolution,
        channels=config.channels,
        z_dim=config.z_dim,
        categorical=config.categories,
        continuous=config.continuous,
        code_range=config.code_range,
        code_names=config.names,
        base_channels=config.base_channels,
        fc_channels=config.fc_channels,
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
    parts = Parts(config.accumulate, config.seed)  # whose streams are for noise, codes, mirroring, augmentation
    nets = {"G": G, "D": D, "average": average.net}
    penalty_value = 0.0

    journal = Journal(run, control, display)
    if resume:
        tensors, counters = run.load_state()
        runs.restore_state(tensors, nets, optimisers, parts.streams[0])
        penalty_value = counters["penalty"]
        strength.restore(counters["strength"])
        journal.restore(counters)
    elif config.pretrained:
        display.line(begin_with(config.pretrained, run.arch, nets))
    distributed.spread(G, D, average.net)

    def save(final: bool) -> None:
        """The state to go on from, a snapshot of the average, a preview."""
        if distributed.rank() > 0:
            return
        shown = average.shown()
        facts = training_facts(config, G, D, data, chosen, apart, journal.clock.seconds)
        if final and config.measure:
            facts.update(measure(shown, data, chosen, apart, config.measure))
        # Before the snapshot: killed in between, the run goes on from here.
        tensors = runs.state_tensors(nets, optimisers, parts.streams[0])
        run.save_state(tensors, {**journal.counters(), "penalty": penalty_value, "strength": strength.counters()})
        run.snapshot(shown, make_card(config, data, run, journal.seen, facts), config.half)
        run.preview(shown, journal.seen)

    def draw_fakes(count: int, random: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Images (count, C, H, W) of fresh noise and codes, and those codes."""
        z = torch.randn(count, config.z_dim, generator=random).to(device)
        codes = {name: value.to(device) for name, value in draw_codes(model.codes, count, random).items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return G(z, None, codes), codes

    def look_at(image: Tensor, random: torch.Generator) -> Tensor:
        """D's features (N, F) of augmented images, in float32, as the last layers of D and Q want them."""
        image = augment(image, config.policies, strength.p, random)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return D.features(image).float()

    def information(features: Tensor, codes: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The weighted sum of what Q does not find of the codes, and its two parts, in float32."""
        guesses = D.recognise(features)
        categorical, continuous = losses.information(codes, guesses, config.likelihood == "fixed")
        weighted = config.lambda_categorical * categorical + config.lambda_continuous * continuous
        return weighted, categorical, continuous

    while journal.going_on:
        share = journal.share
        rate = rate_factor(config, share, journal.seen)
        set_rates(config, optimisers, rate)
        gamma = penalty_weight(config, share)
        parts.begin(journal.step)

        # D and Q: tell reals from fakes, and find the codes of the fakes.
        D.requires_grad_(True)
        for _ in range(config.critic_steps):
            optimisers["D_optimiser"].zero_grad(set_to_none=True)
            batch = chosen[runs.data_order(len(chosen), config.seed, journal.seen, config.batch)]
            drawn, noted = [], []
            for random, indices in parts.of(batch):
                real = real_images(data, indices, config.flip, random, device)
                with torch.set_grad_enabled(config.reuse_fakes):
                    fake, codes = draw_fakes(len(indices), random)
                drawn.append((real, fake, codes))
                features = look_at(fake.detach(), random)
                features_real = look_at(real, random)
                score_real = D.judge(features_real)
                score_fake = D.judge(features)
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
                loss = loss + information(features, codes)[0]
                if config.consistency > 0:
                    others = D.recognise(look_at(warped(real, random), random))
                    loss = loss + config.consistency * inconsistency(D.recognise(features_real), others)
                if config.objective == "wgan-gp":
                    mix = torch.rand(len(indices), generator=random).to(device)
                    penalty = losses.gradient_penalty(D, real, fake, None, mix)
                    loss = loss + config.gp_weight * penalty
                    noted[-1]["penalty"] = penalty
                if gamma > 0 and journal.step % config.r1_interval == 0:
                    # Less often and as much more strongly (Karras et al. 2019, appendix B); in float32.
                    penalty = losses.r1_penalty(D, augment(real, config.policies, strength.p, random), None)
                    if config.r2:
                        seen_fake = augment(fake.detach(), config.policies, strength.p, random)
                        penalty = penalty + losses.r1_penalty(D, seen_fake, None)
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

        # G: be taken for real, and let the codes be found.
        D.requires_grad_(False)
        optimisers["G_optimiser"].zero_grad(set_to_none=True)
        noted = []
        for random, (real, fake, codes) in zip(parts.streams, drawn, strict=True):
            if not config.reuse_fakes:
                fake, codes = draw_fakes(len(real), random)
            features = look_at(fake, random)
            against = (D.judge(look_at(real, random)),) if objective.paired else ()
            loss = objective.generator(D.judge(features), *against)
            if config.feature_matching > 0:
                loss = loss + config.feature_matching * losses.feature_matching(look_at(real, random), features)
            weighted, categorical, continuous = information(features, codes)
            noted.append({"loss_g": loss, "categorical": categorical, "continuous": continuous})
            ((loss + weighted) / parts.count).backward()
        told |= distributed.average(G, noted, D)
        told["gradient_g"] = figures.gradient_norm(G)
        optimisers["G_optimiser"].step()
        average.update(G, config.batch * config.critic_steps, journal.seen)

        names = ("loss_d", "loss_g", "categorical", "continuous", *figures.NAMES)
        values = {name: told[name] for name in names}
        journal.note(values, {"penalty": penalty_value, "gamma": gamma, "rate": rate, "augment_p": strength.p})
        match journal.due():
            case "snapshot":
                save(final=False)
            case "preview":
                run.preview(average.shown(), journal.seen)
        journal.obey()
    save(final=True)
