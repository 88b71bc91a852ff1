"""How far the logits of a program are from the reference's: the measures that every comparison here uses."""
import numpy as np

ROWS = 128


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


class Divergence:
    """Accumulates over positions: KL(reference || program) in nats, the largest difference, how often the first
    choices agree. Works through blocks of rows, so that mapped files need not fit in memory."""

    def __init__(self):
        self.positions = 0
        self.sum_kl = 0.0
        self.max_kl = 0.0
        self.same_first = 0
        self.max_difference = 0.0
        self.max_reference = 0.0
        self.not_finite = 0
        self.worst = None  # (row, token) of the largest difference

    def add(self, reference, program):
        if reference.shape != program.shape:
            raise ValueError(f"expected logits of shape {reference.shape}, got {program.shape}")
        for first in range(0, len(reference), ROWS):
            expected, got = np.asarray(reference[first:first + ROWS]), np.asarray(program[first:first + ROWS])
            bad = int(np.count_nonzero(~np.isfinite(got)))
            self.not_finite += bad
            with np.errstate(invalid="ignore"):
                difference = np.abs(expected.astype(np.float64) - got)
            difference[~np.isfinite(got)] = np.inf
            if difference.max() > self.max_difference:
                self.max_difference = float(difference.max())
                row, token = np.unravel_index(np.argmax(difference), difference.shape)
                self.worst = (self.positions + int(row), int(token))
            self.max_reference = max(self.max_reference, float(np.abs(expected).max()))
            if not bad:
                log_p, log_q = log_softmax(expected), log_softmax(got)
                kl = (np.exp(log_p) * (log_p - log_q)).sum(axis=1)
                self.sum_kl += float(kl.sum())
                self.max_kl = max(self.max_kl, float(kl.max()))
                self.same_first += int((expected.argmax(axis=1) == got.argmax(axis=1)).sum())
            self.positions += len(expected)

    @property
    def mean_kl(self):
        if self.not_finite:
            return float("inf")
        return self.sum_kl / max(1, self.positions)

    @property
    def relative_difference(self):
        """The largest difference of two logits over the largest reference logit."""
        return self.max_difference / self.max_reference if self.max_reference else float("inf")

    def summary(self):
        return {"positions": self.positions, "mean_kl": self.mean_kl, "max_kl": self.max_kl,
                "relative_difference": self.relative_difference, "max_difference": self.max_difference,
                "max_reference": self.max_reference, "worst": self.worst, "not_finite": self.not_finite,
                "same_first": self.same_first / max(1, self.positions)}
