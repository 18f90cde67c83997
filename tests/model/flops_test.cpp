// Counts of multiply-adds against sums written out by hand.
#include "model/flops.h"

#include "model/layout.h"
#include "support/catch.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

TEST_CASE("the floor of a token is twice the weights that it meets") {
  const ModelConfig c = tiny_config();  // width 16, 2 layers of which 1 dense, 2 of 4 experts, latent 8 + 4
  const double attention = 2 * 10 * 16 + (8 + 4) * 16 + 2 * 6 * 8 + 2 * 5 * 8 + 16 * 10;  // q, kv, w_uk, w_uv, o
  const double norms = 2 * (16 + 16 + 8) + 16;
  const double dense = 3 * 20 * 16, moe = 4 * 16 + 3 * 6 * 16 * (1 + 2), head = 24 * 16;
  CHECK(forward_flops(c) == 2 * (2 * attention + norms + dense + moe + head));
  // MTP: a block of the second kind, the projection, three norms, the head again.
  CHECK(mtp_flops(c) == 2 * (attention + 16 + 16 + 8 + moe + 2 * 16 * 16 + 3 * 16 + head));
}

TEST_CASE("attention counts keys as they are multiplied: latents where absorbed, heads where expanded") {
  ModelConfig c = tiny_config();
  CHECK(attention_flops(c, 10) == 2 * 10 * 2 * ((8 + 4) + 8) * 2);
  CHECK(attention_backward_flops(c, 10) == 2 * 10 * 2 * (3 * (8 + 4) + 2 * 8) * 2);
  c.attn_form = "expanded";
  CHECK(attention_flops(c, 10) == 2 * 10 * 2 * ((6 + 4) + 5) * 2);
  // A document of 3 tokens: 1 + 2 + 3 keys in 2 layers and 1 MTP block.
  CHECK(document_training_flops(c, 3) ==
        9 * (forward_flops(c) + mtp_flops(c)) + (attention_flops(c, 6) + attention_backward_flops(c, 6)) * 1.5);
}
