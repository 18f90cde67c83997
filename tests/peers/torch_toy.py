#!/usr/bin/env python3
"""PyTorch as a peer: the network of examples/configs/math-1.json (MLA, mixture of experts, MTP) trained and sampled with
the same numbers of parameters, tokens and answers as `r1 bench train` and `r1 bench rollout`, in turn with them.

    python3 tests/peers/torch_toy.py --r1 build/cpu/r1 --threads 2 --rounds 7

PyTorch runs at the best settings that --search finds among: experts as one batched product over all, sorted, or one by
one; attention expanded by SDPA or by hand, or absorbed; torch.compile or not. In its favour: no balance loss, no router
bias update, all answers in one batch whose rows stand at the same position (no mask, no paging), finished rows dropped.
"""
import argparse
import json
import math
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F


class Config:
    """Fields of ModelConfig that matter here, with its defaults."""

    vocab_size, dim, inter_dim, moe_inter_dim, n_layers, n_dense_layers, n_heads = 512, 96, 192, 48, 3, 1, 4
    n_routed_experts, n_shared_experts, n_activated_experts, route_scale = 8, 1, 2, 1.0
    q_lora_rank, kv_lora_rank, qk_nope_head_dim, qk_rope_head_dim, v_head_dim = 0, 32, 16, 8, 16
    n_mtp, rope_theta, max_seq_len, init_std, rms_eps = 1, 10000.0, 4096, 0.02, 1e-6

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            sections = json.load(f)
        for key, value in sections.get("model", sections).items():
            setattr(self, key, value)
        self.train = sections.get("train", {})
        assert self.q_lora_rank == 0, "the peer has no query compression"


class Settings:
    """What is searched for the best."""

    def __init__(self, moe="sorted", attention="sdpa", compiled=False):
        self.moe, self.attention, self.compiled = moe, attention, compiled

    def __repr__(self):
        return f"experts {self.moe}, attention {self.attention}" + (", compiled" if self.compiled else "")


def rms(x, w, eps):
    return F.rms_norm(x, w.shape, w, eps)


