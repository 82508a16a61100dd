"""Where the options' defaults come from: presets by trainer, and what an objective needs beside its loss. No torch."""

from typing import Any

_STYLES: dict[str, Any] = {
    # What the two papers share.
    "z_dim": 512,
    "w_dim": 512,
    "mapping_layers": 8,
    "max_channels": 512,
    "objective": "non-saturating",
    "r1_gamma_end": -1.0,
    "r2": False,
    "mixing": 0.9,
    "reuse_fakes": False,
}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "dcgan": {
        # Norm-free D with lazy R1 and fast Adam: about a third of the images that the classic settings need.
        "modern": {},
        # Radford et al. 2015, sections 3 and 4: batch norm in both nets, Adam 2e-4 with beta1 0.5, batches of 128.
        "classic": {
            "base_channels": 128,
            "max_channels": 1024,
            "d_norm": "batch",
            "r1_gamma": 0.0,
            "reuse_fakes": False,
            "batch": 128,
            "lr_g": 2e-4,
            "lr_d": 2e-4,
            "beta1": 0.5,
            "beta2": 0.999,
            "warmup": 0,
            "ema_half_life": 0,
        },
    },
    "infogan": {
        # With a variance of Q's own, codes that are found easily soon weigh so much that they override the category.
        "modern": {},
        # Chen et al. 2016, appendix C.1, and the authors' program: no average, fresh images for the generator.
        "classic": {"ema_half_life": 0, "reuse_fakes": False, "lambda_continuous": 1.0},
    },
    "progan": {
        "modern": {},
        # Karras et al. 2017, appendix A: 512 features, 600,000 images a phase, every step's images new. The widths are
        # those that the paper's net for 1024 px has at 64.
        "classic": {
            "z_dim": 512,
            "base_channels": 256,
            "max_channels": 512,
            "fade_images": 600_000,
            "stable_images": 600_000,
            "reuse_fakes": False,
        },
    },
    "stylegan": {
        "modern": {},
        # Karras et al. 2018, appendix C: grown from 8x8, R1 with gamma 10 at every step, mixing 0.9.
        "classic": {
            **_STYLES,
            "base_channels": 256,
            "progressive": True,
            "fade_images": 600_000,
            "stable_images": 600_000,
            "r1_gamma": 10.0,
            "r1_interval": 1,
            "lr_g": 1e-3,
            "lr_d": 1e-3,
        },
    },
    "stylegan2": {
        "modern": {},
        # Karras et al. 2019, section 4 and appendix B: config F, lazy R1 and path lengths.
        "classic": {
            **_STYLES,
            "base_channels": 512,
            "batch": 32,
            "top": "full",
            "resample": "fir",
            "noise": True,
            "pl_weight": 2.0,
            "r1_gamma": 10.0,
        },
    },
}

_WGANS: dict[str, dict[str, Any]] = {
    "wgan": {"critic_steps": 5, "lr_g": 5e-5, "lr_d": 5e-5, "r1_gamma": 0.0, "warmup": 0, "reuse_fakes": False},
    "wgan-gp": {
        "critic_steps": 5,
        "lr_g": 1e-4,
        "lr_d": 1e-4,
        "beta1": 0.0,
        "beta2": 0.9,
        "r1_gamma": 0.0,
        "reuse_fakes": False,
        "d_norm": "none",
    },
}
OBJECTIVES: dict[str, dict[str, dict[str, Any]]] = {
    # What a paper's objective needs beside its loss; these stand over the preset and under explicit options.
    "dcgan": _WGANS,
    "infogan": _WGANS,
    # Karras et al. 2017 train both ways; without the gradient penalty D needs another one.
    "progan": {
        objective: {"r1_gamma": 0.5, "drift": 0.0}
        for objective in ("non-saturating", "minimax", "least-squares", "hinge", "relativistic")
    },
    "stylegan": {"wgan-gp": {"r1_gamma": 0.0, "r1_gamma_end": -1.0, "drift": 1e-3}},
    "stylegan2": {"wgan-gp": {"r1_gamma": 0.0, "r1_gamma_end": -1.0, "drift": 1e-3}},
}
