"""After training: ONNX, figures on unseen photos, manifest."""

import onnxruntime
import torch

import bundle
from detect import Geometry, onnx_raw
from evaluate import Findings
from export import export
from net import Exported

THRESHOLD = 0.65


def finish(net, val, out, log):
    folder = out / "bundle"
    folder.mkdir(exist_ok=True)
    model = folder / "model.onnx"
    example = torch.rand(2, 3, 160, 192) * 255
    axes = {0: "batch", 2: "height", 3: "width"}
    log(f"torch and ONNX Runtime differ by at most {export(Exported(net), example, Exported.NAMES, axes, model):.2e}")
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    findings = Findings(onnx_raw(session), val, Geometry())
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        log(findings.line(threshold))
    write_manifest(folder)


def write_manifest(folder):
    geometry = Geometry()
    tables = {
        "input": (
            "Shrunk until the long side is max_side, never enlarged; black border all round.",
            {"max_side": geometry.max_side, "border": geometry.border},
        ),
        "detection": (
            "Least score of a face; most overlap (intersection over union) of two faces.",
            {"threshold": THRESHOLD, "max_overlap": geometry.overlap},
        ),
    }
    bundle.write(folder, {"kind": "detector", "name": "ward-face", "version": "0.3.0"}, ["model.onnx"], tables)
