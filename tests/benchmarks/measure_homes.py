"""Let the programs that foreign files come from draw, and compare: with the importers, and with the stored numbers.

    python tests/benchmarks/measure_homes.py HOMES [NAME ...]

HOMES is a folder with the checked-out repositories, by the names in `HOMES` below. Each home builds its own network,
fills it, draws with it and writes its own kind of file; the file is converted and drawn here, and the largest
difference is printed, as a part of the largest number. Twice where it can be: in the size that the home has by
default, from its own random weights; and tiny, from the weights of `layouts.py`, against tests/data/importers.

Nothing of the homes' code is kept here; what they do not need for drawing and is not installed is stood in for.
"""

import io
import os
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

TESTS = Path(__file__).parents[1]
DATA = TESTS / "data" / "importers"
sys.path.insert(0, str(TESTS / "unit" / "ganviz" / "importers"))
sys.path.insert(0, str(TESTS.parent))

import layouts  # noqa: E402

from ganviz import checkpoint, latent  # noqa: E402
from ganviz.importers import Asked  # noqa: E402
from ganviz.importers.conversion import convert  # noqa: E402
from ganviz.jobs import run  # noqa: E402
from ganviz.models.layers import seeded_noise  # noqa: E402

HOMES = {
    "pytorch-dcgan": "examples",
    "natsu-infogan": "InfoGAN-PyTorch",
    "natsu-infogan-celeba": "InfoGAN-PyTorch",
    "natsu-infogan-svhn": "InfoGAN-PyTorch",
    "gan-zoo-dcgan": "pytorch_GAN_zoo",
    "gan-zoo-pgan": "pytorch_GAN_zoo",
    "gan-zoo-pgan-classes": "pytorch_GAN_zoo",
    "rosinality-progan": "progressive-gan-pytorch",
    "rosinality-stylegan": "style-based-gan-pytorch",
    "rosinality-stylegan2": "stylegan2-pytorch",
    "nvidia-stylegan2": "stylegan2-ada-pytorch",
    "nvidia-stylegan3-t": "stylegan3",
    "nvidia-stylegan3-r": "stylegan3",
    "hf-biggan": "pytorch-pretrained-BigGAN",
}
"""Name of the layout to the folder of its home."""
PSI, CUTOFF = 0.5, 2


@dataclass
class Drawn:
    """What a home drew: the file that it wrote, numbers by name, and what the file cannot say."""

    file: Path
    numbers: dict[str, np.ndarray]
    asked: Asked = field(default_factory=Asked)
    codes: np.ndarray | None = None


def z_of(size: int) -> torch.Tensor:
    return latent.seeds([0, 1], size)


def stand_in(name: str, **members: Any) -> Any:
    """A module that is not installed, with nothing in it but these members; anything else that is asked for is None."""
    made = types.ModuleType(name)
    made.__dict__.update(members)
    made.__getattr__ = lambda key: type(key, (), {}) if not key.startswith("__") else None  # type: ignore[method-assign]
    made.__path__ = []
    sys.modules[name] = made
    return made


