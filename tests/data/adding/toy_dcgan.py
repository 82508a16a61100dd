"""A DCGAN as a made-up program saves it: `toy.0.filter`, `toy.0.scale`, ... of pictures of 16 pixels a side."""

import numpy as np

from ganviz.importers import Asked, Converted
from ganviz.importers.reader import Source
from ganviz.importers.transfer import Transfer

NORM = {"scale": "weight", "shift": "bias", "running_mean": "running_mean", "running_var": "running_var"}


class ToyDCGAN:
    label = "DCGAN of a made-up program"
    arch = "dcgan"
    asks = ()

    def recognises(self, source: Source) -> bool:
        return source.first("toy.0.filter", "toy.2.filter") is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = source.first("toy.0.filter", "toy.2.filter")
        assert found is not None
        name, weights = found
        transfer = Transfer(weights)
        z_dim, _, _, _ = transfer.shape("toy.0.filter", 4)
        base, channels, _, _ = transfer.shape("toy.2.filter", 4)
        tensors = {}
        for k in range(3):
            tensors[f"convs.{k}.weight"] = transfer.take(f"toy.{k}.filter", None, None, 4, 4)
        tensors["convs.2.bias"] = transfer.take("toy.2.offset", channels)
        for k in range(2):
            for theirs, ours in NORM.items():
                tensors[f"norms.{k}.{ours}"] = transfer.take(f"toy.{k}.{theirs}", None)
            tensors[f"norms.{k}.num_batches_tracked"] = np.zeros((), np.int64)  # which the file does without
        transfer.done()
        config = {"resolution": 16, "channels": channels, "z_dim": z_dim, "base_channels": base}
        return Converted(self.arch, config, tensors, facts={"mapped": name or "the whole file"})