def rotate(x, cos, sin):
    """Neighbouring pairs, as DeepSeek has them."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Block(torch.nn.Module):
    def __init__(self, c, dense):
        super().__init__()

        def p(*shape):
            return torch.nn.Parameter(torch.randn(*shape) * c.init_std)

        def one(n):
            return torch.nn.Parameter(torch.ones(n))

        self.c, self.dense = c, dense
        h, nope, rope, r, v = c.n_heads, c.qk_nope_head_dim, c.qk_rope_head_dim, c.kv_lora_rank, c.v_head_dim
        self.attn_norm, self.ffn_norm, self.kv_norm = one(c.dim), one(c.dim), one(r)
        self.w_q, self.w_dkv, self.w_o = p(h * (nope + rope), c.dim), p(r + rope, c.dim), p(c.dim, h * v)
        self.w_uk, self.w_uv = p(h, nope, r), p(h, v, r)
        if dense:
            self.w13, self.w2 = p(2 * c.inter_dim, c.dim), p(c.dim, c.inter_dim)
        else:
            e, i = c.n_routed_experts, c.moe_inter_dim
            self.gate, self.e13, self.e2 = p(e, c.dim), p(e, 2 * i, c.dim), p(e, c.dim, i)
            self.w13, self.w2 = p(2 * i * c.n_shared_experts, c.dim), p(c.dim, i * c.n_shared_experts)
            self.register_buffer("bias", torch.zeros(e))
        self.scale = 1 / math.sqrt(nope + rope)

    def latent(self, x, cos, sin):
        """Query [.., H, nope + rope] and cached row [.., r + rope]."""
        c = self.c
        q = F.linear(x, self.w_q).unflatten(-1, (c.n_heads, -1))
        kv = F.linear(x, self.w_dkv)
        r = c.kv_lora_rank
        row = torch.cat((rms(kv[..., :r], self.kv_norm, c.rms_eps), rotate(kv[..., r:], cos, sin)), -1)
        nope = c.qk_nope_head_dim
        return q[..., :nope], rotate(q[..., nope:], cos.unsqueeze(-2), sin.unsqueeze(-2)), row

    def attend(self, x, cos, sin, form):
        """Causal attention of whole documents [B, T, C]."""
        c, r = self.c, self.c.kv_lora_rank
        b, t, _ = x.shape
        qn, qr, row = self.latent(x, cos, sin)
        if form == "absorbed":
            q = torch.cat((torch.einsum("bthn,hnr->bhtr", qn, self.w_uk), qr.transpose(1, 2)), -1)
            s = torch.matmul(q, row.unsqueeze(1).transpose(-1, -2)) * self.scale
            s = s + causal(t)
            u = torch.matmul(torch.softmax(s, -1), row[..., :r].unsqueeze(1))
            o = torch.einsum("bhtr,hvr->bthv", u, self.w_uv)
        else:
            k = torch.einsum("btr,hnr->bhtn", row[..., :r], self.w_uk)
            k = torch.cat((k, row[..., r:].unsqueeze(1).expand(b, c.n_heads, t, -1)), -1)
            v = torch.einsum("btr,hvr->bhtv", row[..., :r], self.w_uv)
            q = torch.cat((qn, qr), -1).transpose(1, 2)
            if form == "sdpa":
                pad = q.shape[-1] - v.shape[-1]  # the flash kernel wants equal widths
                o = F.scaled_dot_product_attention(q, k, F.pad(v, (0, pad)), is_causal=True, scale=self.scale)
                o = o[..., : c.v_head_dim].transpose(1, 2)
            else:
                s = torch.matmul(q, k.transpose(-1, -2)) * self.scale + causal(t)
                o = torch.matmul(torch.softmax(s, -1), v).transpose(1, 2)
        return F.linear(o.flatten(-2), self.w_o)

    def decode(self, x, cos, sin, cache, at):
        """One new position of every row, absorbed: x [B, C], cache [B, L, r + rope]."""
        r = self.c.kv_lora_rank
        qn, qr, row = self.latent(x, cos, sin)
        cache[:, at] = row
        q = torch.cat((torch.einsum("bhn,hnr->bhr", qn, self.w_uk), qr), -1)
        keys = cache[:, : at + 1]
        p = torch.softmax(torch.bmm(q, keys.transpose(1, 2)) * self.scale, -1)
        o = torch.einsum("bhr,hvr->bhv", torch.bmm(p, keys[..., :r]), self.w_uv)
        return F.linear(o.flatten(-2), self.w_o)

    def feed_forward(self, x, moe):
        """x [N, C]."""
        if self.dense:
            return mlp(x, self.w13, self.w2)
        k, e = self.c.n_activated_experts, self.c.n_routed_experts
        score = torch.sigmoid(F.linear(x, self.gate))
        idx = torch.topk(score + self.bias, k, -1, sorted=False).indices
        gate = score.gather(-1, idx)
        gate = gate / gate.sum(-1, keepdim=True) * self.c.route_scale
        y = mlp(x, self.w13, self.w2)
        if moe == "all":  # every expert on every row: more arithmetic, three calls
            weight = torch.zeros_like(score).scatter(-1, idx, gate)
            h = torch.matmul(x, self.e13.transpose(1, 2))
            i = self.c.moe_inter_dim
            out = torch.bmm(F.silu(h[..., :i]) * h[..., i:], self.e2.transpose(1, 2))
            return y + torch.einsum("enc,ne->nc", out, weight)
        if moe == "loop":
            for i in range(e):
                rows, choice = torch.where(idx == i)
                if rows.numel():
                    out = mlp(x[rows], self.e13[i], self.e2[i]) * gate[rows, choice].unsqueeze(-1)
                    y = y.index_add(0, rows, out)
            return y
        order = torch.argsort(idx.flatten())  # sorted: rows of an expert are neighbours
        count = torch.bincount(idx.flatten(), minlength=e).tolist()
        parts = torch.split(x[order // k], count)
        out = torch.cat([mlp(part, self.e13[i], self.e2[i]) for i, part in enumerate(parts) if len(part)])
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        return y + (out[back].unflatten(0, (-1, k)) * gate.unsqueeze(-1)).sum(1)

    def forward(self, x, cos, sin, s):
        x = x + self.attend(rms(x, self.attn_norm, self.c.rms_eps), cos, sin, s.attention)
        n = rms(x, self.ffn_norm, self.c.rms_eps)
        return x + self.feed_forward(n.flatten(0, 1), s.moe).view_as(x)


def mlp(x, w13, w2):
    gate, up = F.linear(x, w13).chunk(2, -1)
    return F.linear(F.silu(gate) * up, w2)


_causal = {}


def causal(t):
    if t not in _causal:
        _causal[t] = torch.full((t, t), float("-inf")).triu(1)
    return _causal[t]


class Model(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed = torch.nn.Parameter(torch.randn(c.vocab_size, c.dim) * c.init_std)
        self.blocks = torch.nn.ModuleList(Block(c, i < c.n_dense_layers) for i in range(c.n_layers))
        self.norm = torch.nn.Parameter(torch.ones(c.dim))
        self.enorm, self.hnorm, self.mtp_norm = (torch.nn.Parameter(torch.ones(c.dim)) for _ in range(3))
        self.eh_proj = torch.nn.Parameter(torch.randn(c.dim, 2 * c.dim) * c.init_std)
        self.mtp_block = Block(c, False)
        freq = c.rope_theta ** (-torch.arange(0, c.qk_rope_head_dim, 2) / c.qk_rope_head_dim)
        angle = torch.outer(torch.arange(c.max_seq_len), freq)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())

    def loss(self, ids, s):
        """Next token and MTP, means over their targets."""
        t, eps = ids.shape[1], self.c.rms_eps
        cos, sin = self.cos[:t], self.sin[:t]
        x = F.embedding(ids, self.embed)
        for b in self.blocks:
            x = b(x, cos, sin, s)
        h = rms(x, self.norm, eps)
        main = F.cross_entropy(F.linear(h[:, :-1].flatten(0, 1), self.embed), ids[:, 1:].flatten())
        e = rms(F.embedding(ids[:, 1:], self.embed), self.enorm, eps)
        z = F.linear(torch.cat((e, rms(h[:, :-1], self.hnorm, eps)), -1), self.eh_proj)
        z = rms(self.mtp_block(z, cos[:-1], sin[:-1], s), self.mtp_norm, eps)
        return main + 0.1 * F.cross_entropy(F.linear(z[:, :-1].flatten(0, 1), self.embed), ids[:, 2:].flatten())


class Training:
    """Updates on 36 documents of 43 tokens (r1: 43, 43, 42 to a slot): forward, backward, clip, AdamW."""

    def __init__(self, c, s):
        torch.manual_seed(1)
        self.c, self.s, self.model = c, s, Model(c)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=4e-3, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
        self.documents = round(c.train.get("batch_tokens", 3072) / 128) * 3
        self.tokens = self.documents * 128 // 3
        self.run = torch.compile(self.model.loss, dynamic=False) if s.compiled else self.model.loss

    def step(self):
        ids = torch.randint(self.c.vocab_size, (self.documents, 43))
        loss = self.run(ids, self.s)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def bench_length(i):
    """The same lengths as bench_length in src/cli/bench_model.cpp."""
    x = (i + 1) * 0.6180339887498949
    return min(192, 8 + math.floor(-28.0 * math.log(1 - (x - math.floor(x)))))


class Rollout:
    """Answers of given lengths: one prefill a prompt, all answers in one batch, finished rows dropped by copying."""

    def __init__(self, c, s, samples, drop=0.125):
        torch.manual_seed(1)
        self.c, self.s, self.drop, self.model = c, s, drop, Model(c).eval()
        self.length = torch.tensor([bench_length(i) for i in range(samples)])
        self.tokens = int(self.length.sum())
        self.prompts = torch.randint(c.vocab_size, (samples // 16, 20))
        self.block = torch.compile(self.decode_block, dynamic=True) if s.compiled else self.decode_block

    def decode_block(self, b, x, cos, sin, cache, at):
        x = x + b.decode(rms(x, b.attn_norm, self.c.rms_eps), cos, sin, cache, at)
        return x + b.feed_forward(rms(x, b.ffn_norm, self.c.rms_eps), self.s.moe)

    def prefill(self):
        m, c, t = self.model, self.c, self.prompts.shape[1]
        cos, sin = m.cos[:t], m.sin[:t]
        x = F.embedding(self.prompts, m.embed)
        caches = []
        for b in m.blocks:
            row = b.latent(rms(x, b.attn_norm, c.rms_eps), cos, sin)[2]
            cache = torch.zeros(len(self.length), t + int(self.length.max()), row.shape[-1])
            cache[:, :t] = row.repeat_interleave(16, 0)
            caches.append(cache)
            x = b(x, cos, sin, self.s)
        return caches, rms(x[:, -1], m.norm, c.rms_eps).repeat_interleave(16, 0)

    def draw(self, h):
        logp = torch.log_softmax(F.linear(h, self.model.embed), -1)
        ids = torch.argmax(logp - torch.empty_like(logp).exponential_().log_(), -1)  # Gumbel: one draw a row
        return ids, logp.gather(-1, ids.unsqueeze(-1)).squeeze(-1)

    @torch.inference_mode()
    def step(self):
        m, at, drawn = self.model, self.prompts.shape[1], 0
        caches, h = self.prefill()
        left = self.length
        out = []
        while True:
            ids, logp = self.draw(h)
            out.append((ids, logp))
            drawn += 1
            alive = left > drawn
            n = int(alive.sum())
            if n == 0:
                return out
            if n <= (1 - self.drop) * len(left):
                keep = alive.nonzero().squeeze(-1)
                caches, left, ids = [c[keep] for c in caches], left[keep], ids[keep]
            x = F.embedding(ids, m.embed)
            for b, cache in zip(m.blocks, caches):
                x = self.block(b, x, m.cos[at], m.sin[at], cache, at)
            at += 1
            h = rms(x, m.norm, self.c.rms_eps)


def clock():
    """CPU time when one thread works, which other programs do not lengthen; else the wall clock. As in r1 bench."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def tokens_per_s(job, seconds):
    start, n = clock(), 0
    while n == 0 or clock() - start < seconds:
        job.step()
        n += 1
    return n * job.tokens / (clock() - start)


