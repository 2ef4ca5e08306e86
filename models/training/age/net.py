"""The age network: a small residual CNN, 1.2 M parameters, 96x96 RGB in, 101 logits (ages 0 to 100) out.

Dense 3x3 convolutions throughout: on a CPU with bf16 they train three times faster than depthwise ones of equal cost.
"""

import torch
from torch import nn

SIZE = 96
AGES = 101


def conv(inputs, outputs, kernel, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.first = conv(inputs, outputs, 3, stride)
        self.second = conv(outputs, outputs, 3)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv(inputs, outputs, 1, stride)

    def forward(self, x):
        inner = self.second(torch.relu(self.first(x)))
        return torch.relu(inner + self.shortcut(x))


class AgeNet(nn.Module):
    """float32 [n,3,96,96], RGB, 0..255 -> logits float32 [n,101]. The scaling is part of the graph."""

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 24, 3, stride=2)
        self.body = nn.Sequential(
            Residual(24, 48, stride=2),
            Residual(48, 48),
            Residual(48, 96, stride=2),
            Residual(96, 96),
            Residual(96, 256, stride=2),
        )
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(256, AGES)

    def forward(self, image):
        x = (image - 127.5) / 64.0
        x = self.body(torch.relu(self.stem(x)))
        return self.head(self.dropout(x.mean(dim=(2, 3))))
