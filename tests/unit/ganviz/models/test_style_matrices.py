"""A latent that the first weights do not see changes nothing: so one knows that they are the right ones."""

import pytest
import torch

from ganviz.models import build_generator

SMALL = {
    "dcgan": {"resolution": 16, "z_dim": 48, "base_channels": 1},
    "infogan": {"resolution": 16, "z_dim": 48, "base_channels": 2, "fc_channels": 8, "categorical": (3,)},
    "progan": {"resolution": 8, "z_dim": 48, "base_channels": 1, "max_channels": 2},
    "stylegan": {"resolution": 8, "z_dim": 4, "w_dim": 32, "base_channels": 2, "max_channels": 2, "mapping_layers": 1},
    "stylegan2": {"resolution": 8, "z_dim": 4, "w_dim": 32, "base_channels": 2, "max_channels": 2, "mapping_layers": 1},
}
READ_TWICE = {"stylegan2": (1, 3)}
"""Style inputs that a head reads beside the convolution; SeFa takes the convolution's matrix."""


@pytest.mark.parametrize("arch", SMALL)
def test_style_matrices_are_what_a_latent_meets_first(arch: str) -> None:
    torch.manual_seed(1)
    generator = build_generator(arch, SMALL[arch]).eval()
    for parameter in generator.parameters():
        parameter.requires_grad_(False)
        parameter.mul_(3 if arch in ("dcgan", "infogan") and parameter.ndim > 1 else 1)
    spec = generator.spec
    size = spec.w_dim if spec.has_mapping else spec.z_dim
    w = torch.randn(1, spec.num_ws, spec.w_dim)
    drawn = generator.synthesis(w, "none")
    for k in range(spec.num_ws):
        (matrix,) = generator.style_matrices([k])
        assert matrix.shape[1] == size and matrix.shape[0] < size
        values, vectors = torch.linalg.eigh((matrix.T @ matrix).double())
        unseen, seen = (torch.zeros_like(w), torch.zeros_like(w))
        unseen[0, k, :size], seen[0, k, :size] = 5 * vectors[:, 0].float(), 5 * vectors[:, -1].float()
        assert values[0] < 1e-6 * values[-1]
        assert (generator.synthesis(w + seen, "none") - drawn).abs().max() > 1e-4, k
        if k not in READ_TWICE.get(arch, ()):
            assert torch.allclose(generator.synthesis(w + unseen, "none"), drawn, atol=1e-5), k


def test_style_matrices_of_several_inputs_come_in_order() -> None:
    generator = build_generator("stylegan2", SMALL["stylegan2"])
    one, two = generator.style_matrices([2]), generator.style_matrices([0])
    both = generator.style_matrices([2, 0])
    assert [a is b for a, b in zip(both, [*one, *two], strict=True)] == [True, True]
