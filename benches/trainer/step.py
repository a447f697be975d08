"""Frames a second that PyTorch trains on, with the networks of Earmark: forward, cross-entropy, backward, AdamW.

Usage: python step.py [compact|light|cnn9] [frames of a batch] [batches] [threads]
"""
import sys
import time

import torch
from torch import nn

# Channels, kernel, stride, residual, pooling: as trainer/src/network/architecture.rs.
NETWORKS = {
    "compact": [(32, 5, 2, 0, 1), (64, 3, 2, 0, 1), (64, 3, 1, 1, 1), (128, 3, 2, 0, 1), (128, 3, 1, 1, 1),
                (128, 3, 1, 1, 1), (256, 3, 2, 0, 1), (256, 3, 1, 1, 1), (256, 3, 1, 1, 1), (512, 1, 1, 0, 1)],
    "light": [(24, 5, 2, 0, 1), (48, 3, 2, 0, 1), (48, 3, 1, 1, 1), (96, 3, 2, 0, 1), (96, 3, 1, 1, 1),
              (96, 3, 1, 1, 1), (192, 3, 2, 0, 1), (192, 3, 1, 1, 1), (512, 1, 1, 0, 1)],
    "cnn9": [(64, 3, 1, 0, 1), (64, 3, 1, 0, 2), (128, 3, 1, 0, 1), (128, 3, 1, 0, 2),
             (256, 3, 1, 0, 1), (256, 3, 1, 0, 2), (512, 3, 1, 0, 1), (512, 3, 1, 0, 1)],
}
CLASSES = 8
WARM_UP = 3


class Layer(nn.Module):
    def __init__(self, inputs, channels, kernel, stride, residual, pool):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, channels, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.residual, self.pool = residual, pool

    def forward(self, image):
        output = self.norm(self.convolution(image))
        output = torch.relu(output + image if self.residual else output)
        return nn.functional.max_pool2d(output, self.pool) if self.pool > 1 else output


class Network(nn.Module):
    def __init__(self, plan):
        super().__init__()
        inputs = [1] + [layer[0] for layer in plan]
        self.layers = nn.Sequential(*(Layer(i, *layer) for i, layer in zip(inputs, plan)))
        size = inputs[-1]
        self.head = nn.Sequential(nn.Linear(size, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
                                  nn.Linear(128, CLASSES))

    def forward(self, frames):
        return self.head(self.layers(frames.unsqueeze(1)).mean(3).amax(2))


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "compact"
    rows, batches, threads = (int(sys.argv[at]) if len(sys.argv) > at else default
                              for at, default in ((2, 32), (3, 40), (4, 2)))
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    network = Network(NETWORKS[name])
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    frames, labels = torch.rand(64, 100, 96), torch.arange(64) % CLASSES
    times = []
    for _ in range(batches + WARM_UP):
        begun = time.perf_counter()
        chosen = torch.randint(64, (rows,))
        loss = nn.functional.cross_entropy(network(frames[chosen]), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        times.append(time.perf_counter() - begun)
    times = sorted(times[WARM_UP:])
    print(f"PyTorch {torch.__version__}, {name}, batches of {rows}, {threads} threads: "
          f"{rows / times[len(times) // 2]:.1f} frames/s by the median of {batches} batches "
          f"({times[0]:.3f} s to {times[-1]:.3f} s)")


main()
