"""Transfer as PyTorch's tutorial has it: ``python benchmarks/transfer_torch.py WEIGHTS IMAGES EPOCHS``.

https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html, "ConvNet as fixed feature
extractor": the network is frozen, a linear layer in place of its last one is trained, and all images
go through both in every epoch. IMAGES is an .npz of uint8 images and labels: x_train, y_train, x_test,
y_test. The answer is JSON: seconds of training, and the test accuracy. It needs PyTorch and NumPy alone.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
from lite0_torch import Lite0
from torch import nn
from torch.nn import functional

_BATCH = 32


def scaled(images: torch.Tensor) -> torch.Tensor:
    """Bytes [n, height, width, 3] as the network takes them, [n, 3, height, width]."""
    found = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
    return found.contiguous(memory_format=torch.channels_last)


def main() -> None:
    """Train and test once."""
    torch.manual_seed(0)
    with np.load(sys.argv[2]) as file:
        data = {name: torch.from_numpy(file[name]) for name in file.files}
    model = Lite0()
    model.load_state_dict(torch.load(sys.argv[1], weights_only=True))
    for weight in model.parameters():
        weight.requires_grad = False
    model._fc = nn.Linear(1280, int(data["y_train"].max()) + 1)
    model = model.to(memory_format=torch.channels_last).eval()
    optimizer = torch.optim.Adam(model._fc.parameters(), 1e-3)
    begun = time.perf_counter()
    for _ in range(int(sys.argv[3])):
        for rows in torch.randperm(len(data["x_train"])).split(_BATCH):
            loss = functional.cross_entropy(
                model(scaled(data["x_train"][rows])), data["y_train"][rows]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    seconds = time.perf_counter() - begun
    with torch.inference_mode():
        right = sum(
            int((model(scaled(x)).argmax(1) == y).sum())
            for x, y in zip(data["x_test"].split(_BATCH), data["y_test"].split(_BATCH), strict=True)
        )
    print(json.dumps({"seconds": seconds, "accuracy": right / len(data["y_test"])}))


if __name__ == "__main__":
    main()
