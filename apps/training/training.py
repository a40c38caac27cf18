"""A training loop: a small neural network learns to tell two spirals apart, by gradient steps over all the data.

Weights, momentum, step counter and loss curve are in memory only. Data and first weights come from a fixed seed, so the loss
after a step is always the same on the same machine: a lost, repeated or damaged step shows in the curve.
"""

import argparse
import hashlib

import numpy as np

from answering import Identity, Rhythm, Server, prepare

PORT = 8080
SEED = 1
POINTS = 256
HIDDEN = 32
LEARNING_RATE = 0.05
MOMENTUM = 0.9
# The curve never has more entries; when it is full every second one goes and the next ones are further apart.
CURVE_LIMIT = 512
# Longer runs are not replayed: nobody is answered meanwhile.
REPLAY_LIMIT = 20_000


def spirals(random):
    """Two arms of points around the origin, and which arm each point is of."""
    angle = np.sqrt(random.random(POINTS)) * 3 * np.pi
    arm = np.stack([np.cos(angle) * angle, np.sin(angle) * angle], axis=1) / (3 * np.pi)
    noise = random.normal(scale=0.01, size=(2 * POINTS, 2))
    labels = np.concatenate([np.zeros((POINTS, 1)), np.ones((POINTS, 1))])
    return np.concatenate([arm, -arm]) + noise, labels


class Training:
    """The network, its optimiser, and how far they have come."""

    def __init__(self):
        self.identity = Identity()
        random = np.random.default_rng(SEED)
        self.points, self.labels = spirals(random)
        sizes = [(2, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1)]
        self.weights = [random.normal(scale=np.sqrt(2 / size[0]), size=size) for size in sizes]
        self.biases = [np.zeros(size[1]) for size in sizes]
        self.velocities = [np.zeros_like(p) for p in self.weights + self.biases]
        self.step_number = 0
        self.curve = []
        self.apart = 1

    def forward(self):
        """What each layer makes of the points; the last is how likely a point is of the second arm."""
        values = [self.points]
        for weights, biases in zip(self.weights[:-1], self.biases[:-1]):
            values.append(np.tanh(values[-1] @ weights + biases))
        values.append(1 / (1 + np.exp(-(values[-1] @ self.weights[-1] + self.biases[-1]))))
        return values

    def gradients(self, values):
        """Of the cross entropy, by back propagation; those of the weights, then those of the biases."""
        of_weights, of_biases = [], []
        error = (values[-1] - self.labels) / len(self.labels)
        for layer in reversed(range(len(self.weights))):
            of_weights.insert(0, values[layer].T @ error)
            of_biases.insert(0, error.sum(axis=0))
            error = (error @ self.weights[layer].T) * (1 - values[layer] ** 2)
        return of_weights + of_biases

    def loss(self, values):
        """The cross entropy of what the network says."""
        likely = np.clip(values[-1], 1e-12, 1 - 1e-12)
        return float(-np.mean(self.labels * np.log(likely) + (1 - self.labels) * np.log(1 - likely)))

    def step(self):
        """One step down the gradient, with momentum."""
        values = self.forward()
        if self.step_number % self.apart == 0:
            self.record(self.loss(values))
        for velocity, parameters, gradient in zip(
            self.velocities, self.weights + self.biases, self.gradients(values)
        ):
            velocity *= MOMENTUM
            velocity -= LEARNING_RATE * gradient
            parameters += velocity
        self.step_number += 1

    def record(self, loss):
        self.curve.append([self.step_number, loss])
        if len(self.curve) > CURVE_LIMIT:
            self.curve = self.curve[::2]
            self.apart *= 2

    def answer(self):
        """What GET / answers."""
        return {**self.identity.answer(), "step": self.step_number, "loss": self.curve[-1][1]}

    def progress(self):
        """What GET /curve answers: the whole curve, and a hash of the weights."""
        parameters = b"".join(p.tobytes() for p in self.weights + self.biases)
        return {**self.answer(), "curve": self.curve, "weights": hashlib.sha256(parameters).hexdigest()}


def replayed(training):
    """What GET /verify answers: whether steps from the beginning lead to just these weights, bit by bit."""
    if training.step_number > REPLAY_LIMIT:
        return {**training.progress(), "replay": "too long"}
    again = Training()
    while again.step_number < training.step_number:
        again.step()
    now, then = training.progress(), again.progress()
    same = now["weights"] == then["weights"] and now["curve"] == then["curve"]
    return {**now, "replay": "same" if same else "different"}


def main():
    prepare()
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=50, help="steps a second, at most")
    options = parser.parse_args()
    training = Training()
    training.step()
    rhythm = Rhythm(1 / options.rate)
    answers = {"/": training.answer, "/curve": training.progress, "/verify": lambda: replayed(training)}
    server = Server(PORT, answers)
    print(f"training, {options.rate} steps a second", flush=True)
    while True:
        server.step(rhythm.wait())
        if rhythm.due():
            training.step()
            if training.step_number % 500 == 0:
                print(f"step {training.step_number}, loss {training.curve[-1][1]:.6f}", flush=True)


if __name__ == "__main__":
    main()
