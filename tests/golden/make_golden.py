"""Writes tests/golden/fixtures: tiny random models with what transformers computes from them.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r tests/golden/requirements.txt
    /tmp/venv/bin/python tests/golden/make_golden.py

Per model a folder with config.json and model.safetensors (HuggingFace's names, F32) and expected.safetensors:
ids [B, T], logits [B, T, V], loss [], grad.NAME of every parameter, after.NAME once one AdamW step was taken.
The C++ tests need these files only; this script is run by hand, and with the pinned transformers it repeats itself.

How the numbers are made:
  - weights are drawn in F32; everything after runs in F64, with the few places where transformers forces F32 (RMSNorm,
    router, softmax, rotary angles) told to stay in F64. The untouched F32 model must agree to 2e-5 of the maximum.
  - the masking trap: transformers masks dropped expert groups with 0.0, DeepSeek's code with -inf. They differ where
    score + bias of a kept expert is negative. All biases here are >= 0, so both pick the same experts; asserted.
  - selections are no ties: the gap at every cut (groups and experts) is at least 1e-4; asserted.
  - transformers hard-codes 1e-6 in the two latent norms whatever rms_norm_eps says, so rms_norm_eps is 1e-6.
  - AdamW uses eps 1e-3: with a tiny eps the step is the sign of the gradient, and rounding noise in elements near
    zero would count fully. Matrices decay, vectors (norms, biases) do not.
MTP and the balance loss do not exist in transformers; they are checked elsewhere by hand-worked identities.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM, Qwen2Config, Qwen2ForCausalLM
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as v3
from transformers.models.qwen2 import modeling_qwen2 as qwen2

PINNED = "4.57.1"
OUT = pathlib.Path(__file__).parent / "fixtures"
ADAMW = dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-3, weight_decay=0.1)
B, T = 2, 13

V3_COMMON = dict(
    vocab_size=40, hidden_size=24, intermediate_size=40, moe_intermediate_size=8, num_hidden_layers=3,
    num_attention_heads=2, num_key_value_heads=2, kv_lora_rank=12, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=6,
    first_k_dense_replace=1, n_routed_experts=8, rms_norm_eps=1e-6, rope_interleave=True, scoring_func="sigmoid",
    topk_method="noaux_tc", moe_layer_freq=1, num_nextn_predict_layers=0, bos_token_id=None, eos_token_id=None,
    attn_implementation="eager")  # fmt: skip

MODELS = {
    # Query compression, groups, scaled and normalised gates, untied head; as in V3.
    "v3_qlora": (DeepseekV3ForCausalLM, DeepseekV3Config(
        **V3_COMMON, q_lora_rank=10, n_group=4, topk_group=2, num_experts_per_tok=3, n_shared_experts=1,
        norm_topk_prob=True, routed_scaling_factor=2.5, tie_word_embeddings=False, max_position_embeddings=64)),
    # YaRN, no query compression, plain gates, two shared experts, tied head.
    "v3_yarn": (DeepseekV3ForCausalLM, DeepseekV3Config(
        **V3_COMMON, q_lora_rank=None, n_group=2, topk_group=1, num_experts_per_tok=2, n_shared_experts=2,
        norm_topk_prob=False, routed_scaling_factor=1.0, tie_word_embeddings=True, max_position_embeddings=163840,
        rope_theta=500.0, rope_scaling=dict(
            type="yarn", factor=40.0, original_max_position_embeddings=4096, beta_fast=32.0, beta_slow=1.0,
            mscale=0.707, mscale_all_dim=0.707))),
    # Grouped queries, biases on q, k, v, tied head.
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(
        vocab_size=40, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-6, rope_theta=10000.0,
        tie_word_embeddings=True, use_sliding_window=False, bos_token_id=None, eos_token_id=None,
        attn_implementation="eager")),
}  # fmt: skip


class StayDouble:
    """While active, the places where transformers casts to F32 keep the type of their input."""

    def __enter__(self):
        self.saved = [(owner, name, getattr(owner, name)) for owner, name in (
            (v3.DeepseekV3RMSNorm, "forward"), (v3.DeepseekV3TopkRouter, "forward"),
            (v3.DeepseekV3RotaryEmbedding, "forward"), (v3, "eager_attention_forward"),
            (qwen2.Qwen2RMSNorm, "forward"), (qwen2.Qwen2RotaryEmbedding, "forward"),
            (qwen2, "eager_attention_forward"))]  # fmt: skip

        def norm(self, x):
            return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))

        def router(self, x):
            scores = F.linear(x.view(-1, self.config.hidden_size), self.weight).sigmoid()
            indices = self.get_topk_indices(scores)
            weights = scores.gather(1, indices)
            if self.norm_topk_prob:
                weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-20)
            return indices, weights * self.routed_scaling_factor

        def rotary(self, x, position_ids):
            angles = position_ids[:, :, None].to(x.dtype) * self.inv_freq[None, None, :].to(x.dtype)
            angles = torch.cat((angles, angles), dim=-1)
            return angles.cos() * self.attention_scaling, angles.sin() * self.attention_scaling

        def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
            key = key.repeat_interleave(module.num_key_value_groups, dim=1)
            value = value.repeat_interleave(module.num_key_value_groups, dim=1)
            t = query.shape[2]
            scores = (query @ key.transpose(2, 3)) * scaling
            scores = scores.masked_fill(~torch.ones(t, t, dtype=torch.bool).tril(), float("-inf"))
            weights = scores.softmax(dim=-1)
            return (weights @ value).transpose(1, 2).contiguous(), weights

        for module, rms in ((v3, v3.DeepseekV3RMSNorm), (qwen2, qwen2.Qwen2RMSNorm)):
            rms.forward = norm
            module.eager_attention_forward = attention
        v3.DeepseekV3TopkRouter.forward = router
        v3.DeepseekV3RotaryEmbedding.forward = rotary
        qwen2.Qwen2RotaryEmbedding.forward = rotary

    def __exit__(self, *_):
        for owner, name, value in self.saved:
            setattr(owner, name, value)


def randomise(model, generator):
    """Larger than a usual start, so that no part of the network is close to silent."""
    for name, p in model.named_parameters():
        draw = torch.randn(p.shape, generator=generator)
        if name.endswith("norm.weight"):
            p.data.copy_(1 + 0.1 * draw)
        elif p.ndim == 1:
            p.data.copy_(0.1 * draw)
        else:
            p.data.copy_(draw * (0.5 if "embed" in name else p.shape[-1] ** -0.5))
    for name, b in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            b.copy_(0.2 * torch.rand(b.shape, generator=generator))


def check_selection(router, x):
    """No ties, and 0.0-masking picks what -inf-masking picks."""
    e, g = router.n_routed_experts, router.n_group
    scores = F.linear(x.reshape(-1, router.config.hidden_size), router.weight).sigmoid()
    choice = scores + router.e_score_correction_bias
    assert (choice > 0).all(), "a negative biased score would meet the masking trap"
    groups = choice.view(-1, g, e // g).topk(2, dim=-1)[0].sum(-1)
    sorted_groups = groups.sort(dim=-1, descending=True)[0]
    if router.topk_group < g:
        assert (sorted_groups[:, router.topk_group - 1] - sorted_groups[:, router.topk_group]).min() > 1e-4
    keep = torch.zeros_like(groups).scatter_(1, groups.topk(router.topk_group, dim=-1)[1], 1).bool()
    masked = choice.masked_fill(~keep.repeat_interleave(e // g, dim=1), float("-inf"))
    top = masked.sort(dim=-1, descending=True)[0]
    assert (top[:, router.top_k - 1] - top[:, router.top_k]).min() > 1e-4
    ours = masked.topk(router.top_k, dim=-1)[1].sort(dim=-1)[0]
    assert torch.equal(ours, router.get_topk_indices(scores).sort(dim=-1)[0])


def run(model, ids):
    model.zero_grad()
    logits = model(input_ids=ids, use_cache=False).logits
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))
    loss.backward()
    grads = {n: p.grad if p.grad is not None else torch.zeros_like(p) for n, p in model.named_parameters()}
    return logits.detach(), loss.detach(), {n: g.detach().clone() for n, g in grads.items()}


def worst(a, b):
    return ((a.double() - b.double()).abs().max() / b.double().abs().max().clamp_min(1e-30)).item()


def make(name, cls, config, seed):
    generator = torch.Generator().manual_seed(seed)
    model = cls(config).eval()
    randomise(model, generator)
    ids = torch.randint(0, config.vocab_size, (B, T), generator=generator)
    f32 = run(model, ids)
    weights = {n: t.detach().clone().contiguous() for n, t in model.state_dict().items()}
    if config.tie_word_embeddings:
        del weights["lm_head.weight"]

    model = model.double()
    hooks = [m.register_forward_pre_hook(lambda r, args: check_selection(r, args[0]))
             for m in model.modules() if isinstance(m, v3.DeepseekV3TopkRouter)]  # fmt: skip
    with StayDouble():
        logits, loss, grads = run(model, ids)
    for h in hooks:
        h.remove()
    noise = max([worst(f32[0], logits), worst(f32[1], loss)] + [worst(f32[2][n], g) for n, g in grads.items() if g.any()])
    assert noise < 2e-5, f"{name}: F32 and F64 differ by {noise}"

    decay = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    torch.optim.AdamW([{"params": decay}, {"params": rest, "weight_decay": 0.0}], **ADAMW).step()

    out = OUT / name
    out.mkdir(parents=True, exist_ok=True)
    expected = {"ids": ids.to(torch.int32), "logits": logits.float(), "loss": loss.float()}
    for n, p in model.named_parameters():
        expected["grad." + n] = grads[n].float().contiguous()
        expected["after." + n] = p.detach().float().contiguous()
    about = dict(transformers=transformers.__version__, seed=seed, adamw=ADAMW, decay="matrices only",
                 f32_noise=f"{noise:.1e}")  # fmt: skip
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    save_file(expected, out / "expected.safetensors", metadata={"about": json.dumps(about)})  # one key: several come in random order
    written = json.loads(config.to_json_string(use_diff=True))
    written["architectures"] = [cls.__name__]
    (out / "config.json").write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f"{name}: loss {loss.item():.6f}, {sum(p.numel() for p in model.parameters())} parameters, "
          f"F32 noise {noise:.1e}, {size} bytes")  # fmt: skip


def main():
    if transformers.__version__ != PINNED:
        raise SystemExit(f"transformers {transformers.__version__}, expected {PINNED}: pip install -r requirements.txt")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for seed, (name, (cls, config)) in enumerate(MODELS.items(), start=1):
        make(name, cls, config, seed)


if __name__ == "__main__":
    main()
