"""faces-ffhq-1024 against the OpenVINO runtime, whole pictures: what the stored pieces in tests/data are cut from.

    python tests/benchmarks/measure_openvino.py WHEEL [MODEL]

WHEEL is that of random-face 2021.7.21.1, MODEL what `ganviz models get faces-ffhq-1024` made of it, by default in the
cache. Needs the package openvino, which nothing else here does: pip install -c constraints.txt -e .[reference]
"""

import math
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import platformdirs
import torch

from ganviz import checkpoint, latent

DATA = Path(__file__).parents[1] / "data" / "importers" / "faces-ffhq-1024.npz"


def main(wheel: str, model: str = "") -> int:
    import openvino

    path = Path(model) if model else platformdirs.user_cache_path("ganviz") / "models" / "faces-ffhq-1024.safetensors"
    generator = checkpoint.load(path)
    with np.load(DATA, allow_pickle=False) as file:
        seeds, psis = file["seeds"], file["psis"]
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith("random_face/data/") and name.endswith((".xml", ".bin")):
                    (Path(folder) / Path(name).name).write_bytes(archive.read(name))
        core = openvino.Core()
        # In bf16, which it takes by itself where the processor has it, its pictures are not those of float32.
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        mapping, synthesis = (
            core.compile_model(str(Path(folder) / f"{name}.xml"), "CPU", settings)
            for name in ("MappingNetwork", "SynthesisNetwork")
        )
        worst, farthest = math.inf, 0.0
        for seed, psi in zip(seeds, psis, strict=True):
            z = latent.seeds([seed], generator.spec.z_dim)
            w = torch.from_numpy(np.array(mapping(z.numpy())[0]))
            apart = (generator.mapping(z)[:, 0] - w).abs().max().item() / w.abs().max().item()
            cut = generator.w_avg + float(psi) * (w - generator.w_avg)
            theirs = np.array(synthesis(cut.numpy())[0])[0]
            ours = generator.synthesis(latent.truncate(generator.mapping(z), generator, float(psi)))[0].numpy()
            alone = generator.synthesis(cut[:, None].repeat(1, generator.spec.num_ws, 1))[0].numpy()
            ours, alone, theirs = (np.clip(x, -1, 1) for x in (ours, alone, theirs))
            psnr = 10 * math.log10(4 / np.mean(np.square(ours - theirs, dtype=np.float64)))
            most, most_alone = np.abs(ours - theirs).max(), np.abs(alone - theirs).max()
            levels = [np.round((x + 1) * 127.5).astype(int) for x in (ours, theirs)]
            same = np.mean(levels[0] == levels[1])
            print(
                f"seed {seed}, psi {psi:g}: PSNR {psnr:.1f} dB, {100 * same:.3f} % of the bytes equal; "
                f"largest difference {most:.1e}, of w {apart:.1e}, from the same w {most_alone:.1e}",
                flush=True,
            )
            worst, farthest = min(worst, psnr), max(farthest, most_alone)
    print(f"worst {worst:.1f} dB, OpenVINO {openvino.__version__}")
    return int(worst < 50 or farthest > 1e-4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.inference_mode():
        sys.exit(main(*sys.argv[1:]))
