"""Loads with transformers a model directory that WE wrote, and compares.

    python tests/golden/check_export.py DIR [PROBE]

DIR holds our config.json and model.safetensors. PROBE (default DIR/probe.safetensors) holds `ids` [B, T] and `logits`
[B, T, V] of our own forward pass; without one only the weights' names and shapes are checked. Exit code 0 only if no weight is missing, none is unexpected (the layers of MTP
modules excepted: transformers has none), no shape differs, and max |logits - ours| <= 1e-5 max |logits|.
"""

import json
import pathlib
import re
import sys

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def main():
    transformers.logging.set_verbosity_error()
    folder = pathlib.Path(sys.argv[1])
    probe_path = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "probe.safetensors"
    config = json.loads((folder / "config.json").read_text())
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager", output_loading_info=True)  # fmt: skip
    layers = config["num_hidden_layers"]

    def is_mtp(name):
        found = re.match(r"model\.layers\.(\d+)\.", name)
        return found is not None and int(found[1]) >= layers

    unexpected = [n for n in info["unexpected_keys"] if not is_mtp(n)]
    problems = [f"{what}: {list(names)[:5]}" for what, names in (
        ("missing", info["missing_keys"]), ("unexpected", unexpected), ("mismatched", info["mismatched_keys"])
    ) if names]  # fmt: skip
    report = "names and shapes only"
    if len(sys.argv) > 2 or probe_path.exists():
        probe = load_file(probe_path)
        with torch.no_grad():
            logits = model.eval()(input_ids=probe["ids"].long(), use_cache=False).logits
        difference = ((logits - probe["logits"].float()).abs().max() / logits.abs().max()).item()
        report = f"max |difference| / max |logit| = {difference:.1e}"
        if not difference <= 1e-5:
            problems.append(f"logits differ by {difference:.2e} of their maximum, expected at most 1e-5")
    for p in problems:
        print(f"{folder}: {p}", file=sys.stderr)
    print(f"{folder}: {type(model).__name__}, {report}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