def best_of(name, candidates, seconds):
    """Builds and times each; the fastest stays."""
    best, speed = None, 0
    for make in candidates:
        try:
            job = make()
            tokens_per_s(job, seconds / 4)
            now = max(tokens_per_s(job, seconds / 3) for _ in range(3))
        except Exception as e:  # a setting that this version of PyTorch does not take
            print(f"  {name}: {type(e).__name__}: {str(e).splitlines()[0][:100]}", file=sys.stderr)
            continue
        print(f"  {name}: {now:9.0f} tokens/s  {job.s}", file=sys.stderr)
        if now > speed:
            best, speed = job, now
    return best


def ours(a, work):
    command = [a.r1, "bench", work, "--config", a.config, "--threads", str(a.threads), "--rounds", "1", "--seconds",
               str(a.seconds), "--samples", str(a.samples), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--r1", default="build/cpu/r1", help="our program")
    p.add_argument("--config", default="examples/configs/math-1.json")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=3, help="shortest measurement")
    p.add_argument("--samples", type=int, default=512)
    p.add_argument("--no-compile", action="store_true", help="leave torch.compile out of the search (minutes of C++)")
    p.add_argument("--few", action="store_true", help="search only among settings that have won before")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    c = Config(a.config)
    parameters = sum(x.numel() for x in Model(c).parameters())
    print(f"PyTorch {torch.__version__}, {a.threads} threads, {parameters} parameters; search of its best settings:",
          file=sys.stderr)
    trials = [(m, f, False) for m in ("all", "sorted", "loop") for f in ("sdpa", "manual", "absorbed")]
    drops = [(m, d, False) for m in ("all", "sorted") for d in (0.0, 0.125, 0.25)]
    if a.few:
        trials, drops = [("sorted", "sdpa", False), ("loop", "absorbed", False)], [("all", 0.125, False), ("all", 0.25, False)]
    if not a.no_compile:
        trials += [("all", "manual", True), ("sorted", "sdpa", True)]
        drops += [("all", 0.125, True)]
    train = best_of("training", [lambda x=x: Training(c, Settings(*x)) for x in trials], a.seconds)
    roll = best_of("rollout", [lambda x=x: Rollout(c, Settings(x[0], "sdpa", x[2]), a.samples, x[1]) for x in drops], a.seconds)
    table = {"train": [], "rollout": []}
    for r in range(a.rounds):
        for work, job in (("train", train), ("rollout", roll)):
            mine = ours(a, work)
            tokens_per_s(job, 0.2)
            table[work].append((mine["tokens_per_s"], tokens_per_s(job, a.seconds), mine["floor_ratio"]))
            print(f"  round {r + 1} {work}: r1 {table[work][-1][0]:.0f}, torch {table[work][-1][1]:.0f}", file=sys.stderr)
    print(f"| work | r1 tokens/s | PyTorch {torch.__version__} tokens/s | r1 / PyTorch | r1 of its floor | PyTorch's settings |")
    print("| --- | --- | --- | --- | --- | --- |")
    for work, job in (("train", train), ("rollout", roll)):
        mine, peer, floor = zip(*table[work])
        ratio = statistics.median(x / y for x, y in zip(mine, peer))
        print(f"| {work} | {statistics.median(mine):.0f} | {statistics.median(peer):.0f} | {ratio:.2f} "
              f"| {100 * statistics.median(floor):.0f} % | {job.s} |")


if __name__ == "__main__":
    main()
