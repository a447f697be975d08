"""Runs the original aisfx pipeline over a folder, on one thread: original.py FOLDER EXPORT_FOLDER"""

import sys

import torch

torch.set_num_threads(1)

from aisfx import inference  # noqa: E402  (threads must be limited before anything is computed)

inference.main(sys.argv[1], sys.argv[2], use_cuda=False)
