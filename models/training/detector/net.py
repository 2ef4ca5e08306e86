"""The face detector: YuNet's contract on a network of our own (about 110,000 parameters).

Three scales (strides 8, 16, 32) of a small convolutional pyramid; at every cell a face score in two factors, a box and
five points. The outputs, their names, order and decoding are those of YuNet, so that either file serves as a bundle.
"""

import torch
import torch.nn.functional as F
from torch import nn

STRIDES = (8, 16, 32)
WIDTH = 48  # channels of the pyramid


class Conv(nn.Sequential):
    """Dense 3x3 convolution, batch norm, ReLU; used where channels are few and pixels many."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )


class Separable(nn.Sequential):
    """Pointwise then depthwise 3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.Conv2d(outputs, outputs, 3, stride, 1, groups=outputs, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Head(nn.Module):
    """One scale's raw predictions: [n, 16, h, w] = cls, obj, box (4), points (10)."""

    def __init__(self):
        super().__init__()
        self.shared = Separable(WIDTH, WIDTH)
        self.score = nn.Conv2d(WIDTH, 2, 1)
        self.place = nn.Conv2d(WIDTH, 14, 1)
        nn.init.constant_(self.score.bias, -4.6)  # a face is rare: start at a probability of 1 %

    def forward(self, x):
        x = self.shared(x)
        with torch.autocast("cpu", enabled=False):  # places need more digits than bf16 has
            return torch.cat([self.score(x.float()), self.place(x.float())], dim=1)


class FaceNet(nn.Module):
    """float32 [n,3,H,W], BGR, 0..255, H and W multiples of 32 -> raw cells [n, N, 16], strides one after another."""

    def __init__(self):
        super().__init__()
        self.to8 = nn.Sequential(
            Conv(3, 16, 2), Conv(16, 24, 2), Conv(24, 48, 2), Separable(48, 48), Separable(48, 48)
        )
        self.to16 = nn.Sequential(Separable(48, 80, 2), Separable(80, 80), Separable(80, 80))
        self.to32 = nn.Sequential(Separable(80, 128, 2), Separable(128, 128), Separable(128, 128))
        self.lateral = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in (48, 80, 128))
        self.smooth = nn.ModuleList(Separable(WIDTH, WIDTH) for _ in STRIDES)
        self.heads = nn.ModuleList(Head() for _ in STRIDES)

    def forward(self, image):
        return torch.cat([cells(raw) for raw in self.scales(image)], dim=1)

    def scales(self, image):
        x = (image - 127.5) / 64.0
        at8 = self.to8(x)
        at16 = self.to16(at8)
        at32 = self.to32(at16)
        top = self.smooth[2](self.lateral[2](at32))
        middle = self.smooth[1](self.lateral[1](at16) + F.interpolate(top, scale_factor=2.0))
        bottom = self.smooth[0](self.lateral[0](at8) + F.interpolate(middle, scale_factor=2.0))
        return [head(level) for head, level in zip(self.heads, (bottom, middle, top))]


class Exported(nn.Module):
    """The network with YuNet's twelve outputs: cls, obj, bbox, kps, each at strides 8, 16, 32."""

    NAMES = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        levels = [cells(raw) for raw in self.net.scales(image)]
        scores = [level[..., :2].sigmoid() for level in levels]
        return (
            *(score[..., 0:1] for score in scores),
            *(score[..., 1:2] for score in scores),
            *(level[..., 2:6] for level in levels),
            *(level[..., 6:16] for level in levels),
        )


def cells(raw):
    """[n,c,h,w] -> [n,h*w,c], row by row."""
    return raw.flatten(2).transpose(1, 2)


def cell_grid(height, width):
    """Column and row of every cell and its stride, in the order of the outputs: [N,2], [N]."""
    places, strides = [], []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        places.append(torch.stack([columns, rows], dim=-1).reshape(-1, 2).float())
        strides.append(torch.full((len(places[-1]),), float(stride)))
    return torch.cat(places), torch.cat(strides)


def decode(raw, places, strides):
    """Raw cells [...,N,16] -> boxes [...,N,4] as corners and points [...,N,5,2], pixels of the input."""
    middle = (places + raw[..., 2:4]) * strides[:, None]
    extent = raw[..., 4:6].clamp(max=8.0).exp() * strides[:, None]
    boxes = torch.cat([middle - extent / 2, middle + extent / 2], dim=-1)
    points = raw[..., 6:16].unflatten(-1, (5, 2))
    return boxes, (places[:, None, :] + points) * strides[:, None, None]
