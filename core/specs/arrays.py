"""Published sets of small images, and what is known of them without having them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core import workspace


@dataclass(frozen=True)
class ArraySet:
    """A published set of small images, as Keras and others ship it."""

    name: str
    title: str
    description: str
    keras_name: str  # module in keras.datasets
    size: int
    channels: int
    classes: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where its file is looked for."""
        return workspace.datasets_folder() / f"{self.name}.npz"


ARRAY_SETS = (
    ArraySet(
        # Krizhevsky, Learning multiple layers of features from tiny images, 2009
        "cifar10",
        "CIFAR-10",
        "60,000 colour photos of 32 px in 10 classes of animals and vehicles",
        "cifar10",
        32,
        3,
        (
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
    ),
    ArraySet(
        # LeCun, Cortes, Burges, The MNIST database of handwritten digits
        "mnist",
        "MNIST",
        "70,000 handwritten digits of 28 px, greyscale",
        "mnist",
        28,
        1,
        tuple("0123456789"),
    ),
    ArraySet(
        # Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017
        "fashion-mnist",
        "Fashion-MNIST",
        "70,000 pieces of clothing of 28 px, greyscale",
        "fashion_mnist",
        28,
        1,
        (
            "T-shirt/top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
    ),
)
