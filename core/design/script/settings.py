"""Training settings as Keras source: optimizer, learning rate, loss and changes of images."""

from __future__ import annotations

from core.design.script.calls import literal
from core.specs import AugmentSpec, TrainSpec

_CLASSES = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}

_SCHEDULE = '''\
class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of every step."""

    def __init__(self, steps):
        self.steps = steps  # of an epoch

    def __call__(self, step):
        step, total = keras.ops.cast(step, "float32"), EPOCHS * self.steps
        rise = $rise
        rising = $rising
        later = $after
        return LEARNING_RATE * keras.ops.where(step < rise, rising, later)

    def get_config(self):
        return {"steps": self.steps}'''

_AFTER = {
    "constant": "1.0",
    "step": "$factor ** (step // ($every * self.steps))",
    "cosine": "0.5 * (1 + keras.ops.cos(np.pi * (step - rise) / max(1, total - rise)))",
    "one-cycle": "(total - step) / max(1, total - rise)",
}

_SMOOTHED = '''\
def smoothed(labels, chances):
    """Cross-entropy with a part of each label shared out to all classes."""
    likely = keras.ops.log(keras.ops.clip(chances, 1e-7, 1.0))
    own = keras.losses.sparse_categorical_crossentropy(labels, chances)
    return (1 - LABEL_SMOOTHING) * own - LABEL_SMOOTHING * keras.ops.mean(likely, axis=-1)'''

_WEIGHTS = '''\
def class_weights(labels):
    """Weights by which all classes count the same."""
    counts = np.bincount(labels)
    return {label: len(labels) / (len(counts) * max(1, n)) for label, n in enumerate(counts)}'''


# a plateau's callback sets the learning rate, which no schedule would let it do
_WARM_UP = '''\
class WarmUp(keras.callbacks.Callback):
    """Lets the learning rate rise from nothing in the first steps."""

    def on_train_batch_begin(self, batch, logs=None):
        step, steps = int(self.model.optimizer.iterations) + 1, self.params["steps"]
        rise = min(round($warmup * steps), EPOCHS * steps)
        if step <= rise:
            self.model.optimizer.learning_rate = LEARNING_RATE * step / rise'''


def has_schedule(train: TrainSpec) -> bool:
    """Whether a rule sets the learning rate of every step."""
    if train.schedule == "plateau":
        return False
    return train.schedule != "constant" or train.warmup > 0


def functions(train: TrainSpec, augment: AugmentSpec) -> list[str]:
    """Sources of the functions and classes that the other pieces use."""
    found = []
    if has_schedule(train):
        found.append(_rate(train))
    elif train.warmup:
        found.append(_WARM_UP.replace("$warmup", literal(train.warmup)))
    if train.label_smoothing:
        found.append(_SMOOTHED)
    if train.class_weights == "balanced":
        found.append(_WEIGHTS)
    if augment.active:
        found.append(_changes(augment))
    return found


def _rate(train: TrainSpec) -> str:
    cycle = train.schedule == "one-cycle"
    after = _AFTER[train.schedule].replace("$factor", literal(train.decay_factor))
    after = after.replace("$every", str(train.decay_epochs))
    rise = f"min(round({literal(train.warmup)} * self.steps), total)"
    rise = f"{rise} or round(0.3 * total)" if cycle else rise
    rising = "0.04 + 0.96 * (step + 1) / max(1, rise)" if cycle else "(step + 1) / max(1, rise)"
    return _SCHEDULE.replace("$rising", rising).replace("$rise", rise).replace("$after", after)


def optimizer(train: TrainSpec) -> str:
    """The call that makes the optimizer, after ``keras.optimizers.``."""
    rate = "Rate(math.ceil(len(train) / BATCH_SIZE))" if has_schedule(train) else "LEARNING_RATE"
    given = [rate]
    if train.optimizer == "sgd":
        given.append(f"momentum={literal(train.momentum)}")
        given += ["nesterov=True"] if train.nesterov else []
    if train.weight_decay is not None and (train.weight_decay or train.optimizer == "adamw"):
        given.append(f"weight_decay={literal(train.weight_decay)}")
    if train.clip_norm:
        given.append(f"global_clipnorm={literal(train.clip_norm)}")
    if train.average:
        given.append(f"use_ema=True, ema_momentum={literal(train.average)}")
    return f"{_CLASSES[train.optimizer]}({', '.join(given)})"


def callbacks(train: TrainSpec) -> list[str]:
    """Calls that make Keras's callbacks, but for the one that keeps the best epoch; that comes last."""
    found = []
    if train.schedule == "plateau":
        found += ["WarmUp()"] if train.warmup else []
        found.append(
            f"keras.callbacks.ReduceLROnPlateau({literal(monitor(train))}, "
            f"{literal(train.decay_factor)}, {train.decay_epochs}, min_delta=0.0)"
        )
    if train.average:
        found.append("keras.callbacks.SwapEMAWeights(swap_on_epoch=True)")
    return found


def monitor(train: TrainSpec) -> str:
    """The name of the validation loss without label smoothing."""
    return "val_crossentropy" if train.label_smoothing else "val_loss"


def _changes(augment: AugmentSpec) -> str:
    """The source of a function that changes training images."""
    layers = []
    if augment.flip != "none":
        mode = {"both": "horizontal_and_vertical"}.get(augment.flip, augment.flip)
        layers.append(f"layers.RandomFlip({literal(mode)}),")
    if augment.shift:
        amount = literal(augment.shift)
        layers.append(f'layers.RandomTranslation({amount}, {amount}, fill_mode="reflect"),')
    if augment.rotation:
        amount = literal(round(augment.rotation / 360, 6))
        layers.append(f'layers.RandomRotation({amount}, fill_mode="reflect"),')
    if augment.zoom:
        layers.append(f'layers.RandomZoom({literal(augment.zoom)}, fill_mode="reflect"),')
    if augment.contrast:
        layers.append(f"layers.RandomContrast({literal(augment.contrast)}, value_range=(0, 255)),")
    missing = [name for name in ("cutout", "mixup", "cutmix") if getattr(augment, name)]
    note = f"# the design was trained with {', '.join(missing)} too, which is not part of this script\n"
    body = "\n".join(f"        {line}" for line in layers)
    made = f"    [\n{body}\n    ]\n" if layers else "    []\n"
    return (
        (note if missing else "")
        + f"CHANGES = keras.Sequential(\n{made})\n\n\n"
        + '''def changed(images):
    """Training images as no epoch has seen them; random in another way than in Layerwise."""
    images = CHANGES(keras.ops.cast(images, "float32"), training=True)
    return np.clip(np.round(images), 0, 255).astype("uint8")'''
    )
