"""The part of a script that splits, trains and tests, as core.data.splits and core.train do."""

from __future__ import annotations

from core.design.cost import evaluation_batch
from core.design.script import settings
from core.design.script.calls import literal, statement
from core.design.whitening import FLOOR, LEAST, PATCHES, sample_size
from core.specs import AugmentSpec, TrainSpec

_DIGEST = '''\
def digest(content):
    """A short hash of some bytes."""
    return hashlib.blake2b(content, digest_size=8).digest()'''

_SPLIT = '''\
def split(names, labels, parts, twins):
    """Row numbers for training, validation and test.

    Of each class those images are drawn whose names have the smallest hashes. Images whose `twins`
    are equal stay together; those of one of the set's own test images are left out.
    """
    last = defaultdict(int)
    for key, part in zip(twins, parts, strict=True):
        last[key] = max(last[key], part)
    order = sorted(range(len(names)), key=lambda row: digest(f"{SPLIT_SEED}:{names[row]}".encode()))
    order = [row for row in order if parts[row] == last[twins[row]]]
    together = defaultdict(list)
    for row in order:
        together[twins[row]].append(row)
    drawn = parts.copy()

    def draw(into, share, keep):
        """Move a share of each class from training to `into`; `keep` images stay."""
        count = Counter(labels[row] for row in order if drawn[row] == TRAIN)
        left = Counter()
        for rows in together.values():
            left.update({labels[row] for row in rows if drawn[row] == TRAIN})
        taken = Counter()
        for too_large in (False, True):  # twins as they fit; then at least one image of a class
            for row in order:
                label, rows = labels[row], together[twins[row]]
                if drawn[row] != TRAIN or left[label] <= keep:
                    continue
                wanted = max(1, round(count[label] * share))
                if not taken[label] if too_large else taken[label] + len(rows) <= wanted:
                    drawn[rows] = into
                    taken.update(labels[rows])
                    left.subtract(set(labels[rows]))

$draws
    chosen = np.sort(order)
    return [chosen[drawn[chosen] == part] for part in (TRAIN, VALIDATION, TEST)]'''

_DRAW_BOTH = """\
    if TEST not in parts:
        draw(TEST, TEST_SHARE, keep=1 if VALIDATION in parts else 2)
    if VALIDATION not in parts:
        draw(VALIDATION, VALIDATION_SHARE, keep=1)"""
_DRAW_ONE = "    draw(VALIDATION, VALIDATION_SHARE, keep=1)"

_PART = '''\
def part_of(rows, names, labels, twins):
    """A share of each class's rows; twins come together."""
    together = defaultdict(list)
    for row in sorted(rows, key=lambda row: digest(f"{SPLIT_SEED}:{names[row]}".encode())):
        together[twins[row]].append(row)
    wanted = np.maximum(1, np.rint(np.bincount(labels[rows]) * TRAIN_SHARE))
    passed, taken = np.zeros(len(wanted)), []
    for some in together.values():
        counts = np.bincount(labels[some], minlength=len(wanted))
        fits = (passed + counts / 2 <= wanted) | (passed == 0)
        if np.any(fits & (counts > 0)):
            taken += some
        passed += counts
    return np.sort(taken)'''