def shaken(net: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Move whatever starts at 0 or 1, biases, strengths of noise, statistics, so that a mistake in them shows."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, value in [*net.named_parameters(), *net.named_buffers()]:
            leaf = name.rpartition(".")[2]
            if not value.is_floating_point():
                continue
            if leaf in ("running_var", "running_vars", "magnitude_ema"):
                value.copy_(0.5 + torch.rand_like(value))
            elif leaf in ("running_mean", "running_means", "bias", "noise_strength", "gamma", "w_avg"):
                value.add_(0.1 * torch.randn_like(value))
            elif ".noise" in name and leaf.startswith("weight"):
                value.add_(0.1 * torch.randn_like(value))
    return net


def fill(net: torch.nn.Module, layout: "layouts.Layout") -> torch.nn.Module:
    """The layout's weights into the home's network; it says so itself where a name or shape is not its own."""
    net.load_state_dict(layouts.tensors(layout.weights()))
    return net.eval()


# -- homes ----------------------------------------------------------------------------------------------------------


def pytorch_dcgan(home: Path, work: Path, layout: "layouts.Layout | None") -> Drawn:
    import runpy

    class Pictures(torch.utils.data.Dataset):
        def __init__(self, *args: Any, **others: Any) -> None: ...

        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            return torch.zeros(3, 64, 64), 0

    nothing = lambda *args, **others: None  # noqa: E731
    data = stand_in("torchvision.datasets", FakeData=Pictures)
    transforms, utils = stand_in("torchvision.transforms", ToTensor=nothing), stand_in("torchvision.utils")
    utils.save_image = nothing
    stand_in("torchvision", datasets=data, transforms=transforms, utils=utils)
    sizes = ["--nz", "7", "--ngf", "2", "--ndf", "2"] if layout else ["--nz", "100", "--ngf", "64", "--ndf", "8"]
    command = ["main.py", "--dataset", "fake", "--dry-run", "--niter", "1", "--batchSize", "4", "--workers", "0"]
    sys.argv = [*command, "--imageSize", "64", "--outf", str(work), *sizes]
    # The whole script, which trains one step and writes its file.
    with torch.enable_grad():
        net = runpy.run_path(str(home / "dcgan" / "main.py"))["netG"]
    file = work / "netG_epoch_0.pth"
    if layout is not None:
        fill(net, layout)
        torch.save(net.state_dict(), file)
    z = z_of(7 if layout else 100)[:, :, None, None]
    net.eval()
    numbers = {"image": net(z).detach().numpy()}
    if layout is not None:
        batch = latent.seeds(range(256), 7)[:, :, None, None]
        net.train()
        numbers["image_batch"] = net(batch)[:2].detach().numpy()
    return Drawn(file, numbers)


def infogan(home: Path, work: Path, layout: "layouts.Layout | None", kind: str) -> Drawn:
    import importlib

    sys.path.insert(0, str(home))
    net: Any = importlib.import_module(f"models.{kind.lower()}_model").Generator()
    params = {
        "MNIST": {"dataset": "MNIST", "num_z": 62, "num_dis_c": 1, "dis_c_dim": 10, "num_con_c": 2},
        "SVHN": {"dataset": "SVHN", "num_z": 124, "num_dis_c": 4, "dis_c_dim": 10, "num_con_c": 4},
        "CelebA": {"dataset": "CelebA", "num_z": 128, "num_dis_c": 10, "dis_c_dim": 10, "num_con_c": 0},
    }[kind]
    if layout is not None:
        params = layouts.MNIST if kind == "MNIST" else layouts.CELEBA
        for name, old in list(net.named_children()):
            if name.startswith("tconv"):
                inputs, outputs, *kernel = layout.shapes[f"{name}.weight"]
                made = torch.nn.ConvTranspose2d(inputs, outputs, kernel, old.stride, old.padding, bias=False)
            else:
                made = torch.nn.BatchNorm2d(layout.shapes[f"{name}.weight"][0])
            setattr(net, name, made)
        fill(net, layout)
    else:
        shaken(net).eval()
    file = work / f"model_final_{kind}"
    others: dict[str, Any] = {name: {} for name in ("discriminator", "netD", "netQ", "optimD", "optimG")}
    torch.save({"netG": net.state_dict(), **others, "params": params}, file)
    codes = np.zeros((2, params["num_dis_c"], params["dis_c_dim"]), np.float32)
    codes[0, :, 1] = codes[1, :, 2] = 1
    more = np.linspace(-1, 1, 2 * params["num_con_c"], dtype=np.float32).reshape(2, -1)
    flat = np.concatenate([codes.reshape(2, -1), more], 1)
    if layout is not None:
        with np.load(DATA / f"{layout.name}.npz") as stored:
            flat = stored["codes"]
    x = torch.cat([z_of(params["num_z"]), torch.from_numpy(flat)], 1)[:, :, None, None]
    image = net(x).detach().numpy()
    # Pictures of MNIST leave the network in [0, 1]; here they are in [-1, 1].
    return Drawn(file, {"image": 2 * image - 1 if kind == "MNIST" else image}, codes=flat)


@contextmanager
def zoo_home(home: Path) -> Iterator[None]:
    for name in (
        "torchvision",
        "torchvision.transforms",
        "torchvision.datasets",
        "torchvision.models",
        "h5py",
        "visdom",
    ):
        if name not in sys.modules:
            stand_in(name)
    sys.path.insert(0, str(home))
    own = torch.optim.Adam

    def adam(parameters: Any, betas: Any = (0.9, 0.999), **others: Any) -> Any:
        return own(parameters, betas=tuple(map(float, betas)), **others)  # it gives whole numbers, no longer allowed

    torch.optim.Adam = adam  # type: ignore[assignment, misc]
    yield


def zoo_dcgan(home: Path, work: Path, layout: "layouts.Layout | None") -> Drawn:
    with zoo_home(home):
        from models.DCGAN import DCGAN  # type: ignore[import-not-found]

        sizes = {"dimLatentVector": 6, "dimG": 2, "dimD": 2, "depth": 2} if layout else {"dimLatentVector": 64}
        model = DCGAN(useGPU=False, lossMode="DCGAN", **sizes)
        fill(model.avgG, layout) if layout else shaken(model.avgG).eval()
        model.save(str(work / "model.pt"))
        image = model.test(z_of(sizes["dimLatentVector"]), getAvG=True).detach().numpy()
    return Drawn(work / "model.pt", {"image": image})


def zoo_pgan(home: Path, work: Path, layout: "layouts.Layout | None", classes: bool = False) -> Drawn:
    with zoo_home(home):
        from models.progressive_gan import ProgressiveGAN  # type: ignore[import-not-found]

        widths = (6, 5, 4) if layout else (512, 512, 512, 512, 256, 128)
        order = {"kind": {"order": 0, "values": ["ant", "bee", "cat"]}} if classes else None
        z_dim = (7 if classes else 10) if layout else 512
        model = ProgressiveGAN(
            dimLatentVector=z_dim,
            depthScale0=widths[0],
            useGPU=False,
            lossMode="MSE" if classes else "WGANGP",
            attribKeysOrder=order,
        )
        for width in widths[1:]:
            model.addScale(width)
        # Its own updateAlpha knows the averaged generator of a GPU alone.
        model.config.alpha = 0 if classes else 0.25
        for net in (model.netG, model.avgG):
            net.setNewAlpha(model.config.alpha)
        fill(model.avgG, layout) if layout else shaken(model.avgG).eval()
        model.save(str(work / "model.pt"))
        z = z_of(z_dim)
        if classes:
            z = torch.cat([z, torch.eye(3)[[1, 2]]], 1)
        image = model.test(z, getAvG=True).detach().numpy()
    return Drawn(work / "model.pt", {"image": image})


def rosinality_progan(home: Path, work: Path, layout: "layouts.Layout | None") -> Drawn:
    sys.path.insert(0, str(home))
    import model  # type: ignore[import-not-found]

    noise, classes = (5, 3) if layout else (502, 10)
    net = model.Generator(noise, classes)
    if layout is not None:
        widths = (6, 5, 4)
        before = (noise + classes, *widths)
        blocks = [
            model.ConvBlock(before[k], width, *((4, 3, 3, 1) if k == 0 else (3, 1))) for k, width in enumerate(widths)
        ]
        net.progression = torch.nn.ModuleList(blocks)
        net.to_rgb = torch.nn.ModuleList(torch.nn.Conv2d(width, 3, 1) for width in widths)
        fill(net, layout)
    else:
        shaken(net).eval()
    file = work / "120000.model"
    torch.save(net, file)
    step = 2 if layout else 5
    image = net(z_of(noise), torch.tensor([1, 2]), step=step, alpha=1).detach().numpy()
    return Drawn(file, {"image": image}, Asked(resolution=4 << step))


def rosinality_stylegan(home: Path, work: Path, layout: "layouts.Layout | None") -> Drawn:
    sys.path.insert(0, str(home))
    import model  # type: ignore[import-not-found]

    size = 8 if layout else 512
    net = model.StyledGenerator(size, 3 if layout else 8)
    step = 3 if layout else 6
    if layout is not None:
        widths = (6, 6, 5, 4, 3)
        blocks = [model.StyledConvBlock(widths[0], widths[0], 3, 1, style_dim=8, initial=True)]
        for k, (before, width) in enumerate(pairwise(widths), 1):
            blocks.append(model.StyledConvBlock(before, width, 3, 1, style_dim=8, upsample=True, fused=k >= 2))
        net.generator.progression = torch.nn.ModuleList(blocks)
        net.generator.to_rgb = torch.nn.ModuleList(model.EqualConv2d(width, 3, 1) for width in widths)
        fill(net, layout)
    else:
        shaken(net).eval()
        with torch.no_grad():  # as far as training came
            for name, value in net.named_parameters():
                if any(f"progression.{k}.noise" in name for k in range(step + 1, 9)):
                    value.zero_()
    file = work / "train_step-7.model"
    torch.save({"generator": net.state_dict(), "discriminator": {}, "g_running": net.state_dict()}, file)
    z = z_of(size)
    planes = [latent_noise(k, 4 << k) for k in range(step + 1)]
    quiet = [0 * plane for plane in planes]
    mean = mean_of(layout, net.mean_style(latent.seeds(range(100), size)))
    w = net.style(z)
    truncated = mean + PSI * (w - mean)
    numbers = {"w": w, "w_avg": mean[0]}
    numbers["image"] = net(z, noise=planes, step=step, alpha=1)
    numbers["image_quiet"] = net(z, noise=quiet, step=step, alpha=1)
    # The first CUTOFF style inputs alone, that is one resolution.
    numbers["image_cut"] = net.generator([w, truncated], planes, step, 1, mixing_range=(0, CUTOFF // 2 - 1))
    return Drawn(file, arrays(numbers), Asked(resolution=4 << step))


def latent_noise(k: int, side: int) -> torch.Tensor:
    """Both layers of a resolution share it; files hold none, and here it is that of seed 0."""
    return torch.from_numpy(seeded_noise(0, k, side).copy())[None, None]


def mean_of(layout: "layouts.Layout | None", mean: torch.Tensor) -> torch.Tensor:
    """The mean of w (1, w_dim) to truncate to: these homes draw it anew each time; with a layout the stored one."""
    if layout is None:
        return mean
    with np.load(DATA / f"{layout.name}.npz", allow_pickle=False) as stored:
        return torch.from_numpy(stored["w_avg"])[None]


def arrays(numbers: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in numbers.items()}


def rosinality_stylegan2(home: Path, work: Path, layout: "layouts.Layout | None") -> Drawn:
    import torch.utils.cpp_extension as extension

    extension.load = lambda *args, **others: None  # its own way on the processor needs no kernels
    sys.path.insert(0, str(home))
    import model  # type: ignore[import-not-found]

    if layout is not None:
        net = model.Generator(16, 8, 2)
        widths = (6, 5, 4)
        net.input = model.ConstantInput(widths[0])
        net.conv1, net.to_rgb1 = model.StyledConv(6, 6, 3, 8), model.ToRGB(6, 8, upsample=False)
        convs, heads = [], []
        for before, width in pairwise(widths):
            convs += [model.StyledConv(before, width, 3, 8, upsample=True), model.StyledConv(width, width, 3, 8)]
            heads.append(model.ToRGB(width, 8))
        net.convs, net.to_rgbs = torch.nn.ModuleList(convs), torch.nn.ModuleList(heads)
        fill(net, layout)
    else:
        net = shaken(model.Generator(256, 512, 8)).eval()
    size = 8 if layout else 512
    z = z_of(size)
    w = net.style(z)
    mean = mean_of(layout, net.style(latent.seeds(range(1000), size)).mean(0, keepdim=True))
    all_w = w[:, None].repeat(1, net.n_latent, 1)
    cut = all_w.clone()
    cut[:, :CUTOFF] = mean + PSI * (w[:, None] - mean)
    draw = lambda each: net([each], input_is_latent=True, randomize_noise=False)[0]  # noqa: E731
    numbers = {"w": all_w, "w_avg": mean[0], "w_cut": cut, "image": draw(all_w), "image_cut": draw(cut)}
    file = work / "550000.pt"
    import argparse

    torch.save(
        {
            "g": net.state_dict(),
            "d": {},
            "g_ema": net.state_dict(),
            "args": argparse.Namespace(size=256),
            "ada_aug_p": 0,
        },
        file,
    )
    return Drawn(file, arrays(numbers))


def nvidia_modules(home: Path) -> None:
    sys.path.insert(0, str(home))
    for name in ("requests", "pkg_resources"):
        try:
            __import__(name)
        except ImportError:
            stand_in(name)
    from packaging.version import parse

    sys.modules["pkg_resources"].parse_version = parse  # type: ignore[attr-defined]


def nvidia(home: Path, work: Path, layout: "layouts.Layout | None", version: str) -> Drawn:
    nvidia_modules(home)
    import pickle

    import dnnlib  # type: ignore[import-not-found]

    common: dict[str, Any] = {"c_dim": 3, "img_channels": 3}
    if version == "2":
        from training.networks import Generator  # type: ignore[import-not-found]

        mapping = {"num_layers": 2, "lr_multiplier": 0.02} if layout else {"num_layers": 8}
        sizes = (
            {"z_dim": 7, "w_dim": 8, "img_resolution": 16}
            if layout
            else {"z_dim": 512, "w_dim": 512, "img_resolution": 256}
        )
        synthesis = (
            {"channel_base": 64, "channel_max": 8, "num_fp16_res": 0, "conv_clamp": 256}
            if layout
            else {"channel_base": 16384, "num_fp16_res": 0, "conv_clamp": 256}
        )
        net = Generator(**common, **sizes, mapping_kwargs=mapping, synthesis_kwargs=synthesis)
    else:
        from training.networks_stylegan3 import Generator  # type: ignore[import-not-found]

        form = version[-1]
        if layout is not None:
            settings = dict(layouts.nvidia_stylegan3(form)[1][""]["_init_kwargs"])
            net = Generator(**settings)
        else:
            sizes = {"z_dim": 512, "w_dim": 512, "img_resolution": 256, "channel_base": 16384, "channel_max": 512}
            if form == "r":
                sizes |= {"conv_kernel": 1, "use_radial_filters": True}
            net = Generator(**common, **sizes, mapping_kwargs={})
    if layout is not None:
        weights = layout.weights()
        own = net.state_dict()
        if version != "2":  # made from the settings, not trained
            for name in own:
                if name.endswith(("_filter", "freqs", "phases", "synthesis.input.transform")):
                    weights.setdefault(name, own[name].numpy())
        missing = net.load_state_dict(layouts.tensors(weights), strict=False)
        assert not missing.unexpected_keys and not missing.missing_keys, missing
        net.eval()
    else:
        shaken(net).eval()
    net.requires_grad_(False)
    z, c = z_of(net.z_dim), torch.eye(3)[[1, 2]]
    w = net.mapping(z, c)
    cut = net.mapping(z, c, PSI, CUTOFF)
    others = {"noise_mode": "const"} if version == "2" else {}
    numbers = {"w": w, "w_cut": cut, "image": net.synthesis(w, **others), "image_cut": net.synthesis(cut, **others)}
    if version == "2":
        numbers["image_quiet"] = net.synthesis(w, noise_mode="none")
    file = work / "network-snapshot-000000.pkl"
    given = dnnlib.EasyDict(path="x.zip")
    snapshot = {"G": net, "D": None, "G_ema": net, "augment_pipe": None, "training_set_kwargs": given}
    with file.open("wb") as out:
        pickle.dump(snapshot, out)
    return Drawn(file, arrays(numbers))


def biggan(home: Path, work: Path, layout: "layouts.Layout | None") -> Drawn:
    for name in ("boto3", "botocore", "botocore.exceptions", "requests", "nltk", "nltk.corpus", "tqdm"):
        try:
            __import__(name)
        except ImportError:
            stand_in(name)
    sys.path.insert(0, str(home))
    from pytorch_pretrained_biggan.config import BigGANConfig  # type: ignore[import-not-found]
    from pytorch_pretrained_biggan.model import BigGAN  # type: ignore[import-not-found]

    if layout is not None:
        widths = (16, 8, 4, 2, 1)
        steps = [
            (up, before, after) for b, a in pairwise(widths) for up, before, after in ((False, b, b), (True, b, a))
        ]
        config = BigGANConfig(64, 5, 5, 4, 3, steps, 2)
        net = fill(BigGAN(config), layout)
    else:
        net = shaken(BigGAN(BigGANConfig())).eval()
        for _ in range(3):  # the norms settle
            net.train()
            net(torch.randn(2, 128), torch.eye(1000)[:2], 1.0)
        net.eval()
    config = net.config
    z, label = z_of(config.z_dim), torch.eye(config.num_classes)[[1, 2]]
    numbers = {"image": net(z, label, 1.0)}
    for psi in (0.4, 0.5, 0.73, 0.7):
        # Which noise it is drawn from is the caller's there; here psi shortens it.
        numbers[f"image_at_{100 * psi:03.0f}"] = net(psi * z, label, psi)
    file = work / "pytorch_model.bin"
    torch.save(net.state_dict(), file)
    return Drawn(file, arrays(numbers))


HOME: dict[str, Callable[[Path, Path, Any], Drawn]] = {
    "pytorch-dcgan": pytorch_dcgan,
    "natsu-infogan": lambda *given: infogan(*given, "MNIST"),
    "natsu-infogan-celeba": lambda *given: infogan(*given, "CelebA"),
    "natsu-infogan-svhn": lambda *given: infogan(*given, "SVHN"),
    "gan-zoo-dcgan": zoo_dcgan,
    "gan-zoo-pgan": zoo_pgan,
    "gan-zoo-pgan-classes": lambda *given: zoo_pgan(*given, True),
    "rosinality-progan": rosinality_progan,
    "rosinality-stylegan": rosinality_stylegan,
    "rosinality-stylegan2": rosinality_stylegan2,
    "nvidia-stylegan2": lambda *given: nvidia(*given, "2"),
    "nvidia-stylegan3-t": lambda *given: nvidia(*given, "3-t"),
    "nvidia-stylegan3-r": lambda *given: nvidia(*given, "3-r"),
    "hf-biggan": biggan,
}


# -- comparison -----------------------------------------------------------------------------------------------------


def error(found: torch.Tensor, expected: np.ndarray) -> float:
    """The largest difference, as a part of the largest number."""
    if tuple(found.shape) != expected.shape:
        raise AssertionError(f"{tuple(found.shape)} in place of {expected.shape}")
    return float(np.abs(found.detach().numpy() - expected).max() / np.abs(expected).max())


def errors_here(drawn: Drawn, work: Path) -> dict[str, float]:
    """Convert what the home wrote, draw the same, compare."""
    report = run(convert(drawn.file, work / "converted.safetensors", drawn.asked))
    generator: Any = checkpoint.load(report.path)
    spec = generator.spec
    z = z_of(spec.z_dim)
    label = torch.eye(spec.num_classes)[[1, 2]] if spec.num_classes else None
    codes, start = {}, 0
    for code in spec.codes:
        assert drawn.codes is not None
        codes[code.name] = torch.from_numpy(drawn.codes[:, start : start + code.size])
        start += code.size
    w = generator.mapping(z, label, codes)
    numbers = dict(drawn.numbers)
    if "w_avg" in numbers:
        generator.w_avg = torch.from_numpy(numbers.pop("w_avg"))
    numbers.pop("image_batch", None)
    found = {"w": w if numbers.get("w", w).ndim == 3 else w[:, 0]}
    if not any(isinstance(module, torch.nn.BatchNorm2d) for module in generator.modules()):
        generator.train()  # pictures are then not cut off at black and white
    found["image"] = generator.synthesis(w)
    if "image_quiet" in numbers:
        found["image_quiet"] = generator.synthesis(w, "none")
    if "image_cut" in numbers:
        generator.w_statistics = None
        cut = latent.truncate(w, generator, PSI, CUTOFF)
        found |= {"w_cut": cut, "image_cut": generator.synthesis(cut)}
    for name in numbers:
        if name.startswith("image_at_"):
            psi = int(name[-3:]) / 100
            found[name] = generator.synthesis(latent.truncate(w, generator, psi), psi=psi)
    assert numbers.keys() <= found.keys(), numbers.keys() - found.keys()
    return {name: error(found[name], value) for name, value in numbers.items()}


def errors_stored(drawn: Drawn, name: str) -> dict[str, float]:
    """What the home drew now against what is stored."""
    with np.load(DATA / f"{name}.npz", allow_pickle=False) as file:
        stored = dict(file)
    errors = {}
    for key, value in drawn.numbers.items():
        if key in stored and key != "w_avg":
            kept = stored[key]
            now = value[:, :, :16, :16] if key.startswith("image") else value
            now = np.repeat(now[:, None], kept.shape[1], 1) if now.ndim < kept.ndim else now
            errors[key] = error(torch.from_numpy(now), kept)
    return errors


def one(homes: Path, name: str, tiny: bool) -> str:
    # The names of those that `git clone` and of those that a browser's download gives.
    home = next(path for path in sorted(homes.iterdir()) if path.name.endswith(HOMES[name]))
    layout = layouts.LAYOUTS[name] if tiny else None
    with tempfile.TemporaryDirectory() as folder:
        with redirect_stdout(io.StringIO()):  # some say much on their way
            drawn = HOME[name](home, Path(folder), layout)
        size = "tiny   " if tiny else "default"
        side = drawn.numbers["image"].shape[-1]
        lines = []
        for what, errors in (
            ("importer", errors_here(drawn, Path(folder))),
            *([("stored", errors_stored(drawn, name))] if tiny else []),
        ):
            worst = max(errors.values())
            said = ", ".join(f"{key} {value:.1e}" for key, value in errors.items())
            lines.append(
                f"{name:22} {size} {side:4d} px  {what:9} {'FAR' if worst > 1e-4 else 'ok '} {worst:.1e}  ({said})"
            )
    return "\n".join(lines)


def main(homes: str, *names: str) -> int:
    failed = 0
    for name in names or HOMES:
        for tiny in (True, False):
            if tiny and name not in layouts.LAYOUTS:
                continue
            # Each in a process of its own: the homes' modules have the same names. Forked: torch is imported once.
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                try:
                    with torch.no_grad():
                        print(one(Path(homes), name, tiny), flush=True)
                    code = 0
                except BaseException:
                    print(f"{name} {'tiny' if tiny else 'default'} failed:\n{traceback.format_exc()}", flush=True)
                    code = 1
                os._exit(code)
            failed += os.waitpid(child, 0)[1] != 0
    return int(failed > 0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(*sys.argv[1:]))
