#include "autograd/ops/attention.h"

#include "nn/rotary.h"
#include "support/catch.h"
#include "support/gradcheck.h"

using namespace r1;
using namespace r1_test;

namespace {

const std::vector<int32_t> kPositions{0, 1, 2, 3, 4, 0, 1};  // documents of 5 and 2 rows

struct Turns {
  Tensor table;
  ops::Rotary rotary;
  explicit Turns(bool interleave) {
    RotaryShape s;
    s.dim = 4, s.theta = 3, s.max_seq_len = 8;
    table = rotary_table(s);
    rotary = {table.data(), kPositions.data(), interleave};
  }
};

}  // namespace

TEST_CASE("rotate_heads, latent_key, absorbed_query: gradients, in both layouts of pairs [V3 Eq. 1-9]") {
  for (const bool interleave : {true, false}) {
    const Turns turns(interleave);
    for (const int64_t nope : {0, 3})
      gradcheck(
          {[&](Tape& t, const std::vector<Var>& in) { return ops::rotate_heads(t, in[0], 2, nope, 4, turns.rotary); },
           {random_tensor({7, 2 * (nope + 4)}, 2)}});
    ParamList norm;
    const Param& w = norm.add("norm", {6}, false);
    randomize(norm, 1, 0.3);
    gradcheck(
        {[&](Tape& t, const std::vector<Var>& in) { return ops::latent_key(t, in[0], w, real(1e-3), 4, turns.rotary); },
         {random_tensor({7, 10}, 2)},
         &norm});
    ParamList up;
    const Param& w_uk = up.add("w_uk", {2, 3, 6});
    randomize(up, 1);
    gradcheck(
        {[&](Tape& t, const std::vector<Var>& in) { return ops::absorbed_query(t, in[0], w_uk, 4, turns.rotary); },
         {random_tensor({7, 2 * 7}, 2)},
         &up});
  }
}

TEST_CASE("expanded_keys and expanded_values: gradients, also where both meet on one latent [V3 Eq. 2, 4, 5]") {
  ParamList p;
  const Param &w_uk = p.add("w_uk", {2, 3, 6}), &w_uv = p.add("w_uv", {2, 7, 6});
  randomize(p, 1);
  const std::vector<Tensor> latent{random_tensor({5, 10}, 2)};
  const auto keys = [&](Tape& t, const std::vector<Var>& in) { return ops::expanded_keys(t, in[0], w_uk, 4); };
  const auto values = [&](Tape& t, const std::vector<Var>& in) { return ops::expanded_values(t, in[0], w_uv); };
  gradcheck({keys, latent, &p});
  gradcheck({values, latent, &p});
  const std::vector<int32_t> cu{0, 5};
  gradcheck({[&](Tape& t, const std::vector<Var>& in) {
               return ops::attention(t, in[1], keys(t, in), values(t, in), {2, 2, 7, 7, real(0.4)}, cu);
             },
             {latent[0], random_tensor({5, 14}, 3)},
             &p});
}

TEST_CASE("attention: gradients of many heads, grouped heads, the latent form and shared prefixes [V3 Eq. 10]") {
  const std::vector<int32_t> cu{0, 5, 7}, three{0, 3, 5, 7}, behind{-1, 0, 0};
  for (const int64_t kv_heads : {4, 2, 1}) {
    const ops::AttentionShape s{4, kv_heads, 3, 5, real(0.6)};
    const std::vector<Tensor> qkv{random_tensor({7, 12}, 2), random_tensor({7, kv_heads * 3}, 3),
                                  random_tensor({7, kv_heads * 5}, 4)};
    gradcheck(
        {[&](Tape& t, const std::vector<Var>& in) { return ops::attention(t, in[0], in[1], in[2], s, cu); }, qkv});
    gradcheck(
        {[&](Tape& t, const std::vector<Var>& in) { return ops::attention(t, in[0], in[1], in[2], s, three, behind); },
         qkv});
  }
  const ops::AttentionShape latent{3, 1, 6, 4, real(0.6)};
  for (const bool shared : {false, true})
    gradcheck({[&](Tape& t, const std::vector<Var>& in) {
                 return shared ? ops::attention(t, in[0], in[1], nullptr, latent, three, behind)
                               : ops::attention(t, in[0], in[1], nullptr, latent, cu);
               },
               {random_tensor({7, 18}, 2), random_tensor({7, 6}, 3)}});
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  Var x = t.constant(random_tensor({7, 6}, 1));
  const std::vector<int32_t> two{-1, 0};
  CHECK_THROWS_WITH(ops::attention(t, x, x, x, {1, 1, 6, 6, 1}, three, two),
                    ContainsSubstring("2 prefixes for 3 documents"));
}
