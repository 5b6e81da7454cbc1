"""What each fault means, in two sentences for a person who hears of it for the first time."""

from __future__ import annotations

from core.health.diagnosis import Fault

EXPLAINED = {
    Fault.INPUTS: "Large inputs make large sums, and gradients that are too large for the learning "
    "rate. Brought to a range of about 1, the same images train several times faster and more "
    "surely.",
    Fault.ORDER: "A batch of one class teaches the network to name that class, and the next batch to "
    "forget it. Mixed batches pull the weights into a direction that is good for all classes.",
    Fault.PARTS: "Validation tells how good the model is on images like those it checks, and these "
    "are of another kind than those it learns from. Its figures then say more about the "
    "difference than about the model.",
    Fault.EXPLODING: "Each step overshoots, the next gradient is larger still, and soon the numbers "
    "leave all bounds. Smaller steps, or gradients cut to a length, keep them together.",
    Fault.DEAD: "A ReLU passes on only what is above 0; once its sum is below 0 for every image, its "
    "gradient is 0 too, and it never learns again. Too large steps early on are the usual cause.",
    Fault.VANISHING: "On its way back through many layers the gradient is multiplied by the slope of "
    "each curve; sigmoid's is a quarter at most. The first layers then hardly move, and the last "
    "ones learn from what is little more than noise.",
    Fault.RATE_HIGH: "Each step jumps over the valley that it should walk into. The loss stays high or "
    "leaps about instead of falling.",
    Fault.RATE_LOW: "Each step is so small that the weights hardly move from where they began. The loss "
    "falls, but it would take hundreds of epochs to get anywhere.",
    Fault.LAG: "In training, batch normalization goes by the batch at hand; afterwards it goes by running "
    "averages, which start from nothing and take in a little of each batch. After few batches they "
    "do not know the images yet, and validation is worse than the network is.",
    Fault.COLLAPSE: "Naming one class for every image is an easy way to be right often when that class "
    "is frequent. The network has stopped looking at the images.",
    Fault.NOISE: "A model that is as sure when it is wrong as when it is right may be right after all: "
    "the labels of these images may be the mistake. Training on wrong labels teaches them.",
    Fault.OVERFITTING: "The network goes on to learn the training images by heart, which does not help "
    "with others. From the turning point on it gets surer of its mistakes.",
    Fault.PLATEAU: "The loss fell and then stopped, though the network could do better. Its steps have "
    "become too large to settle, or too small to move.",
    Fault.UNDERFITTING: "The network is too small for what there is to tell apart: it is as wrong on the "
    "images that it learns from as on new ones. More filters, more layers or more time help; more "
    "images do not.",
}
