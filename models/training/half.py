"""Half precision where it pays."""

import torch


def half():
    """A context of bfloat16 where the processor has AVX-512; without it, bfloat16 takes ten times as long as float32."""
    quick = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return torch.autocast("cpu", torch.bfloat16, enabled=quick)
