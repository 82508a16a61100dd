"""Training an InfoGAN: Chen et al. 2016 (arXiv:1606.03657).

The loop is that of a GAN with one more term for both nets (equation 6): minus lambda times the variational bound on
the information that an image keeps about the codes it was made from, estimated by Q, which shares D's trunk.
"""

import torch
from torch import Tensor

from ganviz.datasets import Dataset
from ganviz.models.infogan import Discriminator, Generator, InfoGANConfig
from ganviz.render import pick_device
from trainers import losses
from trainers import run as runs
from trainers.augment import Strength, augment
from trainers.batches import real_images
from trainers.cards import make_card, training_facts
from trainers.codes import draw_codes
from trainers.configs import InfoGANTraining
from trainers.control import Control, Display
from trainers.ema import Average
from trainers.journal import Journal
from trainers.machine import pick_precision
from trainers.optimisers import make_optimisers, penalty_weight, rate_factor, set_rates
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
    random = torch.Generator().manual_seed(config.seed)  # noise, codes, mirroring, augmentation
    nets = {"G": G, "D": D, "average": average.net}
    penalty_value = 0.0

    journal = Journal(run, control, display)
    if resume:
        tensors, counters = run.load_state()
        runs.restore_state(tensors, nets, optimisers, random)
        penalty_value = counters["penalty"]
        strength.restore(counters["strength"])
        journal.restore(counters)

    def save(final: bool) -> None:
        """A snapshot of the average, a preview, and the state to go on from."""
        shown = average.shown()
        facts = training_facts(config, G, D, data, chosen, apart, journal.clock.seconds)
        if final and config.measure:
            facts.update(measure(shown, data, chosen, apart, config.measure))
        run.snapshot(shown, make_card(config, data, run, journal.seen, facts), config.half)
        run.preview(shown, journal.seen)
        tensors = runs.state_tensors(nets, optimisers, random)
        run.save_state(tensors, {**journal.counters(), "penalty": penalty_value, "strength": strength.counters()})

    def draw_fakes() -> tuple[Tensor, dict[str, Tensor]]:
        """Images (batch, C, H, W) of fresh noise and codes, and those codes."""
        z = torch.randn(config.batch, config.z_dim, generator=random).to(device)
        codes = {name: value.to(device) for name, value in draw_codes(model.codes, config.batch, random).items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            return G(z, None, codes), codes

    def look_at(image: Tensor) -> Tensor:
        """D's features (batch, F) of augmented images, in float32, as the last layers of D and Q want them."""
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

        # D and Q: tell reals from fakes, and find the codes of the fakes.
        D.requires_grad_(True)
        for _ in range(config.critic_steps):
            indices = chosen[runs.data_order(len(chosen), config.seed, journal.seen, config.batch)]
            real = real_images(data, indices, config.flip, random, device)
            with torch.set_grad_enabled(config.reuse_fakes):
                fake, codes = draw_fakes()
            features = look_at(fake.detach())
            score_real = D.judge(look_at(real))
            score_fake = D.judge(features)
            strength.watch(score_real, score_fake, objective.paired)
            loss_d = losses.discriminator_loss(objective, score_real, score_fake, config.label_smoothing, config.drift)
            total = loss_d + information(features, codes)[0]
            if config.objective == "wgan-gp":
                mix = torch.rand(config.batch, generator=random).to(device)
                penalty = losses.gradient_penalty(D, real, fake, None, mix)
                total = total + config.gp_weight * penalty
                penalty_value = penalty.item()
            if gamma > 0 and journal.step % config.r1_interval == 0:
                # Less often and as much more strongly (Karras et al. 2019, appendix B); in float32.
                penalty = losses.r1_penalty(D, augment(real, config.policies, strength.p, random), None)
                if config.r2:
                    seen_fake = augment(fake.detach(), config.policies, strength.p, random)
                    penalty = penalty + losses.r1_penalty(D, seen_fake, None)
                total = total + 0.5 * gamma * config.r1_interval * penalty
                penalty_value = penalty.item()
            optimisers["D_optimiser"].zero_grad(set_to_none=True)
            total.backward()
            optimisers["D_optimiser"].step()
            if config.objective == "wgan":
                losses.clip_weights(D, config.clip)
            journal.seen += config.batch

        # G: be taken for real, and let the codes be found.
        D.requires_grad_(False)
        if not config.reuse_fakes:
            fake, codes = draw_fakes()
        features = look_at(fake)
        against = (D.judge(look_at(real)),) if objective.paired else ()
        loss_g = objective.generator(D.judge(features), *against)
        if config.feature_matching > 0:
            loss_g = loss_g + config.feature_matching * losses.feature_matching(look_at(real), features)
        weighted, categorical, continuous = information(features, codes)
        optimisers["G_optimiser"].zero_grad(set_to_none=True)
        (loss_g + weighted).backward()
        optimisers["G_optimiser"].step()
        average.update(G, config.batch * config.critic_steps, journal.seen)

        values = {
            "loss_d": loss_d,
            "loss_g": loss_g,
            "categorical": categorical,
            "continuous": continuous,
            "score_real": score_real.mean(),
            "score_fake": score_fake.mean(),
        }
        journal.note(values, {"penalty": penalty_value, "gamma": gamma, "rate": rate, "augment_p": strength.p})
        match journal.due():
            case "snapshot":
                save(final=False)
            case "preview":
                run.preview(average.shown(), journal.seen)
        journal.obey()
    save(final=True)