_WHITEN = '''\
def whiten(model, images):
    """Give the convolution that is not trained its weights: the images' commonest patterns, all
    made equally strong, and their negatives.
    """
    for layer in model.layers:
        if layer.trainable:
            continue
        before, size = keras.Model(model.inputs[0], layer.input), layer.kernel_size[0]
        total, count = 0.0, 0
        for start in range(0, len(images), 32):
            for image in np.asarray(before(images[start : start + 32], training=False)):
                short = [(0, max(0, size - side)) for side in image.shape[:2]]
                image = np.pad(image, (*short, (0, 0)))
                windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
                down, across = windows.shape[:2]
                places = np.unique(np.linspace(0, down * across - 1, $patches).round().astype(int))
                some = windows[places // across, places % across].transpose(0, 2, 3, 1)
                patches = some.reshape(len(places), -1)
                total = total + (patches.T @ patches).astype(np.float64)
                count += len(places)
        spreads, directions = np.linalg.eigh(total / count)
        floor = $floor * spreads.mean() + $least
        even = directions / np.sqrt(np.maximum(spreads, 0.0) + floor)
        half = even[:, ::-1][:, : layer.filters // 2]
        half = half * np.sign(half[np.abs(half).argmax(axis=0), np.arange(half.shape[1])])
        both = np.concatenate([half, -half], axis=1, dtype=np.float32)
        layer.set_weights([both.reshape(layer.kernel.shape)])'''

_MIRRORED = '''\
class Mirrored(keras.Model):
    """Trains a network as it is; answers with the mean for an image and its mirror image."""

    def __init__(self, network):
        super().__init__()
        image = keras.Input((SIZE, SIZE, CHANNELS), dtype="uint8")
        both = [network(image), network(keras.ops.flip(image, axis=2))]
        self.network, self.mean = network, keras.Model(image, layers.Average()(both))

    def call(self, images, training=False):
        return (self.network if training else self.mean)(images, training=training)'''

_BATCHES = '''\
class Batches(keras.utils.PyDataset):
    """Images in batches$about."""

    def __init__(self, images, labels, size, training=False):
        super().__init__()
        self.images, self.labels, self.size, self.training = images, labels, size, training
        self.epoch, self.order = -1, np.arange(len(labels))

    def on_epoch_begin(self):
        self.epoch += 1
        if self.training:
            self.order = np.random.default_rng((SEED, self.epoch)).permutation(len(self.labels))

    def __len__(self):
        return math.ceil(len(self.labels) / self.size)

    def __getitem__(self, number):
        rows = self.order[number * self.size : (number + 1) * self.size]
        return $images, self.labels[rows]'''

_MAIN = '''\
def main():
    """Read the images, train, test the best epoch's weights and save the model."""
    $read = load_images(Path(sys.argv[1]) if sys.argv[1:] else DATA)
$found
$drawn$twins    train, validation, test = split(names, labels, parts, twins)
$part    print(f"{len(train)} training, {len(validation)} validation and {len(test)} test images")
    print(f"{len($classes)} classes: {', '.join($classes)}")

    keras.utils.set_random_seed(SEED)
    model = build_model(len($classes))
$whiten$mirror    model.compile(
        optimizer=keras.optimizers.$optimizer,
        loss=$loss,
        metrics=$metrics,
    )
$best
    model.fit(
        Batches(images[train], labels[train], BATCH_SIZE, training=True),
        validation_data=Batches(images[validation], labels[validation], $at_once),
        epochs=EPOCHS,
        shuffle=False,  # $shuffled
        callbacks=[$callbacksbest],
$weights        verbose=2,
    )
    $told = model.evaluate(Batches(images[test], labels[test], $at_once), verbose=0)
    print(f"Best epoch {best.best_epoch + 1}: test loss {loss:.4f}, test accuracy {accuracy:.1%}")
    model$mean.save("model.keras")


if __name__ == "__main__":
    main()'''


_WHITENED = """\
    some = np.linspace(0, len(train) - 1, min($sample, len(train))).round().astype(int)
    whiten(model, images[train[np.unique(some)]])
"""
_FOUND = "    classes, labels = np.unique(labels, return_inverse=True)"


_COPIES = """\
    twins = [digest(image.tobytes()) for image in images]
"""
_NEAR_TWINS = """\
    twins = near_twins(hashes, [digest(image.tobytes()) for image in images], labels)
"""
_REDRAWN = """\
    parts = np.full_like(parts, TRAIN)  # validation and test are drawn anew from all images
"""
_PARTED = """\
    train = part_of(train, names, labels, twins)
"""
_SHUFFLE = """\
        if self.training:
            self.order = np.random.default_rng((SEED, self.epoch)).permutation(len(self.labels))
"""


