"""What runs a frozen backbone over images: LiteRT in 8-bit integers, or ONNX Runtime in floats."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core import processors
from core.design.backbones import Scale
from core.errors import ModelError

Images = NDArray[np.uint8]
_AT_ONCE = 16  # images that go through LiteRT together; more take no less time, and more memory
_FEW = 4  # the same for ONNX Runtime


# what is done to some images before they go through: uint8 [n, ...] -> uint8 [n, size, size, 3]
Prepare = Callable[[Images], Images]


def as_they_are(images: Images) -> Images:
    """Prepares nothing."""
    return images


class Engine(Protocol):
    """Runs a backbone."""

    @property
    def width(self) -> int:
        """How many features an image has."""

    def run(self, images: Images, prepare: Prepare = as_they_are) -> NDArray[np.float32]:
        """Features float32 [n, width] of images, uint8 [n, size, size, 3] once they are prepared."""


class LiteRT:
    """A model of core.transfer.int8, an interpreter for each processor. One caller at a time is served.

    Args:
        path: of the model.
        size: height and width of the images.
        mean: what is taken from bytes, before they are divided by `spread`; of all channels or of each.
    """

    def __init__(
        self, path: Path, size: int, mean: Scale, spread: Scale, threads: int | None = None
    ) -> None:
        try:
            content = path.read_bytes()
            self._interpreters = [
                _interpreter(content, (_AT_ONCE, size, size, 3))
                for _ in range(threads or processors.count())
            ]
        except (OSError, ValueError, RuntimeError) as error:
            raise _unreadable(path, "LiteRT", error) from error
        self._calls = threading.Lock()
        self._pixels = 3 * size * size
        first = self._interpreters[0]
        (given,), (told,) = first.get_input_details(), first.get_output_details()
        self._input, self._output = given["index"], told["index"]
        self.width = math.prod(map(int, told["shape"][1:]))
        scale, zero = given["quantization"]
        # what every byte becomes, in all channels or in each
        steps = np.rint((np.arange(256)[:, None] - mean) / spread / scale + zero)
        self._table = np.clip(steps, -128, 127).astype(np.int8)

    def run(self, images: Images, prepare: Prepare = as_they_are) -> NDArray[np.float32]:
        """Features float32 [n, width] of images, uint8 [n, size, size, 3] once they are prepared."""
        with self._calls:
            return self._run(images, prepare)

    def _run(self, images: Images, prepare: Prepare) -> NDArray[np.float32]:
        made = np.empty((len(images), self.width), np.float32)
        starts = iter(range(0, len(images), _AT_ONCE))
        turn = threading.Lock()
        failures: list[Exception] = []

        def work(interpreter: Any) -> None:
            try:
                while not failures:
                    with turn:
                        start = next(starts, None)
                    if start is None:
                        return
                    part = self._scaled(images[start : start + _AT_ONCE], prepare)
                    whole = np.zeros((_AT_ONCE, *part.shape[1:]), np.int8)
                    whole[: len(part)] = part
                    interpreter.set_tensor(self._input, whole)
                    interpreter.invoke()
                    told = interpreter.get_tensor(self._output)
                    made[start : start + len(part)] = told[: len(part)].reshape(len(part), -1)
            except Exception as error:  # it is raised where it can be caught
                failures.append(error)

        threads = [threading.Thread(target=work, args=(one,)) for one in self._interpreters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in failures:
            raise error
        return made

    def _scaled(self, images: Images, prepare: Prepare) -> NDArray[np.int8]:
        """The images as the model takes them, int8 [n, size, size, 3]."""
        if images[0].size >= self._pixels:
            return self._looked_up(prepare(images))
        # to be enlarged: what every byte becomes is looked up while there are few of them
        lifted = self._looked_up(images).view(np.uint8) ^ np.uint8(128)
        found: NDArray[np.int8] = (prepare(lifted) ^ np.uint8(128)).view(np.int8)
        return found

    def _looked_up(self, images: Images) -> NDArray[np.int8]:
        if self._table.shape[1] == 1:
            plain: NDArray[np.int8] = self._table[:, 0][images]
            return plain
        found: NDArray[np.int8] = self._table[images, np.arange(3)]
        return found


class Onnx:
    """A model from images, as bytes or floats from 0 to 255, to features: for what LiteRT cannot run.

    Args:
        path: of the model.
        size: height and width of the images.
    """

    def __init__(self, path: Path, size: int) -> None:
        import onnxruntime

        try:
            self._session = onnxruntime.InferenceSession(
                str(path), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises errors of its own
            raise _unreadable(path, "ONNX", error) from error
        (given,) = self._session.get_inputs()
        self._input = given.name
        self._kind = np.uint8 if given.type == "tensor(uint8)" else np.float32
        # of maps it depends on the images: the model says nothing of it
        blank = np.zeros((1, size, size, 3), self._kind)
        self.width = int(self._session.run(None, {self._input: blank})[0].size)

    def run(self, images: Images, prepare: Prepare = as_they_are) -> NDArray[np.float32]:
        """Features float32 [n, width] of images, uint8 [n, size, size, 3] once they are prepared."""
        made = np.empty((len(images), self.width), np.float32)
        for start in range(0, len(images), _FEW):
            part = prepare(images[start : start + _FEW]).astype(self._kind)
            told = self._session.run(None, {self._input: part})[0]
            made[start : start + len(part)] = told.reshape(len(part), -1)
        return made


def seconds(engine: Engine, size: int) -> float:
    """How long an image of that size takes here, as many as it has at once; the best of two rounds."""
    count = _AT_ONCE * processors.count() if isinstance(engine, LiteRT) else _FEW
    images = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    engine.run(images)  # the first time takes longer
    took = []
    for _ in range(2):
        begun = time.perf_counter()
        engine.run(images)
        took.append(time.perf_counter() - begun)
    return min(took) / count


def _unreadable(path: Path, kind: str, error: Exception) -> ModelError:
    return ModelError(
        f"The model {path.name} cannot be read",
        expected=f"a whole {kind} model at {path}",
        received=(str(error).strip().splitlines() or [type(error).__name__])[0][:200],
        remedy=f"Delete {path} if it is there, so that it is made again",
    )


def _interpreter(content: bytes, shape: tuple[int, ...]) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_content=content, num_threads=1)  # unlike a file's, it is verified
    made.resize_tensor_input(made.get_input_details()[0]["index"], shape)
    made.allocate_tensors()
    return made
