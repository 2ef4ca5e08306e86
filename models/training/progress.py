"""One training run: optimiser, schedule, averaged weights, checkpoint, log. Shared by the face recipes."""

import copy
import math
import time
from pathlib import Path

import torch

WARM_UP, SAVE_EVERY, DECAY = 200, 250, 0.998


class Run:
    """Steps through a training, resuming from `out/checkpoint.pt` where one lies."""

    def __init__(self, out, net, peak_rate, steps, minutes=math.inf, weight_decay=0.05):
        self.out = Path(out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.net = net.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(net).eval()
        self.optimiser = torch.optim.AdamW(net.parameters(), lr=peak_rate, weight_decay=weight_decay)
        self.peak_rate, self.last, self.limit = peak_rate, steps, minutes * 60
        self.step, self.spent = 0, 0.0
        self._resume()

    def steps(self):
        """The numbers of the steps still to do; ends when steps or minutes are used up."""
        self.net.train()
        while self.progress() < 1.0:
            began = time.monotonic()
            yield self.step
            self.step += 1
            self.spent += time.monotonic() - began
            if self.step % SAVE_EVERY == 0:
                self._save()
        self._save()
        self.log(f"trained {self.step} steps in {self.spent / 60:.1f} min")

    def update(self, loss_of):
        """One step of the optimiser on `loss_of(net)`; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        loss = loss_of(self.net)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self._follow()
        return float(loss.detach())

    def rate(self):
        """Linear warm-up, then a cosine down to nothing."""
        warm = min(1.0, (self.step + 1) / WARM_UP)
        return self.peak_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress())))

    def averaged(self):
        """The network with exponentially averaged weights, in evaluation mode."""
        return self.average

    def log(self, line):
        print(line, flush=True)
        with open(self.out / "training.log", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def progress(self):
        """From 0 to 1, by steps or minutes, whichever is further on."""
        return max(self.step / self.last, self.spent / self.limit)

    def _follow(self):
        decay = min(DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.state_dict().values(), self.net.state_dict().values()):
                if mean.dtype.is_floating_point:
                    mean.lerp_(value, 1 - decay)
                else:
                    mean.copy_(value)

    def _save(self):
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent": self.spent,
            "chance": torch.get_rng_state(),
        }
        torch.save(state, self.out / "checkpoint.tmp")
        (self.out / "checkpoint.tmp").replace(self.out / "checkpoint.pt")

    def _resume(self):
        path = self.out / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent = state["step"], state["spent"]
        torch.set_rng_state(state["chance"])
        self.log(f"resumed at step {self.step}")