def split_functions(own_test: bool, *, part: bool = False) -> list[str]:
    """Sources of the functions that split: split(names, labels, parts, twins), and where only a `part`
    of the training images is learned from, part_of(rows, names, labels, twins)."""
    whole = _SPLIT.replace("$draws", _DRAW_ONE if own_test else _DRAW_BOTH)
    return [_DIGEST, whole, *([_PART] if part else [])]


def batches(augment: AugmentSpec, *, shuffle: bool = True) -> str:
    """The source of the class that feeds images."""
    plain = "self.images[rows]"
    text = _BATCHES.replace("$about", "; in training their order is new in every epoch" * shuffle)
    if not shuffle:
        text = text.replace(_SHUFFLE, "")
    if not augment.active:
        return text.replace("$images", plain)
    return text.replace("$images", "images").replace(
        "        return images",
        f"        images = changed({plain}) if self.training else {plain}\n        return images",
    )


def whiten_function() -> str:
    """The source of whiten(model, images)."""
    text = _WHITEN.replace("$floor", literal(FLOOR)).replace("$least", literal(LEAST))
    return text.replace("$patches", str(PATCHES))


def mirrored_class() -> str:
    """The source of the class that averages what a network says of an image and its mirror image."""
    return _MIRRORED


def main_function(
    train: TrainSpec,
    shape: tuple[int, int, int],
    *,
    own_classes: bool,
    whiten: bool = False,
    mirror: bool = False,
    drawn: bool = False,
    near_twins: bool = False,
) -> str:
    """The source of main(), and its call.

    Args:
        whiten: the design has weights that come from the images.
        mirror: answers are averaged with those for mirror images.
        own_classes: the set has fixed classes, else they are the folders' names.
        drawn: validation and test images are drawn, whatever the set says.
        near_twins: load_images tells perceptual hashes too, by which images are kept together.
    """
    smooth = bool(train.label_smoothing)
    loss = "smoothed" if smooth else '"sparse_categorical_crossentropy"'
    plain = ', keras.metrics.SparseCategoricalCrossentropy(name="crossentropy")' if smooth else ""
    monitor = [f"monitor={literal(settings.monitor(train))}", 'mode="min"'] if smooth else []
    stopping = [*monitor, "patience=PATIENCE", "restore_best_weights=True"]
    best = statement("best = ", "keras.callbacks.EarlyStopping", stopping, "", indent=1)
    balanced = train.class_weights == "balanced"
    text = _MAIN
    for mark, source in {
        "$optimizer": settings.optimizer(train),
        "$loss": loss,
        "$metrics": f'["accuracy"{plain}]',
        "$best": "\n".join(best),
        "$callbacks": "".join(f"{item}, " for item in settings.callbacks(train)),
        "$weights": "        class_weight=class_weights(labels[train]),\n" if balanced else "",
        "$whiten": _WHITENED.replace("$sample", str(sample_size(shape))) if whiten else "",
        "$mirror": "    model = Mirrored(model)\n" if mirror else "",
        "$mean": ".mean" if mirror else "",
        "$drawn": _REDRAWN if drawn else "",
        "$twins": _NEAR_TWINS if near_twins else _COPIES,
        "$part": _PARTED if train.train_share < 1.0 else "",
        "$read": f"names, labels, parts, images{', hashes' if near_twins else ''}",
        "$shuffled": "done already" if train.shuffle else "as they come",
        "$told": "_, accuracy, loss" if smooth else "loss, accuracy",
        "$at_once": str(evaluation_batch(shape)),
        **(
            {"$found\n": "", "$classes": "CLASSES"}
            if own_classes
            else {"$found": _FOUND, "$classes": "classes"}
        ),
    }.items():
        text = text.replace(mark, source)
    return text
