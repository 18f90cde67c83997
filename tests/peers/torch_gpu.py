"""What PyTorch (cuBLAS, cuDNN, its own kernels) takes on the problems that `r1 bench cuda` times: medians of 15 with a
cold L2, written as JSON and a table. Usage: python3 tests/peers/torch_gpu.py OUT_FOLDER"""
import json
import os
import sys
import time

import torch
import torch.nn.functional as F

torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
DEVICE = "cuda"
flush = torch.empty(256 << 20, dtype=torch.int8, device=DEVICE)


def median_ms(run, repeats=15):
    for _ in range(3):
        run()
    start = time.perf_counter()
    while time.perf_counter() - start < 0.03:  # clocks up, as r1_gpu does
        flush.zero_()
        torch.cuda.synchronize()
    times = []
    for _ in range(repeats):
        flush.zero_()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return sorted(times)[len(times) // 2]


def bf16(*shape):
    return torch.rand(*shape, device=DEVICE, dtype=torch.bfloat16) * 2 - 1


rows = []


def report(name, size, run, flops=0.0, nbytes=0.0):
    try:
        ms = median_ms(run)
    except Exception as e:  # a peer that does not run is no failure of ours
        rows.append({"peer": name, "size": size, "fault": str(e).splitlines()[0][:150]})
        print(f"{name:34} {size:28} {rows[-1]['fault']}")
        return
    rate = {"tflops": flops / ms / 1e9} if flops else {"gbs": nbytes / ms / 1e6}
    rows.append({"peer": name, "size": size, "ms": ms, **rate})
    print(f"{name:34} {size:28} {ms * 1e3:9.1f} us  " + " ".join(f"{v:8.1f} {k}" for k, v in rate.items()), flush=True)


def attention():
    from torch.nn.attention import SDPBackend, sdpa_kernel

    for n, h, d, dv in ((8192, 16, 64, 64), (8192, 16, 128, 128), (4096, 32, 192, 128)):
        q, k, v = (bf16(1, h, n, w).requires_grad_() for w in (d, d, dv))
        grad = bf16(1, h, n, dv)
        pairs = n * (n + 1) / 2
        for name, backend in (("cudnn", SDPBackend.CUDNN_ATTENTION), ("flash2", SDPBackend.FLASH_ATTENTION)):
            size = f"{n}, 1, {h}, {h}, {d}, {dv}"

            def forward():
                with sdpa_kernel(backend):
                    return F.scaled_dot_product_attention(q, k, v, is_causal=True)

            with torch.no_grad():
                report(f"attention_fwd/{name}", size, forward, flops=2 * pairs * h * (d + dv))
            try:
                out = forward()
            except Exception:
                continue
            report(f"attention_bwd/{name}", size, lambda: torch.autograd.grad(out, (q, k, v), grad, retain_graph=True),
                   flops=2 * pairs * h * (3 * d + 2 * dv))


def products():
    for m, n, k in ((4096,) * 3, (8192,) * 3, (2048,) * 3):
        a, b = bf16(m, k), bf16(n, k)
        report("gemm/torch", f"{m}, {n}, {k}", lambda: a @ b.T, flops=2 * m * n * k)


def rowwise():
    for r, c in ((32768, 4096), (32768, 8192)):
        x, w, g = bf16(r, c).requires_grad_(), bf16(c).requires_grad_(), bf16(r, c)
        with torch.no_grad():
            report("rmsnorm_fwd/torch", f"{r}, {c}", lambda: F.rms_norm(x, (c,), w, 1e-6), nbytes=4 * r * c)
        y = F.rms_norm(x, (c,), w, 1e-6)
        report("rmsnorm_bwd/torch", f"{r}, {c}", lambda: torch.autograd.grad(y, (x, w), g, retain_graph=True), nbytes=6 * r * c)
        del y
        with torch.no_grad():
            report("softmax_fwd/torch", f"{r}, {c}", lambda: torch.softmax(x, -1), nbytes=4 * r * c)
    x = bf16(8192, 131072)
    target = torch.randint(0, 131072, (8192,), device=DEVICE)
    with torch.no_grad():
        report("logp_rows/torch cross_entropy", "8192, 131072", lambda: F.cross_entropy(x, target, reduction="none"), nbytes=2 * x.numel())
    n = 1 << 27
    p = torch.nn.Parameter(torch.rand(n, device=DEVICE))
    p.grad = torch.rand(n, device=DEVICE)
    adamw = torch.optim.AdamW([p], fused=True)
    report("adamw/torch fused", str(n), adamw.step, nbytes=28 * n)


if __name__ == "__main__":
    print(torch.cuda.get_device_name(), torch.__version__, "cuDNN", torch.backends.cudnn.version())
    for part in (products, attention, rowwise):
        part()
        with open(os.path.join(sys.argv[1], "torch.json"), "w") as f:
            json.dump({"device": torch.cuda.get_device_name(), "torch": torch.__version__, "rows": rows}, f, indent=1)
