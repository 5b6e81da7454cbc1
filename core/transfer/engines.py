"""What runs a frozen backbone over images: LiteRT in 8-bit integers, or ONNX Runtime in floats."""

from __future__ import annotations

import importlib.util
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
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

    @property
    def kept(self) -> type[np.floating | np.int8]:
        """The kind of numbers in which nothing is lost that matters when features are kept."""

    def run(self, images: Images, prepare: Prepare = as_they_are) -> NDArray[Any]:
        """Features [n, width] of images, uint8 [n, size, size, 3] once they are prepared."""


def has_litert() -> bool:
    """Whether LiteRT is here: it is not made for every machine."""
    return importlib.util.find_spec("ai_edge_litert") is not None


class LiteRT:
    """A model of core.transfer.int8, an interpreter for each processor.

    Several callers share the interpreters, in the order in which they came.

    Args:
        path: of the model.
        size: height and width of the images.
        mean: what is taken from bytes, before they are divided by `spread`; of all channels or of each.
        outputs: places of the outputs that are wanted, one after the other in a row of features.
            Of several, or of one that is no float, the numbers are int8 as they are.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        mean: Scale,
        spread: Scale,
        *,
        outputs: Sequence[int] = (0,),
        threads: int | None = None,
    ) -> None:
        try:
            content = path.read_bytes()
            interpreters = [
                _interpreter(content, (_AT_ONCE, size, size, 3))
                for _ in range(threads or processors.count())
            ]
        except (OSError, ValueError, RuntimeError) as error:
            raise _unreadable(path, "LiteRT", error) from error
        self._pool = ThreadPoolExecutor(len(interpreters))
        self._free: SimpleQueue[Any] = SimpleQueue()
        for one in interpreters:
            self._free.put(one)
        self._pixels = 3 * size * size
        first = interpreters[0]
        (given,), all_told = first.get_input_details(), first.get_output_details()
        told = [all_told[place] for place in outputs]
        self._input, self._outputs = given["index"], [one["index"] for one in told]
        self._kind = told[0]["dtype"]
        self.kept: Any = np.int8 if self._kind == np.int8 else np.float16
        # of each output: its shape, what a step of it is worth, and the step that is worth nothing
        self.shapes = [tuple(map(int, one["shape"][1:])) for one in told]
        self.steps = [(float(one["quantization"][0]), int(one["quantization"][1])) for one in told]
        self.width = sum(map(math.prod, self.shapes))
        scale, zero = given["quantization"]
        # what every byte becomes, in all channels or in each
        steps = np.rint((np.arange(256)[:, None] - mean) / spread / scale + zero)
        self._table = np.clip(steps, -128, 127).astype(np.int8)

    def run(self, images: Images, prepare: Prepare = as_they_are) -> NDArray[Any]:
        """Features [n, width] of images, uint8 [n, size, size, 3] once they are prepared."""
        made = np.empty((len(images), self.width), self._kind)

        def work(start: int) -> None:
            part = self._scaled(images[start : start + _AT_ONCE], prepare)
            whole = np.zeros((_AT_ONCE, *part.shape[1:]), np.int8)
            whole[: len(part)] = part
            interpreter = self._free.get()
            try:
                interpreter.set_tensor(self._input, whole)
                interpreter.invoke()
                place = 0
                for index in self._outputs:
                    told = interpreter.get_tensor(index)[: len(part)].reshape(len(part), -1)
                    made[start : start + len(part), place : place + told.shape[1]] = told
                    place += told.shape[1]
            finally:
                self._free.put(interpreter)

        for _ in self._pool.map(work, range(0, len(images), _AT_ONCE)):
            pass
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

    What it has for outputs comes one after the other in a row.

    Args:
        path: of the model.
        size: height and width of the images.
    """

    kept = np.float16

    def __init__(self, path: Path, size: int) -> None:
        import onnxruntime

        try:
            self._session = onnxruntime.InferenceSession(
                str(path), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises errors of its own
            raise _unreadable(path, "ONNX", error) from error
        self._calls = threading.Lock()
        (given,) = self._session.get_inputs()
        self._input = given.name
        self._kind = np.uint8 if given.type == "tensor(uint8)" else np.float32
        # of maps it depends on the images: the model says nothing of it
        blank = np.zeros((1, size, size, 3), self._kind)
        told = self._session.run(None, {self._input: blank})
        self.shapes = [tuple(map(int, one.shape[1:])) for one in told]
        self.width = sum(map(math.prod, self.shapes))

    def run(self, images: Images, prepare: Prepare = as_they_are) -> NDArray[np.float32]:
        """Features float32 [n, width] of images, uint8 [n, size, size, 3] once they are prepared."""
        made = np.empty((len(images), self.width), np.float32)
        for start in range(0, len(images), _FEW):
            part = prepare(images[start : start + _FEW]).astype(self._kind)
            with self._calls:  # it uses all processors itself
                told = self._session.run(None, {self._input: part})
            rows = [one.reshape(len(part), -1) for one in told]
            made[start : start + len(part)] = np.concatenate(rows, axis=1)
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
